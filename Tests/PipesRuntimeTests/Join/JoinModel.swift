import CPipes
import PipesCore

@testable import PipesRuntime

/// What joins must come to, computed from whole inputs by looking keys up: slow, and plain enough
/// to be believed.
struct JoinModel {
    var onMissing: NodeProperties.OnMissing

    /// Pairs by key.
    /// - Parameter inputs: all settlements of each input, in order; keys of up to `depths` numbers.
    func byKey(_ inputs: [[Settled]], depths: [Int]) -> (rows: [Settled], missing: Int) {
        let tables = inputs.map { Dictionary(uniqueKeysWithValues: $0.map { ($0.key, $0) }) }
        let depth = depths.max() ?? 1
        var rows: [Settled] = []
        var missing = 0
        var seen: [[UInt64]] = []
        for level in Set(depths).sorted(by: >) {
            let keys = Set(
                inputs.indices.filter { depths[$0] == level }.flatMap { inputs[$0].map(\.key) })
            // A key that longer ones extended has had its partners.
            let fresh = keys.filter { key in !seen.contains { $0.starts(with: key) } }
            let ordered = fresh.sorted(by: { $0.lexicographicallyPrecedes($1) })
            for (index, key) in ordered.enumerated() {
                // A lost ancestor in one input is a row of its own in another, where a join before
                // this one filled its place.
                if ordered.dropFirst(index + 1).first?.starts(with: key) == true { continue }
                let partners = tables.map { table in
                    (1...key.count).reversed().lazy.compactMap { table[Array(key.prefix($0))] }
                        .first
                }
                rows.append(settle(key, partners, depth: depth, &missing))
            }
            seen += fresh
        }
        return (rows, missing)
    }

    private func settle(
        _ key: [UInt64], _ partners: [Settled?], depth: Int, _ missing: inout Int
    ) -> Settled {
        let present = partners.count { $0?.settlement == .item }
        if present == partners.count {
            return .item(key, row: partners.compactMap { $0?.values.first })
        }
        if partners.contains(where: { $0?.settlement == .empty }) { return .lost(key, .empty) }
        if present == 0 { return .lost(key) }
        missing += partners.count - present
        let full = key + Array(repeating: 0, count: depth - key.count)
        let row = partners.map { $0?.settlement == .item ? $0?.values.first ?? .null : .null }
        return apply(full, row)
    }

    private func apply(_ key: [UInt64], _ row: [Value]) -> Settled {
        switch onMissing {
        case .skip: .lost(key)
        case .null: .item(key, row: row)
        case .fail: Settled(key: key, settlement: .missing, values: row)
        }
    }

    /// Pairs groups by position; within each, by key.
    func byPosition(
        _ inputs: [[Settled]], _ config: CheckedGraph.JoinConfig
    ) -> (rows: [Settled], missing: Int) {
        var missing = 0
        let groups = config.groups.map { group in
            let joined = byKey(group.map { inputs[$0] }, depths: group.map { config.depths[$0] })
            missing += joined.missing
            return joined.rows.filter { $0.settlement == .item || $0.settlement == .missing }
        }
        let rows = (0..<(groups.map(\.count).max() ?? 0)).map { position in
            var row = Array(repeating: Value.null, count: inputs.count)
            var isWhole = true
            for (group, members) in zip(groups, config.groups) {
                guard position < group.count else {
                    missing += members.count
                    isWhole = false
                    continue
                }
                if group[position].settlement == .missing { isWhole = false }
                for (member, value) in zip(members, group[position].values) { row[member] = value }
            }
            let key = [UInt64(position)]
            return isWhole ? Settled.item(key, row: row) : apply(key, row)
        }
        return (rows, missing)
    }
}

/// Settlements as a graph makes them: inputs of one lineage, some with shorter keys, all of which
/// lost rows of their own.
struct RandomLineage {
    var depths: [Int]
    var inputs: [[Settled]] = []

    init(depths: [Int], rows: Int, endsEarly: Bool, _ random: inout SeededGenerator) {
        self.depths = depths
        var level = (0..<rows).map { Settled.item([UInt64($0)], .int(Int64($0))) }
        var levels: [[Settled]] = [level]
        while levels.count < depths.max() ?? 1 {
            level = RandomLineage.split(RandomLineage.losing(level, &random), &random)
            levels.append(level)
        }
        for (number, depth) in depths.enumerated() {
            var input = RandomLineage.losing(levels[depth - 1], &random)
            for index in input.indices where !input[index].values.isEmpty {
                let value = input[index].key.reduce(Int64(number + 1)) { $0 * 100 + Int64($1) }
                input[index].values = [.int(value)]
            }
            if endsEarly, random.once(in: 2) {
                input.removeLast(random.int(0...input.count))
            }
            inputs.append(input)
        }
    }

    private static func losing(
        _ entries: [Settled], _ random: inout SeededGenerator
    ) -> [Settled] {
        let share = random.pick([2, 5, 1000])
        return entries.map { entry in
            entry.settlement == .item && random.once(in: share)
                ? .lost(entry.key, random.pick([.skip, .fail])) : entry
        }
    }

    private static func split(
        _ entries: [Settled], _ random: inout SeededGenerator
    ) -> [Settled] {
        entries.flatMap { entry -> [Settled] in
            guard entry.settlement == .item else { return [entry] }
            let count = random.int(0...3)
            if count == 0 { return [.lost(entry.key, .empty)] }
            return (0..<count).map { .item(entry.key + [UInt64($0)], .int(0)) }
        }
    }
}

/// Brings whole inputs to a join in batches of random sizes, in an order that it chooses.
struct RandomDelivery {
    private var rest: [ArraySlice<Settled>]
    private let pauses: Bool

    /// - Parameter pauses: whether inputs end for another graph to go on.
    init(_ inputs: [[Settled]], pauses: Bool = false) {
        rest = inputs.map { $0[...] }
        self.pauses = pauses
    }

    mutating func deliver(
        _ needed: [Int], to join: inout some Pairing, _ random: inout SeededGenerator
    ) {
        let first = random.pick(needed)
        for input in needed where input == first || random.once(in: 2) {
            let part = rest[input].prefix(random.int(1...7))
            rest[input].removeFirst(part.count)
            if part.isEmpty {
                if pauses { join.pause(input: input) } else { join.end(input: input) }
            } else {
                let holes = Set(part.filter { _ in random.once(in: 2) }.map(\.key))
                join.offer(Batch(Array(part)) { holes.contains($0.key) }, input: input)
            }
        }
    }

    /// All that a join yields, and whether each batch kept the limit.
    static func drain(
        _ join: inout some Pairing, _ inputs: [[Settled]], _ random: inout SeededGenerator,
        pauses: Bool = false
    ) -> (rows: [Settled], keptLimits: Bool) {
        var delivery = RandomDelivery(inputs, pauses: pauses)
        var rows: [Settled] = []
        var keptLimits = true
        while true {
            let limit = random.int(1...6)
            switch join.next(limit: limit) {
            case .batch(let batch):
                rows += batch.settled
                keptLimits = keptLimits && batch.slots.count <= limit
            case .needs(let needed): delivery.deliver(needed, to: &join, &random)
            case .end: return (rows, keptLimits)
            }
        }
    }
}
