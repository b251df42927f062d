import CPipes
import PipesCore

/// Walks the settlements of one input of a join, in key order.
struct Cursor {
    private var batch: Batch?
    private var run = 0
    private var offset = 0
    private var slot = 0
    private(set) var hasEnded = false
    /// Whether the current key was paired at least once: the value of a shorter key serves all
    /// that extend it.
    var isUsed = false

    /// Whether there is a current key.
    var hasKey: Bool { batch != nil }
    var needsMore: Bool { batch == nil && !hasEnded }

    mutating func offer(_ next: Batch) {
        guard !next.isEmpty else { return }
        batch = next
        run = 0
        offset = 0
        slot = next.slots.lowerBound
        isUsed = false
    }

    mutating func end() { hasEnded = true }

    /// The keys left in the current run, all with one parent.
    var keys: (parent: [UInt64], first: UInt64, count: Int)? {
        guard let current = batch?.runs[run] else { return nil }
        return (current.parent, current.first + UInt64(offset), current.count - offset)
    }

    var depth: Int { batch?.runs[run].depth ?? 0 }
    var storage: RowStorage? { batch?.rows }

    /// Whether the next `count` keys, which are in one run, are all items.
    func isSolid(_ count: Int) -> Bool {
        guard let batch, batch.runs[run].settlement == .item else { return false }
        guard batch.holes != nil else { return true }
        for slot in slot..<slot + count where batch.settlement(slot) != .item { return false }
        return true
    }

    /// The settlement of the key `ahead` of the current one.
    func settlement(_ ahead: Int) -> Settlement {
        guard let batch else { return .skip }
        let settlement = batch.runs[run].settlement
        return settlement == .item ? batch.settlement(slot + ahead) : settlement
    }

    func value(_ ahead: Int) -> pipes_value {
        guard let storage = batch?.rows else { return .null }
        return storage.values[slot + ahead]
    }

    /// One value of the current row, where rows have several.
    func rowValue(_ column: Int) -> pipes_value {
        guard let storage = batch?.rows else { return .null }
        return storage.values[slot * storage.width + column]
    }

    /// The values from the current key on. Only where it is an item.
    var values: UnsafePointer<pipes_value>? {
        batch?.rows.map { UnsafePointer($0.values + slot) }
    }

    /// Moves on by `count` keys of the current run.
    mutating func advance(_ count: Int) {
        guard let current = batch else { return }
        isUsed = false
        if current.runs[run].settlement == .item { slot += count }
        offset += count
        if offset == current.runs[run].count {
            offset = 0
            run += 1
            if run == current.runs.count { batch = nil }
        }
    }
}
