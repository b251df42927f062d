internal import Glibc
import Synchronization

/// Finds out where a processor blocks although it said that it never does: the threads that it runs
/// on are few, and others wait for them.
///
/// A call that lasts may be computing, which is no broken promise. So what counts is whether its
/// thread got anything done in the meantime, over two looks in a row: a busy machine holds a thread
/// up too, but not for so long.
final class BlockingWatch: Sendable {
    static let interval = Duration.milliseconds(100)

    private let context: NodeContext
    private let gate: ProcessorGate
    /// The clock of the thread that made the last call.
    private let threadClock = Atomic<clockid_t>(CLOCK_THREAD_CPUTIME_ID)
    private let state = Locked(State())

    /// What the last look saw.
    fileprivate struct State {
        var call: Int?
        var busy = Duration.zero
        var time = ContinuousClock.now
        /// How many looks in a row saw the call asleep.
        var looksAsleep = 0
        var isTold = false
    }

    init(_ context: NodeContext, _ gate: ProcessorGate) {
        self.context = context
        self.gate = gate
    }

    /// Before a call, on its thread.
    func begin() {
        var clock = clockid_t()
        if pthread_getcpuclockid(pthread_self(), &clock) == 0 {
            threadClock.store(clock, ordering: .relaxed)
        }
    }

    /// Every `interval`, from any thread.
    func look() {
        guard let call = gate.currentCall else { return }
        var time = timespec()
        guard clock_gettime(threadClock.load(ordering: .relaxed), &time) == 0,
            gate.currentCall == call
        else { return }
        let busy = Duration.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        let isBlocked = state.withLock { $0.note(call, busy: busy, now: ContinuousClock.now) }
        if isBlocked {
            context.reportMisuse(
                "said that it never blocks (PIPES_NONBLOCKING), but sleeps in a call; without "
                    + "that flag it has a thread of its own")
        }
    }
}

extension BlockingWatch.State {
    /// - Returns: whether it is to be told of this call: each one once.
    fileprivate mutating func note(
        _ call: Int, busy: Duration, now: ContinuousClock.Instant
    ) -> Bool {
        defer { (self.call, self.busy, time) = (call, busy, now) }
        guard call == self.call else {
            (looksAsleep, isTold) = (0, false)
            return false
        }
        let passed = time.duration(to: now)
        // A look that comes late was held up itself, as the call may have been.
        guard passed < BlockingWatch.interval * 2, busy - self.busy < passed / 20 else {
            looksAsleep = 0
            return false
        }
        looksAsleep += 1
        guard looksAsleep >= 2, !isTold else { return false }
        isTold = true
        return true
    }
}
