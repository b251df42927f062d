/// How many rows a map is given in one call, as a value: all of a batch where they pass quickly.
/// Where they don't, a call that takes long would hear of a cancel only when it is over, so it is
/// for few.
struct CallPace {
    static let smallest = 1
    static let first = 16
    /// More than any batch has.
    static let largest = 1 << 16
    /// Nanoseconds a call takes: below, there are more rows in the next one; above, fewer.
    static let quick = 250_000
    static let slow = 1_000_000

    private(set) var rows = first

    /// A call worked on so many rows, and took so long.
    mutating func note(rows done: Int, nanoseconds: Int) {
        if nanoseconds > CallPace.slow {
            rows = max(rows / 2, CallPace.smallest)
        } else if nanoseconds < CallPace.quick, done == rows {
            rows = min(rows * 2, CallPace.largest)
        }
    }
}
