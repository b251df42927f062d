import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A join by position") struct PositionJoinTests {
    private func rows(_ count: Int, from first: Int64) -> [Settled] {
        (0..<count).map { .item([UInt64($0)], .int(first + Int64($0))) }
    }

    @Test("pairs the n-th row that is left with the n-th, and numbers the pairs")
    func pairs() {
        let config = CheckedGraph.JoinConfig(groups: [[0], [1]], depths: [1, 1])
        var join = PositionJoin(config, onMissing: .fail)
        var random = SeededGenerator(seed: 1)
        let left: [Settled] = [.lost([0]), .item([1], .int(1)), .item([2], .int(2))]
        let right: [Settled] = [.item([0], .int(7)), .lost([1], .fail), .item([2], .int(8))]
        let (rows, _) = RandomDelivery.drain(&join, [left, right], &random)
        #expect(rows == [.item([0], .int(1), .int(7)), .item([1], .int(2), .int(8))])
        #expect(join.missing == 0)
    }

    @Test("counts each row that is left over as missing its partner")
    func leftOver() {
        let config = CheckedGraph.JoinConfig(groups: [[0], [1]], depths: [1, 1])
        var join = PositionJoin(config, onMissing: .null)
        var random = SeededGenerator(seed: 1)
        let inputs = [rows(3, from: 0), rows(1, from: 10)]
        let (joined, _) = RandomDelivery.drain(&join, inputs, &random)
        #expect(
            joined == [
                .item([0], .int(0), .int(10)), .item([1], .int(1), .null),
                .item([2], .int(2), .null),
            ])
        #expect(join.missing == 2)
    }

    @Test("keeps what is left over where it pauses, for another to go on with")
    func pauses() {
        let config = CheckedGraph.JoinConfig(groups: [[0], [1, 2]], depths: [1, 1, 1])
        func paused(_ join: inout PositionJoin, _ counts: [Int], from first: Int64) -> [Settled] {
            var random = SeededGenerator(seed: 3)
            let inputs = counts.enumerated().map { input, count in
                rows(count, from: first + Int64(input) * 1000)
            }
            return RandomDelivery.drain(&join, inputs, &random, pauses: true).rows
        }
        var first = PositionJoin(config, onMissing: .null)
        #expect(
            paused(&first, [9, 1, 1], from: 0) == [.item([0], .int(0), .int(1000), .int(2000))])
        #expect(first.left.flatMap(\.settled) == (1..<9).map { .item([UInt64($0)], .int($0)) })
        // What has waited twice stays in front of what has waited once.
        var second = PositionJoin(config, onMissing: .null)
        second.goOn(from: first)
        #expect(paused(&second, [2, 0, 0], from: 9) == [])
        var last = PositionJoin(config, onMissing: .null)
        last.goOn(from: second)
        var random = SeededGenerator(seed: 4)
        let inputs = [rows(1, from: 11), rows(11, from: 1001), rows(11, from: 2001)]
        let (joined, _) = RandomDelivery.drain(&last, inputs, &random)
        let pairs: [Settled] = (1..<12).map {
            .item([UInt64($0)], .int($0), .int(1000 + $0), .int(2000 + $0))
        }
        #expect(joined == pairs)
        #expect(last.missing == 0 && second.missing == 0 && first.missing == 0)
    }

    @Test("keeps the order of its inputs, whatever groups they form")
    func orderOfInputs() {
        let config = CheckedGraph.JoinConfig(groups: [[0, 2], [1]], depths: [1, 1, 1])
        var join = PositionJoin(config, onMissing: .skip)
        var random = SeededGenerator(seed: 1)
        let inputs = [rows(2, from: 0), rows(2, from: 10), rows(2, from: 20)]
        let (joined, _) = RandomDelivery.drain(&join, inputs, &random)
        #expect(
            joined == [
                .item([0], .int(0), .int(10), .int(20)), .item([1], .int(1), .int(11), .int(21)),
            ])
    }

    @Test("agrees with pairing whole lists, whatever was lost and however it arrives")
    func random() async {
        for seed in 0..<UInt64(600) {
            // Other tests need the threads for their runs.
            await Task.yield()
            var random = SeededGenerator(seed: seed)
            var inputs: [[Settled]] = []
            var config = CheckedGraph.JoinConfig(groups: [], depths: [])
            for _ in 0..<random.int(2...3) {
                let depths = (0..<random.int(1...2)).map { _ in random.pick([1, 1, 2]) }
                let lineage = RandomLineage(
                    depths: depths, rows: random.int(0...9), endsEarly: random.once(in: 3),
                    &random)
                config.groups.append(Array(inputs.count..<inputs.count + depths.count))
                config.depths += depths
                inputs += lineage.inputs
            }
            let onMissing = random.pick(NodeProperties.OnMissing.allCases)
            let expected = JoinModel(onMissing: onMissing).byPosition(inputs, config)
            var join = PositionJoin(config, onMissing: onMissing)
            let actual = RandomDelivery.drain(&join, inputs, &random)
            #expect(actual.rows == expected.rows, "seed \(seed): \(onMissing) \(config) \(inputs)")
            #expect(join.missing == expected.missing, "seed \(seed)")
            #expect(actual.keptLimits, "seed \(seed)")
            if actual.rows != expected.rows { return }
        }
    }
}
