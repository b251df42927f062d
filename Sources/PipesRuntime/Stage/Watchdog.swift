import Dispatch

/// Interrupts a call that blocks for longer than its node's timeout.
final class Watchdog: Sendable {
    private let limit: Duration
    private let gate: ProcessorGate
    /// The number of the call in progress; 0 between calls.
    private let current = Locked((running: false, number: 0))

    init(_ limit: Duration, _ gate: ProcessorGate) {
        self.limit = limit
        self.gate = gate
    }

    /// - Returns: what the call came to, and whether it took too long.
    func watch<Result>(
        _ clock: any RunClock, _ body: () -> Result
    ) -> (result: Result, isLate: Bool) {
        let number = current.withLock { current in
            current = (true, current.number + 1)
            return current.number
        }
        let alarm = DispatchWorkItem { [self] in
            let isStillIn = current.withLock { $0.running && $0.number == number }
            if isStillIn { gate.interrupt() }
        }
        let start = clock.now
        DispatchQueue.global().asyncAfter(
            deadline: .now() + .nanoseconds(limit.nanoseconds), execute: alarm)
        let result = body()
        alarm.cancel()
        current.withLock { $0.running = false }
        return (result, start.duration(to: clock.now) > limit)
    }
}
