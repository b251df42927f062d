import Testing

@testable import PipesRuntime

@Suite("The clock of tests")
struct ManualClockTests {
    /// What has rung, and how late it was then.
    private final class Rings: Sendable {
        private let all = Locked<[String]>([])
        private let signal = Signal()

        func add(_ name: String) {
            all.withLock { $0.append(name) }
            signal.raise()
        }

        var names: [String] { all.withLock { $0 } }

        func wait() async { await signal.wait() }
    }

    @Test("jumps to the next timer once all stages sleep, and never while one is awake")
    func jumps() async throws {
        let wakefulness = Wakefulness {}
        let clock = ManualClock()
        clock.follow(wakefulness)
        let rings = Rings()
        wakefulness.wake()
        for (name, seconds) in [("late", 3600), ("soon", 60)] {
            wakefulness.beginOutside()
            _ = clock.start(at: clock.start + .seconds(seconds), isAwaited: true) {
                rings.add("\(name) \(clock.start.duration(to: clock.now).components.seconds)")
                wakefulness.endOutside()
            }
        }
        #expect(clock.now == clock.start)
        wakefulness.sleep()
        try await within { [rings] in
            await rings.wait()
            await rings.wait()
        }
        #expect(rings.names == ["soon 60", "late 3600"])
    }

    @Test("stands still while something is under way that waits for something else")
    func standsStill() async throws {
        let wakefulness = Wakefulness {}
        let clock = ManualClock()
        clock.follow(wakefulness)
        let rings = Rings()
        // A timer that is awaited, and a call that is not.
        wakefulness.beginOutside()
        wakefulness.beginOutside()
        let timer = clock.start(at: clock.start + .seconds(1), isAwaited: true) { rings.add("one") }
        wakefulness.wake()
        wakefulness.sleep()
        #expect(clock.now == clock.start)
        wakefulness.endOutside()
        try await within { [rings] in await rings.wait() }
        #expect(rings.names == ["one"])
        #expect(!clock.stop(timer))
    }

    @Test("says when its limit has come, after all that is due until then")
    func limit() async throws {
        let wakefulness = Wakefulness {}
        let rings = Rings()
        let clock = ManualClock(limit: .seconds(60)) { rings.add("limit") }
        clock.follow(wakefulness)
        for seconds in [61, 60] {
            wakefulness.beginOutside()
            _ = clock.start(at: clock.start + .seconds(seconds), isAwaited: true) {
                rings.add("\(seconds)")
                wakefulness.endOutside()
            }
        }
        wakefulness.wake()
        wakefulness.sleep()
        try await within { [rings] in for _ in 0..<3 { await rings.wait() } }
        #expect(rings.names == ["60", "limit", "61"])
    }
}

@Suite("Timers")
struct TimersTests {
    private let start = ContinuousClock.now

    private func timer(_ seconds: Double) -> Timers.Timer {
        Timers.Timer(due: start + .seconds(seconds), isAwaited: seconds > 1) {}
    }

    @Test("come in the order in which they are due, and of those that are due together in theirs")
    func order() {
        var timers = Timers()
        var generator = SeededGenerator(seed: 3)
        var expected: [(Double, UInt64)] = []
        for _ in 0..<500 {
            let due = Double(Int.random(in: 0..<50, using: &generator))
            expected.append((due, timers.add(timer(due))))
        }
        for (due, id) in expected where id % 3 == 0 {
            let (isRemoved, isRemovedAgain) = (timers.remove(id), timers.remove(id))
            #expect(isRemoved && !isRemovedAgain, "\(due)")
        }
        let left = expected.filter { $0.1 % 3 != 0 }.sorted { $0 < $1 }
        #expect(timers.awaitedCount == left.count { $0.0 > 1 })
        var popped: [ContinuousClock.Instant] = []
        while let timer = timers.popDue(start + .seconds(100)) { popped.append(timer.due) }
        #expect(popped == left.map { start + .seconds($0.0) })
        #expect(timers.isEmpty && timers.awaitedCount == 0)
    }

    @Test("that are not due stay")
    func notDue() {
        var timers = Timers()
        _ = timers.add(timer(5))
        let early = timers.popDue(start + .seconds(4))
        #expect(early?.due == nil)
        let due = timers.nextDue()
        #expect(due == start + .seconds(5))
        let popped = timers.popDue(start + .seconds(5))
        #expect(popped?.due == start + .seconds(5))
        let next = timers.nextDue()
        #expect(next == nil)
    }
}
