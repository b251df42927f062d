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

    /// Whether the next wait will return at once.
    var isRung: Bool {
        state.withLock { state in
            if case .rung = state { return true }
            return false
        }
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

/// How many stages are awake, and how much is under way outside the graph that will wake one (a
/// deferred call, a pause). When there is neither, nothing can wake any of them again: a deadlock,
/// or the end.
package final class Wakefulness: Sendable {
    private struct Counts {
        var stages = 0
        var outside = 0
    }

    private let counts = Locked(Counts())
    private let onAllAsleep: @Sendable () -> Void
    /// For clocks that go on when all stages sleep.
    private let onStagesAsleep = Locked<(@Sendable () -> Void)?>(nil)

    init(onAllAsleep: @escaping @Sendable () -> Void) {
        self.onAllAsleep = onAllAsleep
    }

    /// A stage has woken up.
    func wake() { counts.withLock { $0.stages += 1 } }

    /// A stage has fallen asleep, or ended.
    func sleep() { change { $0.stages -= 1 } }

    /// Something outside is under way, and will wake a stage.
    func beginOutside() { counts.withLock { $0.outside += 1 } }

    /// It is over, and the stage is awake, or was given up.
    func endOutside() { change { $0.outside -= 1 } }

    /// What is under way outside, where no stage is awake; else nil.
    var outsideWhileAsleep: Int? { counts.withLock { $0.stages == 0 ? $0.outside : nil } }

    /// - Parameter body: called, on any thread, each time that all stages sleep while something
    ///   outside is under way.
    func whenStagesSleep(_ body: @escaping @Sendable () -> Void) {
        onStagesAsleep.withLock { $0 = body }
    }

    private func change(_ body: (inout Counts) -> Void) {
        let left = counts.withLock { counts in
            body(&counts)
            return counts
        }
        guard left.stages == 0 else { return }
        if left.outside == 0 { onAllAsleep() } else { onStagesAsleep.withLock { $0 }?() }
    }
}
