import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A ring of pieces") struct LaneRingTests {
    private func result(
        _ number: Int, key: Int? = nil, isWhole: Bool = true
    ) -> Lane.Result {
        let run = KeyRun(first: UInt64(key ?? number), count: 1, settlement: .skip)
        return Lane.Result(number: number, batches: [[Batch(bare: [run])]], isWhole: isWhole)
    }

    @Test("gives pieces back in the order in which they were numbered")
    func order() {
        var ring = LaneRing()
        #expect((0..<3).map { _ in ring.number() } == [0, 1, 2])
        ring.put(result(2))
        #expect(ring.takeNext() == nil)
        ring.put(result(0))
        #expect(ring.takeNext()?[0][0].runs[0].first == 0)
        #expect(ring.takeNext() == nil)
        #expect(ring.pieceCount == 2)
        ring.put(result(1))
        #expect(ring.takeNext()?[0][0].runs[0].first == 1)
        #expect(ring.takeNext()?[0][0].runs[0].first == 2)
        #expect(ring.pieceCount == 0)
    }

    @Test("what is done of a piece leaves where it is its turn, the rest when it is there")
    func parts() {
        var ring = LaneRing()
        _ = (ring.number(), ring.number())
        ring.put(result(1, key: 20, isWhole: false))
        #expect(ring.takeNext() == nil)
        ring.put(result(0, key: 10, isWhole: false))
        #expect(ring.takeNext()?[0].map(\.runs[0].first) == [10])
        #expect(ring.takeNext() == nil)
        ring.put(result(1, key: 21))
        ring.put(result(0, key: 11))
        #expect(ring.takeNext()?[0].map(\.runs[0].first) == [11])
        #expect(ring.takeNext()?[0].map(\.runs[0].first) == [20, 21])
        #expect(ring.pieceCount == 0)
    }

    @Test("counts the bytes of what has not left")
    func bytes() {
        var ring = LaneRing()
        _ = (ring.number(), ring.number())
        let rows = RowStorage(capacity: 1)
        _ = rows.allocate(1 << 20)
        let run = KeyRun(first: 0, count: 1, settlement: .item)
        let batch = Batch(runs: [run], rows: rows, slots: 0..<1, itemCount: 1)
        ring.put(Lane.Result(number: 1, batches: [[batch]]))
        #expect(ring.byteCount == 1 << 20)
        ring.put(result(0))
        _ = (ring.takeNext(), ring.takeNext())
        #expect(ring.byteCount == 0)
    }
}
