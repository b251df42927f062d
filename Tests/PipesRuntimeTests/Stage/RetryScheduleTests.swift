import PipesCore
import Testing

@testable import PipesRuntime

@Suite("The pause before a retry") struct RetryScheduleTests {
    private static let retry = NodeProperties.Retry(
        max: 9, shortestPause: .milliseconds(50), longestPause: .seconds(1))

    @Test("doubles up to the longest", arguments: zip(1...7, [50, 100, 200, 400, 800, 1000, 1000]))
    func doubling(attempt: Int, milliseconds: Int) {
        #expect(Self.retry.pause(before: attempt, jitter: 1) == .milliseconds(milliseconds))
    }

    @Test("is shortened by the jitter, and never made longer", arguments: [0, 0.25, 0.5, 1])
    func jitter(part: Double) {
        #expect(Self.retry.pause(before: 3, jitter: part) == .milliseconds(200) * part)
    }

    @Test("is no more than the longest, whatever the first is and however often it failed")
    func extremes() {
        let pauses: [Duration] = [.zero, .nanoseconds(1), .seconds(1), .seconds(1 << 40)]
        for shortest in pauses {
            for longest in pauses {
                let retry = NodeProperties.Retry(
                    max: .max, shortestPause: shortest, longestPause: longest)
                for attempt in [1, 2, 30, 1000, Int.max] {
                    let pause = retry.pause(before: attempt, jitter: 1)
                    #expect(pause >= min(shortest, longest) && pause <= longest)
                    if attempt >= 1000, shortest > .zero { #expect(pause == longest) }
                }
            }
        }
    }
}
