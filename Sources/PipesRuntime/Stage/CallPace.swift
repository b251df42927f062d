/// How many rows a map is given in one call, as a value: all of a batch where they pass quickly.
/// Where they don't, a call that takes long would hear of a cancel only when it is over, and what it
/// did would wait for that, so it is for few. It starts with one: how long a row takes is not known.
struct CallPace {
    static let smallest = 1
    /// More than any batch has.
    static let largest = 1 << 16
    /// Rows of a call from which on it is quick enough for a whole batch.
    static let enoughForAll = 64

    /// Nanoseconds a call takes: below, there are more rows in the next one; above, fewer.
    private let quick: Int
    private let slow: Int
    private(set) var rows = smallest

    /// - Parameter longestWait: nanoseconds that what a call did may wait for its end.
    init(longestWait: Int) {
        slow = longestWait
        quick = longestWait / 4
    }

    /// Rows that are worth taking, and sending on, together.
    var rowsAtOnce: Int { rows < CallPace.enoughForAll ? rows : Int.max }

    /// A call worked on so many rows, and took so long.
    /// - Parameters:
    ///   - byteCount: bytes that its results took.
    ///   - byteShare: bytes that the results of a call may take.
    mutating func note(
        rows done: Int, nanoseconds: Int, byteCount: Int = 0, byteShare: Int = Int.max
    ) {
        if byteCount > byteShare {
            rows = max(min(rows, done) / (byteCount / byteShare + 1), CallPace.smallest)
        } else if nanoseconds > slow {
            // A call that was longer by far is not tried at half its rows first.
            rows = max(min(rows / 2, max(done, 1) * slow / nanoseconds), CallPace.smallest)
        } else if nanoseconds < quick, done == rows, byteCount <= byteShare / 2 {
            rows = min(rows * 2, CallPace.largest)
        }
    }
}
