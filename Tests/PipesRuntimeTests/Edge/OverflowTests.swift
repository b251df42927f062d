import PipesCore
import Testing

@testable import PipesRuntime

/// What an edge that drops rows must come to, row by row.
private struct OverflowModel {
    let capacity: Int
    let byteCapacity: Int
    let overflow: NodeProperties.Overflow
    private(set) var queue: [(entry: Settled, bytes: Int)] = []
    private(set) var sent = 0
    private(set) var dropped = 0

    init(_ overflow: NodeProperties.Overflow, capacity: Int, byteCapacity: Int) {
        self.overflow = overflow
        self.capacity = capacity
        self.byteCapacity = byteCapacity
    }

    var rows: Int { queue.count { $0.entry.settlement == .item } }
    var bytes: Int { queue.reduce(0) { $0 + $1.bytes } }

    mutating func send(_ entries: [Settled]) {
        for entry in entries { send(entry) }
    }

    private mutating func send(_ entry: Settled) {
        guard entry.settlement == .item else { return queue.append((entry, 0)) }
        sent += 1
        let size = Batch([entry]).byteCount
        func hasRoom() -> Bool {
            rows == 0 || (rows < capacity && bytes + size <= byteCapacity)
        }
        if overflow == .dropNewest, !hasRoom() {
            dropped += 1
            return queue.append((.lost(entry.key), 0))
        }
        while !hasRoom() {
            guard let oldest = queue.firstIndex(where: { $0.entry.settlement == .item }) else {
                break
            }
            queue[oldest] = (.lost(queue[oldest].entry.key), 0)
            dropped += 1
        }
        queue.append((entry, size))
    }

    /// The next keys, as many as the reader was given.
    mutating func take(_ count: Int) -> [Settled] {
        defer { queue.removeFirst(min(count, queue.count)) }
        return queue.prefix(count).map(\.entry)
    }
}

@Suite("An edge that drops rows") struct OverflowTests {
    private static let policies: [NodeProperties.Overflow] = [.dropOldest, .dropNewest]

    private enum Step: CaseIterable {
        case one
        case three
        /// A small row and one that is larger than some edges.
        case large
        case bare
        /// Rows with a lost one between them.
        case holed
        case take

        /// The next keys.
        func entries(_ next: Int) -> [Settled] {
            func row(_ offset: Int, _ text: String = "") -> Settled {
                .item([UInt64(next + offset)], .string(text))
            }
            return switch self {
            case .one: [row(0)]
            case .three: [row(0), row(1), row(2)]
            case .large: [row(0), row(1, String(repeating: "x", count: 60)), row(2)]
            case .bare: [.lost([UInt64(next)])]
            case .holed: [.lost([UInt64(next)], .fail), row(1), .lost([UInt64(next + 2)]), row(3)]
            case .take: []
            }
        }
    }

    /// An edge beside its model.
    private struct Pair {
        var edge: EdgeState
        var model: OverflowModel
        var next = 0
        var path: [Step] = []

        init(_ overflow: NodeProperties.Overflow, capacity: Int, bytes: Int) {
            edge = EdgeState(capacity: capacity, byteCapacity: bytes, overflow: overflow)
            model = OverflowModel(overflow, capacity: capacity, byteCapacity: bytes)
        }

        mutating func step(_ step: Step) {
            path.append(step)
            if step == .take { return take() }
            let entries = step.entries(next)
            next += entries.count
            let batch = Batch(entries) { step == .holed && $0.settlement == .skip }
            if edge.admit(batch, byteCount: batch.byteCount) != batch.itemCount {
                Issue.record("\(path): not all is admitted")
            }
            _ = edge.send(batch, byteCount: batch.byteCount)
            model.send(entries)
            check()
        }

        private func check() {
            let flaws = [
                edge.depth != model.rows, edge.byteDepth != model.bytes, edge.senderWaits,
                edge.waits != 0, edge.dropped != model.dropped, edge.depth > edge.capacity,
                edge.byteDepth > edge.byteCapacity && edge.depth > 1, edge.peak > edge.capacity,
                edge.rows + edge.dropped != model.sent,
            ]
            // An expectation for each of so many steps would take longer than the steps.
            if flaws.contains(true) { Issue.record("\(path): \(flaws)") }
        }

        mutating func take() {
            guard case .batch(let batch, freesRoom: false) = edge.take() else {
                if !model.queue.isEmpty { Issue.record("\(path): nothing can be taken") }
                return
            }
            let settled = batch.settled
            let expected = model.take(settled.count)
            if settled.isEmpty || settled != expected {
                Issue.record("\(path): \(settled) was taken, not \(expected)")
            }
            check()
        }
    }

    @Test(
        "comes to what row by row comes to, whatever is sent and taken in whatever order",
        arguments: policies)
    func allOrders(overflow: NodeProperties.Overflow) async {
        for (capacity, bytes) in [(1, 1 << 20), (2, 1 << 20), (3, 60), (4, 1), (5, 110)] {
            await explore(Pair(overflow, capacity: capacity, bytes: bytes), steps: 4)
        }
    }

    private func explore(_ pair: Pair, steps: Int) async {
        if steps == 0 {
            var end = pair
            _ = end.edge.finish()
            while !end.model.queue.isEmpty, !end.edge.isDrained { end.take() }
            guard end.model.queue.isEmpty, end.edge.isDrained, case .end = end.edge.take() else {
                Issue.record("\(end.path): no end")
                return
            }
            return
        }
        for step in Step.allCases {
            var next = pair
            next.step(step)
            await explore(next, steps: steps - 1)
        }
        // Other tests need the threads for their runs.
        if steps == 2 { await Task.yield() }
    }

    @Test("gathers what it drops in one range of keys", arguments: policies)
    func ranges(overflow: NodeProperties.Overflow) {
        var edge = EdgeState(capacity: 2, byteCapacity: 1 << 20, overflow: overflow)
        for number in 0..<1000 {
            let batch = Batch.numbers(number, count: 1)
            _ = edge.send(batch, byteCount: batch.byteCount)
        }
        var runs: [KeyRun] = []
        var batches = 0
        while case .batch(let batch, _) = edge.take() {
            runs += batch.runs
            batches += 1
        }
        #expect(batches == 3)
        let skipped = runs.filter { $0.settlement == .skip }
        let first: UInt64 = overflow == .dropOldest ? 0 : 2
        #expect(skipped == [KeyRun(first: first, count: 998, settlement: .skip)])
    }

    @Test("keeps no settlements for a reader that has no use for them", arguments: policies)
    func unreadKeys(overflow: NodeProperties.Overflow) {
        var edge = EdgeState(
            capacity: 1, byteCapacity: 1 << 20, overflow: overflow, readsKeys: false)
        _ = edge.take()
        #expect(edge.send(.bare(0, count: 3), byteCount: 0) == false)
        #expect(edge.readerWaits)
        for number in 0..<10 {
            let children = (0..<4).map { Settled.item([UInt64(number), $0], .int(Int64($0))) }
            let batch = Batch(children)
            _ = edge.send(batch, byteCount: batch.byteCount)
        }
        guard case .batch(let batch, _) = edge.take() else {
            Issue.record("nothing was kept")
            return
        }
        let kept = overflow == .dropOldest ? [Value.int(3)] : [.int(0)]
        #expect(batch.settled.flatMap(\.values) == kept)
        #expect(batch.settled.allSatisfy { $0.settlement == .item })
        guard case .nothingYet = edge.take() else {
            Issue.record("settlements were kept")
            return
        }
        #expect(edge.dropped == 39)
    }

    @Test("asks a source for no more than it can hold, and always for that")
    func demand() {
        var edge = EdgeState(capacity: 3, byteCapacity: 1 << 20, overflow: .dropOldest)
        #expect(edge.roomOrWait() == 3)
        _ = edge.send(.numbers(0, count: 3), byteCount: 72)
        #expect(edge.roomOrWait() == 3)
        #expect(!edge.senderWaits)
    }

    @Test("drops nothing for a reader that wants nothing")
    func unwanted() {
        var edge = EdgeState(capacity: 1, byteCapacity: 1 << 20, overflow: .dropNewest)
        _ = edge.want(.nothing)
        _ = edge.send(.numbers(0, count: 9), byteCount: 9 * 24)
        #expect(edge.dropped == 0)
        #expect(edge.depth == 0)
    }
}
