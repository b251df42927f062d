import CPipes
import PipesCore

/// What became of one key, spelled out: what tests compare instead of runs, slots and holes.
struct Settled: Hashable, CustomStringConvertible {
    var key: [UInt64]
    var settlement: Settlement
    /// The values of the row; empty where there is none.
    var values: [Value]

    static func item(_ key: [UInt64], _ values: Value...) -> Settled {
        Settled(key: key, settlement: .item, values: values)
    }

    static func item(_ key: [UInt64], row: [Value]) -> Settled {
        Settled(key: key, settlement: .item, values: row)
    }

    static func lost(_ key: [UInt64], _ settlement: Settlement = .skip) -> Settled {
        Settled(key: key, settlement: settlement, values: [])
    }

    var description: String {
        let key = key.map(String.init).joined(separator: ",")
        let values = values.map { value in
            if case .int(let integer) = value { "\(integer)" } else { "\(value)" }
        }
        return "(\(key)) \(settlement) \(values.joined(separator: " "))"
    }
}

extension Batch {
    /// All settlements, key by key.
    var settled: [Settled] {
        var settled: [Settled] = []
        var slot = slots.lowerBound
        for run in runs {
            for offset in 0..<run.count {
                var entry = Settled(
                    key: run.key(offset), settlement: run.settlement, values: [])
                if run.settlement == .item {
                    entry.settlement = settlement(slot)
                    let hasRow = entry.settlement == .item || entry.settlement == .missing
                    entry.values = hasRow ? row(slot: slot) : []
                    slot += 1
                }
                settled.append(entry)
            }
        }
        return settled
    }

    /// A batch of these settlements, one value a row.
    /// - Parameter isHole: whether a key without a row keeps its slot.
    init(_ settled: [Settled], isHole: (Settled) -> Bool = { _ in false }) {
        let withSlot = settled.map { $0.settlement == .item || isHole($0) }
        let count = withSlot.count { $0 }
        let rows = RowStorage(capacity: count)
        let holes = Holes(capacity: count)
        var runs: [KeyRun] = []
        var slot = 0
        for (entry, hasSlot) in zip(settled, withSlot) {
            runs.appendJoining(
                KeyRun(
                    parent: Array(entry.key.dropLast()), first: entry.key.last ?? 0, count: 1,
                    settlement: hasSlot ? .item : entry.settlement))
            guard hasSlot else { continue }
            holes[slot] = entry.settlement
            if let value = entry.values.first, let copy = value.copied(to: rows) {
                rows.values[slot] = copy
            }
            slot += 1
        }
        let items = settled.count { $0.settlement == .item }
        self.init(
            runs: runs, rows: count > 0 ? rows : nil, slots: 0..<count,
            holes: items < count ? holes : nil, itemCount: items)
    }

    /// Rows with the keys (first), (first + 1), ... and those numbers as values.
    static func numbers(_ first: Int, count: Int) -> Batch {
        Batch((first..<first + count).map { .item([UInt64($0)], .int(Int64($0))) })
    }

    /// Keys without a row.
    static func bare(_ first: Int, count: Int, _ settlement: Settlement = .skip) -> Batch {
        Batch(bare: [KeyRun(first: UInt64(first), count: count, settlement: settlement)])
    }
}
