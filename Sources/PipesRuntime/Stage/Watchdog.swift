import Dispatch

/// Interrupts a call that blocks for longer than its node's timeout. A call that does not heed that
/// can't be taken its thread away from: after a grace it is told, and stops the run.
final class Watchdog: Sendable {
    private let limit: Duration
    private let grace: Duration
    private let gate: ProcessorGate
    private let onStuck: @Sendable () -> Void
    /// Whether a call is in progress, and the number of the last one.
    private let current = Locked((running: false, number: 0))

    init(
        _ limit: Duration, grace: Duration, _ gate: ProcessorGate,
        onStuck: @escaping @Sendable () -> Void
    ) {
        self.limit = limit
        self.grace = grace
        self.gate = gate
        self.onStuck = onStuck
    }

    /// - Parameter delay: how much of the time is already spent.
    /// - Returns: what the call came to, and whether it took too long.
    func watch<Result>(
        after delay: Duration, _ body: () -> Result
    ) -> (result: Result, isLate: Bool) {
        let limit = limit - delay
        let number = current.withLock { current in
            current = (true, current.number + 1)
            return current.number
        }
        // What blocks a thread does so by the clock on the wall.
        let start = ContinuousClock.now
        let alarms = [
            alarm(after: limit, number) { [gate] in gate.interrupt() },
            alarm(after: limit + grace, number, onStuck),
        ]
        let result = body()
        for alarm in alarms { alarm.cancel() }
        current.withLock { $0.running = false }
        return (result, start.duration(to: .now) > limit)
    }

    /// Does something later, where the call of that number is still in progress then.
    private func alarm(
        after pause: Duration, _ number: Int, _ body: @escaping @Sendable () -> Void
    ) -> DispatchWorkItem {
        let alarm = DispatchWorkItem { [self] in
            if current.withLock({ $0.running && $0.number == number }) { body() }
        }
        DispatchQueue.global().asyncAfter(
            deadline: .now() + .nanoseconds(pause.nanoseconds), execute: alarm)
        return alarm
    }
}
