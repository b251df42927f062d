import Dispatch
import Glibc

/// Time as a run sees it: that of its pauses and timeouts, and of the timers of plugins.
package protocol RunClock: AnyObject, Sendable {
    var now: ContinuousClock.Instant { get }

    /// Calls `ring` once the instant has come, from a thread of the clock; it must not wait. Rings
    /// may come late, never early.
    /// - Parameter isAwaited: whether something that the run counts as under way waits for it.
    /// - Returns: its number, never 0.
    func start(
        at due: ContinuousClock.Instant, isAwaited: Bool, _ ring: @escaping @Sendable () -> Void
    ) -> UInt64

    /// - Returns: whether it was stopped before it rang, so that it never will.
    func stop(_ timer: UInt64) -> Bool

    /// Told by the run that goes by this clock, before it starts.
    func follow(_ wakefulness: Wakefulness)
}

/// The clock that nobody sets, for all runs of the process.
///
/// `@unchecked Sendable`: Dispatch does not say that its sources may be used from any thread, which
/// they may; `alarm` is only set under the lock of `timers`.
final class SystemClock: RunClock, @unchecked Sendable {
    static let shared = SystemClock()

    private let timers = Locked(Timers())
    private let alarm: any DispatchSourceTimer

    private init() {
        alarm = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "pipes.clock"))
        alarm.setEventHandler { [unowned self] in ringDue() }
        alarm.activate()
    }

    var now: ContinuousClock.Instant { .now }

    func follow(_ wakefulness: Wakefulness) {}

    func start(
        at due: ContinuousClock.Instant, isAwaited: Bool, _ ring: @escaping @Sendable () -> Void
    ) -> UInt64 {
        timers.withLock { timers in
            let former = timers.nextDue()
            let id = timers.add(Timers.Timer(due: due, isAwaited: isAwaited, ring: ring))
            // Under the lock, or an alarm for a later one could be set last.
            if former.map({ due < $0 }) ?? true { setAlarm(due) }
            return id
        }
    }

    func stop(_ timer: UInt64) -> Bool { timers.withLock { $0.remove(timer) } }

    private func ringDue() {
        while true {
            let due = timers.withLock { timers in
                let now = ContinuousClock.now
                var due: [Timers.Timer] = []
                while let timer = timers.popDue(now) { due.append(timer) }
                return due
            }
            if due.isEmpty { break }
            for timer in due { timer.ring() }
        }
        timers.withLock { timers in
            if let due = timers.nextDue() { setAlarm(due) }
        }
    }

    private func setAlarm(_ due: ContinuousClock.Instant) {
        // One more than what is cut off by whole nanoseconds, so that it never rings early.
        let pause = ContinuousClock.now.duration(to: due) + .nanoseconds(1)
        alarm.schedule(deadline: .now() + .nanoseconds(max(0, pause.nanoseconds)))
    }
}

/// Time for measuring, as a plain number: it is read twice for each batch and node.
enum MonotonicTime {
    /// Since some moment in the past.
    static var nanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }
}

extension Duration {
    /// Whole nanoseconds; as many as an Int can hold.
    package var nanoseconds: Int {
        let (seconds, attoseconds) = components
        let (scaled, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if isTooLong { return seconds < 0 ? Int.min : Int.max }
        let (sum, overflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow ? Int.max : Int(sum)
    }

    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
