import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A ring of pieces") struct LaneRingTests {
    private func result(_ number: Int) -> Lane.Result {
        let run = KeyRun(first: UInt64(number), count: 1, settlement: .skip)
        return Lane.Result(number: number, batches: [[Batch(bare: [run])]])
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
}
