import Testing

@testable import PipesRuntime

@Suite("The pace of calls that take whole batches")
struct BatchPaceTests {
    /// The rows of calls that each take so long.
    private func rows(
        of count: Int, atHand: Int = Int.max, _ nanoseconds: (Int) -> Int
    ) -> [Int] {
        var pace = BatchPace(longestWait: 1_000_000)
        return (0..<count).map { _ in
            let rows = min(pace.rows, atHand)
            pace.note(rows: rows, nanoseconds: nanoseconds(rows))
            return rows
        }
    }

    @Test("one row first, and twice as many each time while they pass quickly")
    func quick() {
        #expect(rows(of: 8) { $0 * 100 } == [1, 2, 4, 8, 16, 32, 64, 128])
        #expect(rows(of: 100) { $0 }.last == BatchPace.largest)
    }

    @Test("rows that take long are for calls of their own; that two cost less is tried at times")
    func slowRows() {
        let rows = rows(of: 150) { $0 * 30_000_000 }
        #expect(rows.prefix(8).allSatisfy { $0 == 1 })
        #expect(rows.count { $0 > 1 } <= 3)
        #expect(rows.max() == 2)
    }

    @Test("a call that takes long whatever its rows is soon for many")
    func slowCalls() {
        let rows = rows(of: 40, atHand: 1024) { 5_000_000 + $0 * 10 }
        #expect(rows.prefix(8).allSatisfy { $0 == 1 })
        #expect(rows.dropFirst(20).min() ?? 0 >= 512)
    }

    @Test("rows that get slow are given in fewer and fewer")
    func change() {
        var pace = BatchPace(longestWait: 1_000_000)
        for _ in 0..<10 { pace.note(rows: pace.rows, nanoseconds: 1000) }
        #expect(pace.rows == 1024)
        for _ in 0..<12 { pace.note(rows: pace.rows, nanoseconds: pace.rows * 1_000_000) }
        #expect(pace.rows == 1)
    }

    @Test("what takes many bytes is yielded by calls for few rows")
    func bytes() {
        var pace = BatchPace(longestWait: 1_000_000)
        pace.note(rows: 1, nanoseconds: 1000, byteCount: 600, byteShare: 1000)
        #expect(pace.rows == 1)
        pace.note(rows: 1, nanoseconds: 1000, byteCount: 400, byteShare: 1000)
        #expect(pace.rows == 2)
        pace.note(rows: 2, nanoseconds: 1000, byteCount: 9000, byteShare: 1000)
        #expect(pace.rows == 1)
    }
}
