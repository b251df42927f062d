import Dispatch

/// Time as the runtime sees it: a pause ends with a ring.
protocol RunClock: Sendable {
    var now: ContinuousClock.Instant { get }

    /// Rings once the instant has come, from any thread. Rings may come late, never early.
    /// - Parameter keepsAwake: whether the stage counts as awake until then, since nothing else
    ///   will wake it.
    func ring(_ doorbell: Doorbell, at instant: ContinuousClock.Instant, keepsAwake: Bool)
}

struct SystemClock: RunClock {
    private let queue = DispatchQueue(label: "pipes.clock")
    let wakefulness: Wakefulness?

    var now: ContinuousClock.Instant { .now }

    func ring(_ doorbell: Doorbell, at instant: ContinuousClock.Instant, keepsAwake: Bool) {
        let wakefulness = keepsAwake ? wakefulness : nil
        wakefulness?.wake()
        // One more than what is cut off by whole nanoseconds, so that it never rings early.
        let pause = ContinuousClock.now.duration(to: instant) + .nanoseconds(1)
        queue.asyncAfter(deadline: .now() + .nanoseconds(max(0, pause.nanoseconds))) {
            doorbell.ring()
            wakefulness?.sleep()
        }
    }
}

extension Duration {
    /// Whole nanoseconds; as many as an Int can hold.
    var nanoseconds: Int {
        let (seconds, attoseconds) = components
        let (scaled, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if isTooLong { return seconds < 0 ? Int.min : Int.max }
        let (sum, overflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow ? Int.max : Int(sum)
    }

    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
