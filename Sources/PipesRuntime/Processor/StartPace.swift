/// Whether a closure is started on the thread that hands it a row, as a value: that is cheap where
/// it soon waits or is done, and holds up all other rows where it computes for long.
struct StartPace {
    /// Nanoseconds that a closure may take there.
    static let quick = 50_000
    /// Rows after one that took longer that have tasks of their own from the start: few at first,
    /// since a busy machine may just have kept the thread, and more each time that the row after
    /// them takes long as well.
    static let rests = [15, 31, 63, 127, 255]

    private var rowsToRest = 0
    private var slowCount = 0

    /// Asked once for each call.
    mutating func startsAtOnce() -> Bool {
        if rowsToRest == 0 { return true }
        rowsToRest -= 1
        return false
    }

    /// A closure that was started at once waited or was done after so long.
    mutating func note(nanoseconds: Int) {
        guard nanoseconds > StartPace.quick else {
            slowCount = 0
            return
        }
        rowsToRest = StartPace.rests[min(slowCount, StartPace.rests.count - 1)]
        slowCount += 1
    }
}
