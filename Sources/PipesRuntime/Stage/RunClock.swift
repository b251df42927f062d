import Dispatch

/// Time as the runtime sees it: a pause ends with a ring.
protocol RunClock: Sendable {
    var now: ContinuousClock.Instant { get }

    /// Rings once the instant has come, from any thread. Rings may come late, never early.
    func ring(_ doorbell: Doorbell, at instant: ContinuousClock.Instant)
}

struct SystemClock: RunClock {
    private let queue = DispatchQueue(label: "pipes.clock")
    let wakefulness: Wakefulness?

    var now: ContinuousClock.Instant { .now }

    func ring(_ doorbell: Doorbell, at instant: ContinuousClock.Instant) {
        // A stage in a pause counts as awake: something will wake it.
        wakefulness?.wake()
        let pause = ContinuousClock.now.duration(to: instant)
        let nanoseconds = max(0, pause.nanoseconds)
        queue.asyncAfter(deadline: .now() + .nanoseconds(nanoseconds)) { [wakefulness] in
            doorbell.ring()
            wakefulness?.sleep()
        }
    }
}

extension Duration {
    /// Whole nanoseconds; as many as an Int can hold.
    var nanoseconds: Int {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? Int.max : Int(scaled) + Int(attoseconds / 1_000_000_000)
    }

    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
