import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A join by key") struct KeyJoinTests {
    private func drain(
        _ inputs: [[Settled]], depths: [Int], _ onMissing: NodeProperties.OnMissing,
        seed: UInt64 = 1
    ) -> (rows: [Settled], missing: Int) {
        var join = KeyJoin(depths: depths, onMissing: onMissing)
        var random = SeededGenerator(seed: seed)
        let rows = RandomDelivery.drain(&join, inputs, &random).rows
        return (rows, join.missing)
    }

    private static let full: [Settled] = [
        .item([0], .int(10)), .item([1], .int(11)), .item([2], .int(12)),
    ]
    private static let lossy: [Settled] = [.item([0], .int(20)), .lost([1]), .item([2], .int(22))]

    @Test("pairs rows of the same key")
    func pairs() {
        let (rows, missing) = drain([KeyJoinTests.full, KeyJoinTests.full], depths: [1, 1], .skip)
        #expect(
            rows == [
                .item([0], .int(10), .int(10)), .item([1], .int(11), .int(11)),
                .item([2], .int(12), .int(12)),
            ])
        #expect(missing == 0)
    }

    @Test(
        "skips, fills or fails a row whose partner was lost",
        arguments: [
            (NodeProperties.OnMissing.skip, Settled.lost([1])),
            (.null, .item([1], .int(11), .null)),
            (.fail, Settled(key: [1], settlement: .missing, values: [.int(11), .null])),
        ])
    func lostPartner(onMissing: NodeProperties.OnMissing, expected: Settled) {
        let (rows, missing) = drain(
            [KeyJoinTests.full, KeyJoinTests.lossy], depths: [1, 1], onMissing)
        #expect(
            rows == [
                .item([0], .int(10), .int(20)), expected, .item([2], .int(12), .int(22)),
            ])
        #expect(missing == 1)
    }

    @Test(
        "has nothing missing where all partners were lost",
        arguments: [
            NodeProperties.OnMissing.skip, .null, .fail,
        ])
    func allLost(onMissing: NodeProperties.OnMissing) {
        let lost: [Settled] = [.lost([0], .fail), .lost([1])]
        let (rows, missing) = drain([lost, lost], depths: [1, 1], onMissing)
        #expect(rows == [.lost([0]), .lost([1])])
        #expect(missing == 0)
    }

    @Test("uses the row of a shorter key for all that extend it")
    func shorterKey() {
        let headers: [Settled] = [.item([0], .int(1)), .item([1], .int(2)), .item([2], .int(3))]
        let lines: [Settled] = [
            .item([0, 0], .int(7)), .item([0, 1], .int(8)), .lost([1], .empty),
            .item([2, 0], .int(9)),
        ]
        let (rows, missing) = drain([headers, lines], depths: [1, 2], .fail)
        #expect(
            rows == [
                .item([0, 0], .int(1), .int(7)), .item([0, 1], .int(1), .int(8)),
                .lost([1], .empty), .item([2, 0], .int(3), .int(9)),
            ])
        #expect(missing == 0)
    }

    @Test("misses the line that was lost, and not the header that was split into nothing")
    func lostLine() {
        let headers: [Settled] = [.item([0], .int(1)), .item([1], .int(2))]
        let lines: [Settled] = [.item([0, 0], .int(7)), .lost([0, 1]), .lost([1], .fail)]
        let (rows, missing) = drain([headers, lines], depths: [1, 2], .null)
        #expect(
            rows == [
                .item([0, 0], .int(1), .int(7)), .item([0, 1], .int(1), .null),
                .item([1, 0], .int(2), .null),
            ])
        #expect(missing == 2)
    }

    @Test("counts what comes after one input's end as missing")
    func earlyEnd() {
        var join = KeyJoin(depths: [1, 1], onMissing: .skip)
        join.offer(Batch(KeyJoinTests.full), input: 0)
        join.offer(Batch(Array(KeyJoinTests.full.prefix(1))), input: 1)
        _ = join.next(limit: 10)
        #expect(!join.anyEnded)
        join.end(input: 1)
        #expect(join.anyEnded)
        guard case .batch(let rest) = join.next(limit: 10) else {
            Issue.record("the rest was not settled")
            return
        }
        #expect(rest.settled == [.lost([1]), .lost([2])])
        #expect(join.missing == 2)
    }

    @Test("pairs each key of three levels once, although the longest ended early")
    func threeLevelsEndEarly() {
        let top: [Settled] = [.item([0], .int(1)), .item([1], .int(2))]
        let middle: [Settled] = [
            .item([0, 0], .int(3)), .item([0, 1], .int(4)), .item([1, 0], .int(5)),
        ]
        let bottom: [Settled] = [.item([0, 0, 0], .int(6))]
        let (rows, missing) = drain([top, middle, bottom], depths: [1, 2, 3], .null)
        #expect(
            rows == [
                .item([0, 0, 0], .int(1), .int(3), .int(6)),
                .item([0, 1, 0], .int(1), .int(4), .null),
                .item([1, 0, 0], .int(2), .int(5), .null),
            ])
        #expect(missing == 2)
    }

    @Test("agrees with a look-up of every key, whatever was lost and however it arrives")
    func random() async {
        for seed in 0..<UInt64(800) {
            // Other tests need the threads for their runs.
            await Task.yield()
            var random = SeededGenerator(seed: seed)
            let depths = (0..<random.int(2...4)).map { _ in random.pick([1, 1, 2, 3]) }
            let lineage = RandomLineage(
                depths: depths, rows: random.int(0...12), endsEarly: random.once(in: 3), &random)
            let onMissing = random.pick(NodeProperties.OnMissing.allCases)
            let expected = JoinModel(onMissing: onMissing).byKey(lineage.inputs, depths: depths)
            var join = KeyJoin(depths: depths, onMissing: onMissing)
            let actual = RandomDelivery.drain(&join, lineage.inputs, &random)
            #expect(actual.rows == expected.rows, "seed \(seed): \(onMissing) \(lineage)")
            #expect(join.missing == expected.missing, "seed \(seed)")
            #expect(actual.keptLimits, "seed \(seed)")
            if actual.rows != expected.rows { return }
        }
    }
}
