internal import Glibc
import Synchronization

/// Finds out where a processor blocks although it said that it never does: the threads that it runs
/// on are few, and others wait for them.
///
/// A call that lasts may be computing, or be held up by a busy machine, which is no broken promise.
/// So what counts is that its thread sleeps, and got next to nothing done in the meantime, over two
/// looks in a row.
final class BlockingWatch: Sendable {
    static let interval = Duration.milliseconds(100)

    private let context: NodeContext
    private let mark: CallMark
    private let advice: String
    /// The clock of the thread that made the last call.
    private let threadClock = Atomic<clockid_t>(CLOCK_THREAD_CPUTIME_ID)
    private let state = Locked(State())

    /// What the last look saw.
    struct State {
        var call: Int?
        var busy = Duration.zero
        var time = ContinuousClock.now
        /// How many looks in a row saw the call asleep.
        var looksAsleep = 0
        var isTold = false
    }

    init(_ context: NodeContext, _ mark: CallMark, advice: String) {
        self.advice = advice
        self.context = context
        self.mark = mark
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
        guard let call = mark.currentCall else { return }
        var time = timespec()
        let clock = threadClock.load(ordering: .relaxed)
        let isAsleep = BlockingWatch.isAsleep(threadOf: clock)
        guard clock_gettime(clock, &time) == 0, mark.currentCall == call else { return }
        let busy = Duration.seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        let isBlocked = state.withLock {
            $0.note(call, isAsleep: isAsleep, busy: busy, now: ContinuousClock.now)
        }
        if isBlocked {
            context.reportMisuse(advice)
        }
    }
}

extension BlockingWatch {
    /// Whether a thread waits for something else than a core. Linux says so in /proc (proc(5),
    /// `stat`), by the thread's number, which is the complement of the upper bits of its clock
    /// (include/linux/posix-timers.h).
    private static func isAsleep(threadOf clock: clockid_t) -> Bool {
        let file = open("/proc/self/task/\(~(clock >> 3))/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        // The state is the letter behind the name, which is in parentheses and at most 15 long.
        var text = [UInt8](repeating: 0, count: 64)
        let count = read(file, &text, text.count)
        guard count > 0, let end = text[..<count].lastIndex(of: UInt8(ascii: ")")),
            end + 2 < count
        else { return false }
        return [UInt8(ascii: "S"), UInt8(ascii: "D")].contains(text[end + 2])
    }
}

extension BlockingWatch.State {
    /// - Returns: whether it is to be told of this call: each one once.
    mutating func note(
        _ call: Int, isAsleep: Bool, busy: Duration, now: ContinuousClock.Instant
    ) -> Bool {
        defer { (self.call, self.busy, time) = (call, busy, now) }
        guard call == self.call else {
            (looksAsleep, isTold) = (0, false)
            return false
        }
        let passed = time.duration(to: now)
        // A look that comes late was held up itself, as the call may have been.
        guard isAsleep, passed < BlockingWatch.interval * 2, busy - self.busy < passed / 20 else {
            looksAsleep = 0
            return false
        }
        looksAsleep += 1
        guard looksAsleep >= 2, !isTold else { return false }
        isTold = true
        return true
    }
}
