/// How many rows are let into an edge whose size nobody has set, as a value: what its reader works
/// off in a quarter of a second, so that what waits there is finished soon after a stop.
///
/// It starts with few rows and grows while the reader takes them quickly: how long a row takes is
/// not known before the first was worked on.
struct ReaderPace {
    /// Nanoseconds that the reader may need for what waits.
    static let span = 250_000_000
    /// Rows that are let in before anything is known of the reader.
    static let first = 8
    /// More than any edge holds.
    static let largest = 1 << 24

    private(set) var rows = first
    /// What the reader took last, and when; nil once it has come back for more.
    private var taken: (rows: Int, time: Int)?

    /// Whether the time of the next look of the reader is of interest.
    var isWaitingForReader: Bool { taken != nil }

    /// The reader is back for more.
    /// - Parameters:
    ///   - items: the rows that it takes; 0 where it finds none.
    ///   - now: nanoseconds on any steady clock.
    mutating func noteTaking(_ items: Int, now: Int) {
        if let taken {
            let passed = max(1, now - taken.time)
            let (product, overflow) = taken.rows.multipliedReportingOverflow(by: ReaderPace.span)
            let affordable = overflow ? ReaderPace.largest : max(1, product / passed)
            rows = min(max(rows, taken.rows * 2), affordable, ReaderPace.largest)
        }
        taken = items > 0 ? (items, now) : nil
    }
}
