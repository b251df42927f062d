import Testing

@testable import PipesRuntime

@Suite("The pace of a source")
struct SourcePaceTests {
    /// Asks every `interval` nanoseconds, each time answered with a part of what was asked for.
    private func asked(_ times: Int, every interval: Int, part: Int = 1) -> [Int] {
        var pace = SourcePace()
        return (0..<times).map { turn in
            let rows = pace.next(now: turn * interval)
            pace.note(rows: rows / part, of: rows)
            return rows
        }
    }

    @Test("batches grow up to the largest where rows pass quickly")
    func quick() { #expect(asked(5, every: 50_000) == [256, 512, 1024, 1024, 1024]) }

    @Test("they stay small where rows take their time, or the source has no more")
    func slow() {
        #expect(asked(3, every: 1_000_000) == [256, 256, 256])
        #expect(asked(3, every: 50_000, part: 2) == [256, 256, 256])
    }

    @Test("they stay what they are in between, and shrink once rows get slow")
    func change() {
        var pace = SourcePace()
        var now = 0
        var asked: [Int] = []
        for interval in [0, 10_000, 10_000, 200_000, 500_000, 200_000, 500_000, 500_000] {
            now += interval
            let rows = pace.next(now: now)
            pace.note(rows: rows, of: rows)
            asked.append(rows)
        }
        #expect(asked == [256, 512, 1024, 1024, 512, 512, 256, 256])
    }
}
