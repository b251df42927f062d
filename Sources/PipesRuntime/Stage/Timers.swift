/// What is to happen when, as a value: the earliest first, and of those that are due together the
/// one that was added first.
struct Timers {
    struct Timer {
        var due: ContinuousClock.Instant
        /// Whether something that is counted as under way waits for it.
        var isAwaited: Bool
        var ring: @Sendable () -> Void
    }

    private var timers = DueQueue<Timer>()
    private(set) var awaitedCount = 0

    var isEmpty: Bool { timers.isEmpty }

    /// - Returns: its number, never 0.
    mutating func add(_ timer: Timer) -> UInt64 {
        if timer.isAwaited { awaitedCount += 1 }
        return timers.add(timer, at: timer.due)
    }

    /// - Returns: false where it has rung, or never was.
    mutating func remove(_ id: UInt64) -> Bool {
        guard let timer = timers.remove(id) else { return false }
        if timer.isAwaited { awaitedCount -= 1 }
        return true
    }

    /// When the next one is due.
    func nextDue() -> ContinuousClock.Instant? { timers.nextDue }

    /// Takes the next one out if it is due.
    mutating func popDue(_ now: ContinuousClock.Instant) -> Timer? {
        guard let timer = timers.popDue(now) else { return nil }
        if timer.isAwaited { awaitedCount -= 1 }
        return timer
    }
}
