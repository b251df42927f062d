import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A merge") struct MergeTests {
    private func edge(_ index: Int) -> Edge {
        Edge(
            index: index, from: index, to: 9, capacity: 1000, byteCapacity: 1 << 20,
            overflow: .suspend, readsKeys: true, isQueue: true, sender: Doorbell(),
            reader: Doorbell(), sourceStop: nil)
    }

    private func send(_ batch: Batch, over edge: Edge) {
        edge.send(batch, byteCount: batch.byteCount)
    }

    /// The settlements of the next batch, or what stands in its place.
    private func next(_ merge: inout Merge, _ edges: [Edge]) -> (rows: [Settled]?, hasEnded: Bool) {
        var takenCount = 0
        switch merge.next(edges, &takenCount) {
        case .batch(let batch): return (batch.settled, false)
        case .nothingYet: return (nil, false)
        case .end: return (nil, true)
        }
    }

    @Test("lets inputs that are ready take turns, and numbers rows as they arrive")
    func turns() {
        let edges = [edge(0), edge(1)]
        for first in [0, 10] { send(.numbers(first, count: 2), over: edges[0]) }
        send(.numbers(50, count: 1), over: edges[1])
        var merge = Merge()
        var values: [Value] = []
        var keys: [[UInt64]] = []
        while let rows = next(&merge, edges).rows {
            values += rows.flatMap(\.values)
            keys += rows.map(\.key)
        }
        #expect(values == [.int(0), .int(1), .int(50), .int(10), .int(11)])
        #expect(keys == (0..<5).map { [UInt64($0)] })
    }

    @Test("is where skips end")
    func skips() {
        let edges = [edge(0)]
        send(.bare(0, count: 7), over: edges[0])
        send(Batch([.lost([7]), .item([8], .int(8)), .lost([9], .fail)]), over: edges[0])
        send(.bare(10, count: 2, .fail), over: edges[0])
        var merge = Merge()
        #expect(next(&merge, edges).rows == [.item([0], .int(8))])
        #expect(next(&merge, edges).rows == nil)
    }

    @Test("ends when all its inputs have ended, and not before")
    func end() {
        let edges = [edge(0), edge(1)]
        edges[0].finish()
        var merge = Merge()
        #expect(next(&merge, edges).hasEnded == false)
        send(.numbers(0, count: 1), over: edges[1])
        edges[1].finish()
        #expect(next(&merge, edges).rows?.count == 1)
        #expect(next(&merge, edges).hasEnded)
    }

    @Test("counts batches that come to no row as taken, since they made room")
    func taken() {
        let edges = [edge(0)]
        send(.bare(0, count: 7), over: edges[0])
        var merge = Merge()
        var takenCount = 0
        _ = merge.next(edges, &takenCount)
        #expect(takenCount == 1)
    }
}
