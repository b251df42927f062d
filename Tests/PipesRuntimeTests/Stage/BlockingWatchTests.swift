import Testing

@testable import PipesRuntime

@Suite("The watch for calls that block") struct BlockingWatchTests {
    /// What a look saw: the number of the call, and for how many of the 100 ms since the last look
    /// its thread was busy.
    struct Look: Sendable {
        var call: Int
        var busy: Int
        /// Milliseconds since the last look.
        var after = 100
        var isAsleep = true
    }

    @Test(
        "tells of a call once its thread has slept through two looks, and once",
        arguments: [
            ([Look(call: 1, busy: 0)], []),
            ([Look(call: 1, busy: 0), Look(call: 1, busy: 0)], []),
            (Array(repeating: Look(call: 1, busy: 0), count: 6), [2]),
            // Each call for itself.
            ((1...9).map { Look(call: $0, busy: 0) }, []),
            ((0..<8).map { Look(call: $0 / 4, busy: 0) }, [2, 6]),
            // It computes.
            (Array(repeating: Look(call: 1, busy: 100), count: 6), []),
            // It would compute if there were a core for it.
            (Array(repeating: Look(call: 1, busy: 0, isAsleep: false), count: 6), []),
            // A busy machine lets its thread run now and then.
            (Array(repeating: Look(call: 1, busy: 6), count: 6), []),
            ((0..<6).map { Look(call: 1, busy: $0 % 2 * 50) }, []),
            // The watch itself was held up, as by a laptop that was closed.
            (Array(repeating: Look(call: 1, busy: 0, after: 5000), count: 6), []),
        ] as [([Look], [Int])])
    func looks(_ looks: [Look], told: [Int]) {
        var state = BlockingWatch.State()
        var now = ContinuousClock.now
        var busy = Duration.zero
        var news: [Int] = []
        for (index, look) in looks.enumerated() {
            now += .milliseconds(look.after)
            busy += .milliseconds(look.busy)
            let isTold = state.note(
                look.call, isAsleep: look.isAsleep, busy: busy, now: now)
            if isTold { news.append(index) }
        }
        #expect(news == told)
    }
}
