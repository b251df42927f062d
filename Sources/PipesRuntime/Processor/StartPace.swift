/// Whether a closure is started on the thread that hands it a row, as a value: that is cheap where
/// it soon waits or is done, and holds up all other rows where it computes for long.
struct StartPace {
    /// Nanoseconds that a closure may take there.
    static let quick = 50_000
    /// Rows after one that took longer that have tasks of their own from the start.
    static let rest = 255

    private var rowsToRest = 0

    /// Asked once for each row.
    mutating func startsAtOnce() -> Bool {
        if rowsToRest == 0 { return true }
        rowsToRest -= 1
        return false
    }

    /// A closure that was started at once waited or was done after so long.
    mutating func note(nanoseconds: Int) {
        if nanoseconds > StartPace.quick { rowsToRest = StartPace.rest }
    }
}
