/// What a stage sleeps on. Whoever changes something that the stage may be waiting for (a batch
/// arrived, room came free, a deferred call was completed, a pause is over) rings; the stage then
/// looks at everything again. A ring is never lost: one that comes while the stage is awake makes
/// its next wait return at once. One ring too many costs a look and nothing else.
final class Doorbell: Sendable {
    private enum State {
        case quiet
        case rung
        case waiting(UnsafeContinuation<Void, Never>)
    }

    private let state = Locked(State.quiet)
    /// Counts the stages that are awake, so that a run in which all sleep for ever is noticed.
    private let wakefulness: Wakefulness?

    init(wakefulness: Wakefulness? = nil) {
        self.wakefulness = wakefulness
    }

    /// Any thread.
    func ring() {
        let sleeper: UnsafeContinuation<Void, Never>? = state.withLock { state in
            switch state {
            case .waiting(let continuation):
                // Counted as awake before anybody can see it asleep with work to do.
                wakefulness?.wake()
                state = .quiet
                return continuation
            case .quiet, .rung:
                state = .rung
                return nil
            }
        }
        sleeper?.resume()
    }

    /// Returns once it was rung. One waiter only.
    func wait() async {
        await withUnsafeContinuation { continuation in
            let isRung = state.withLock { state in
                if case .rung = state {
                    state = .quiet
                    return true
                }
                state = .waiting(continuation)
                return false
            }
            if isRung {
                continuation.resume()
            } else {
                wakefulness?.sleep()
            }
        }
    }
}

/// How many stages are awake, or wait for something outside the graph (a deferred call, a pause).
/// When the last one falls asleep, nothing inside the run can wake any of them again: a deadlock,
/// or the end.
final class Wakefulness: Sendable {
    private let awake: Locked<Int>
    private let onAllAsleep: @Sendable () -> Void

    init(onAllAsleep: @escaping @Sendable () -> Void) {
        awake = Locked(0)
        self.onAllAsleep = onAllAsleep
    }

    func wake() { awake.withLock { $0 += 1 } }

    func sleep() {
        let left = awake.withLock {
            $0 -= 1
            return $0
        }
        if left == 0 { onAllAsleep() }
    }
}
