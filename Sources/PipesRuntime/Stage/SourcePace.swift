/// How many rows a source is asked for at once, as a value: what a batch costs beside its rows is
/// shared by more of them where they pass quickly, and where they don't, rows come in small batches,
/// so that nobody waits long for one to end.
struct SourcePace {
    static let smallest = 256
    static let largest = 1024
    /// Nanoseconds from one batch to the next: below, batches grow; above, they shrink.
    static let quick = 100_000
    static let slow = 400_000

    private(set) var rows = smallest
    private var lastAsked: Int?
    private var wasAnsweredInFull = false

    /// It is about to be asked.
    /// - Parameter now: nanoseconds on any steady clock.
    /// - Returns: for how many rows at most.
    mutating func next(now: Int) -> Int {
        defer {
            lastAsked = now
            wasAnsweredInFull = false
        }
        guard let lastAsked else { return rows }
        let passed = now - lastAsked
        if passed > SourcePace.slow {
            rows = max(rows / 2, SourcePace.smallest)
        } else if passed < SourcePace.quick, wasAnsweredInFull {
            rows = min(rows * 2, SourcePace.largest)
        }
        return rows
    }

    /// It brought so many rows of those that it was asked for.
    mutating func note(rows: Int, of demand: Int) { wasAnsweredInFull = rows >= demand }
}
