import CPipes
import PipesCore
import Testing

@Suite("A batch") struct BatchTests {
    /// (0) item, (1) hole, (2) bare skip, (3) bare skip, (4) item, (5) failed hole, (6) item.
    static let mixed: [Settled] = [
        .item([0], .int(0)), .lost([1]), .lost([2]), .lost([3]), .item([4], .int(4)),
        .lost([5], .fail), .item([6], .int(6)),
    ]

    private func mixedBatch() -> Batch {
        Batch(BatchTests.mixed) { $0.key == [1] || $0.key == [5] }
    }

    @Test("tells every key with its settlement and its row")
    func settlements() {
        let batch = mixedBatch()
        #expect(batch.settled == BatchTests.mixed)
        #expect(batch.itemCount == 3)
        #expect(batch.slots.count == 5)
    }

    @Test("is cut behind its n-th item, and loses no settlement", arguments: 1...4)
    func cutByItems(items: Int) {
        var rest = mixedBatch()
        let prefix = rest.removePrefix(items: items)
        #expect(prefix.itemCount == min(items, 3))
        #expect(prefix.settled + rest.settled == BatchTests.mixed)
        #expect(rest.itemCount == 3 - prefix.itemCount)
        #expect(prefix.settled.last?.settlement == .item)
    }

    @Test("is cut behind its n-th slot, and loses no settlement", arguments: 0...5)
    func cutBySlots(count: Int) {
        var rest = mixedBatch()
        let items = rest.slots.prefix(count).count { rest.settlement($0) == .item }
        let prefix = rest.removePrefix(slots: count, items: items)
        #expect(prefix.slots.count == count)
        #expect(prefix.settled + rest.settled == BatchTests.mixed)
        #expect(rest.itemCount == 3 - items)
    }

    @Test("keeps its keys when its values change")
    func mapped() {
        let batch = mixedBatch()
        let results = RowStorage(capacity: 5)
        for slot in 0..<5 { results.values[slot] = pipes_value(Int64(slot * 10)) }
        let holes = Holes(capacity: 5)
        for (slot, original) in batch.slots.enumerated() {
            holes[slot] = batch.settlement(original)
        }
        let mapped = batch.mapped(to: results, slots: 5, holes: holes, itemCount: 3)
        #expect(mapped.settled.map(\.key) == BatchTests.mixed.map(\.key))
        #expect(mapped.settled.map(\.settlement) == BatchTests.mixed.map(\.settlement))
        #expect(mapped.settled.flatMap(\.values) == [.int(0), .int(20), .int(40)])
    }

    @Test("keeps the keys up to where a processor wanted no more")
    func mappedInPart() {
        var batch = mixedBatch()
        _ = batch.removePrefix(items: 1)
        let results = RowStorage(capacity: 4)
        results.values[1] = pipes_value(40)
        let holes = Holes(capacity: 4)
        holes[0] = .skip
        let mapped = batch.mapped(to: results, slots: 2, holes: holes, itemCount: 1)
        #expect(
            mapped.settled == [
                .lost([1]), .lost([2]), .lost([3]), .item([4], .int(40)),
            ])
    }

    @Test("lays its items side by side for readers that want no holes")
    func dense() {
        let dense = mixedBatch().dense()
        #expect(dense.itemCount == 3)
        #expect(dense.slots.map { dense.row(slot: $0) } == [[.int(0)], [.int(4)], [.int(6)]])
        let whole = Batch.numbers(7, count: 3)
        #expect(whole.dense().rows === whole.rows)
    }

    @Test("keeps texts alive that its dense copy refers to")
    func denseKeepsTexts() {
        let text = String(repeating: "long enough for the arena ", count: 10)
        var dense: Batch?
        do {
            let batch = Batch([.lost([0]), .item([1], .string(text))]) { _ in true }
            dense = batch.dense()
        }
        #expect(dense?.row(slot: 0) == [.string(text)])
    }

    @Test("knows the key of each slot")
    func keyOfSlot() {
        let entries: [Settled] = [
            .item([3, 0], .int(1)), .item([3, 1], .int(2)), .lost([4], .empty),
            .item([5, 0], .int(3)), .lost([6]), .item([7, 0], .int(4)),
        ]
        var batch = Batch(entries)
        let keys: [[UInt64]] = [[3, 0], [3, 1], [5, 0], [7, 0]]
        #expect(batch.slots.map { batch.key(slot: $0) } == keys)
        _ = batch.removePrefix(items: 1)
        #expect(batch.slots.map { batch.key(slot: $0) } == Array(keys.dropFirst()))
    }

    @Test("without an item comes to ranges of settlements")
    func bareRuns() {
        let batch = Batch([
            .lost([0]), .lost([1]), .lost([2]), .lost([3], .fail), .lost([4], .fail), .lost([5]),
        ]) { $0.key[0] % 2 == 1 }
        #expect(
            batch.bareRuns() == [
                KeyRun(first: 0, count: 3, settlement: .skip),
                KeyRun(first: 3, count: 2, settlement: .fail),
                KeyRun(first: 5, count: 1, settlement: .skip),
            ])
    }

    @Test("joins runs only where keys and settlements continue")
    func joining() {
        var runs: [KeyRun] = []
        runs.appendJoining(KeyRun(first: 0, count: 2, settlement: .skip))
        runs.appendJoining(KeyRun(first: 2, count: 3, settlement: .skip))
        #expect(runs == [KeyRun(first: 0, count: 5, settlement: .skip)])
        runs.appendJoining(KeyRun(first: 6, count: 1, settlement: .skip))
        runs.appendJoining(KeyRun(first: 7, count: 1, settlement: .fail))
        runs.appendJoining(KeyRun(parent: [7], first: 8, count: 1, settlement: .fail))
        #expect(runs.count == 4)
    }

    @Test("counts 24 bytes for a value, and the texts of its items")
    func bytes() {
        let batch = Batch([
            .item([0], .string("12345")), .lost([1]), .item([2], .int(3)),
        ]) { _ in true }
        #expect(batch.byteCount == 24 + 5 + 24)
    }

    @Test("cut at random, keeps every settlement")
    func randomCuts() async {
        for seed in 0..<UInt64(200) {
            randomCuts(seed)
            // Other tests need the threads for their runs.
            await Task.yield()
        }
    }

    private func randomCuts(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let entries = (0..<random.int(1...40)).map { number in
            random.once(in: 3)
                ? Settled.lost([UInt64(number)], random.pick([.skip, .fail, .empty]))
                : Settled.item([UInt64(number)], .int(Int64(number)))
        }
        var holes: Set<[UInt64]> = []
        for entry in entries where random.once(in: 2) { holes.insert(entry.key) }
        var rest = Batch(entries) { holes.contains($0.key) }
        var seen: [Settled] = []
        while !rest.isEmpty {
            let part = rest.removePrefix(items: random.int(1...5))
            #expect(part.itemCount == part.settled.count { $0.settlement == .item })
            seen += part.settled
        }
        #expect(seen == entries, "seed \(seed)")
    }
}
