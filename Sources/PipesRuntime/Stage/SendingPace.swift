/// When what a node has done of a batch is sent on although there is more of it, as a value: before
/// it would have waited for too long, or once it takes its share of the bytes that
/// the edges behind hold.
struct SendingPace {
    /// Nanoseconds that a result waits for those behind it.
    private let longestWait: Int
    /// Bytes that are sent on together.
    let byteShare: Int
    private var waited = 0
    /// What the next call may take, after those before it.
    private var expected = 0
    private var byteCount = 0

    init(byteShare: Int, longestWait: Int) {
        self.byteShare = byteShare
        self.longestWait = longestWait
    }

    /// Whether what is done should leave before the next call, which may take as long as one of the
    /// last did.
    var isDue: Bool { waited + expected > longestWait || byteCount >= byteShare }

    /// A call took so long.
    /// - Parameter byteCount: of all that is done and was not sent on.
    mutating func note(nanoseconds: Int, byteCount: Int) {
        waited += nanoseconds
        expected = max(nanoseconds, expected / 2)
        self.byteCount = byteCount
    }

    /// All that is done was sent on.
    mutating func noteSent() {
        waited = 0
        byteCount = 0
    }
}
