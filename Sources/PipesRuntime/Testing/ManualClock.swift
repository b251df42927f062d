import Dispatch

/// A clock for tests: it stands still while anything in the run can go on, and then jumps to the
/// next timer. An hour of ticks takes as long as its rows do, and comes out the same each time.
///
/// What waits for something else than this clock (a read, a task of a processor's own) holds it
/// still until that is over.
package final class ManualClock: RunClock {
    private struct State {
        var now: ContinuousClock.Instant
        var timers = Timers()
        var limit: ContinuousClock.Instant?
        var onLimit: @Sendable () -> Void = {}
        var wakefulness: Wakefulness?
    }

    private let state: Locked<State>
    /// Timers ring on it, so that whoever fell asleep last is not in the middle of that.
    private let queue = DispatchQueue(label: "pipes.manual-clock")
    package let start: ContinuousClock.Instant

    /// - Parameters:
    ///   - limit: how far it goes before `onLimit` is called, once all that is due until then has
    ///     happened; nil: no end.
    package init(limit: Duration? = nil, onLimit: @escaping @Sendable () -> Void = {}) {
        start = .now
        state = Locked(
            State(now: start, limit: limit.map { [start] in start + $0 }, onLimit: onLimit))
    }

    package var now: ContinuousClock.Instant { state.withLock { $0.now } }

    package func start(
        at due: ContinuousClock.Instant, isAwaited: Bool, _ ring: @escaping @Sendable () -> Void
    ) -> UInt64 {
        let id = state.withLock { state in
            state.timers.add(Timers.Timer(due: due, isAwaited: isAwaited, ring: ring))
        }
        // Whoever was waited for may be asleep already.
        advanceWhenIdle()
        return id
    }

    package func stop(_ timer: UInt64) -> Bool { state.withLock { $0.timers.remove(timer) } }

    package func follow(_ wakefulness: Wakefulness) {
        state.withLock { $0.wakefulness = wakefulness }
        wakefulness.whenStagesSleep { [weak self] in self?.advanceWhenIdle() }
    }

    private func advanceWhenIdle() {
        queue.async { self.advance() }
    }

    /// One timer at a time, so that all that comes of it is over before the next one.
    private func advance() {
        guard let wakefulness = state.withLock({ $0.wakefulness }) else { return }
        let underWay = wakefulness.outsideWhileAsleep
        guard let underWay, underWay > 0 else { return }
        let ring: (@Sendable () -> Void)? = state.withLock { state in
            guard state.timers.awaitedCount >= underWay, let due = state.timers.nextDue() else {
                return nil
            }
            if let limit = state.limit, due > limit {
                state.limit = nil
                state.now = max(state.now, limit)
                return state.onLimit
            }
            state.now = max(state.now, due)
            return state.timers.popDue(state.now)?.ring
        }
        guard let ring else { return }
        ring()
        // A ring that nobody listens to any longer puts nobody to sleep either.
        advanceWhenIdle()
    }
}
