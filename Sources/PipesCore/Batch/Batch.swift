internal import CPipes

/// What became of a key on an edge.
public enum Settlement: UInt8, Sendable, Hashable {
    case item = 0
    /// Filtered, or its partner or an ancestor was lost.
    case skip = 1
    /// Failed at the sender.
    case fail = 2
    /// Split into nothing: it has no children, and none of them is missing.
    case empty = 3
    /// Inside a joining node only: a joined row with a partner missing, to be failed there.
    case missing = 4
}

/// Consecutive keys under one parent: (p..., first), (p..., first + 1), ...
///
/// Where `settlement` is `item`, each key has a slot in the batch's storage, and the batch's holes
/// may say otherwise for single ones. Any other settlement holds for all keys and takes no slot.
public struct KeyRun: Sendable, Hashable {
    /// The key without its last number. A run whose keys are shorter than its lineage's stands for
    /// everything below them.
    public var parent: [UInt64]
    public var first: UInt64
    public var count: Int
    public var settlement: Settlement

    public init(parent: [UInt64] = [], first: UInt64, count: Int, settlement: Settlement) {
        self.parent = parent
        self.first = first
        self.count = count
        self.settlement = settlement
    }

    public var depth: Int { parent.count + 1 }

    public func key(_ offset: Int) -> [UInt64] { parent + [first + UInt64(offset)] }

    /// Whether `next` continues this run's keys with the same settlement.
    func isContinued(by next: KeyRun) -> Bool {
        settlement == next.settlement && first + UInt64(count) == next.first
            && parent == next.parent
    }
}

/// The slots of a storage that hold no item although their run has slots.
///
/// `@unchecked Sendable`: written by the node that fills the batch, read-only once it was sent.
public final class Holes: @unchecked Sendable {
    public let settlements: UnsafeMutablePointer<UInt8>

    public init(capacity: Int) {
        settlements = .allocate(capacity: max(1, capacity))
        settlements.initialize(repeating: Settlement.item.rawValue, count: capacity)
    }

    deinit { settlements.deallocate() }

    public subscript(slot: Int) -> Settlement {
        get { Settlement(rawValue: settlements[slot]) ?? .skip }
        set { settlements[slot] = newValue.rawValue }
    }
}

/// Rows that travel together, with the settlements of all their keys, in key order. Immutable once
/// sent; copies and slices share the storage.
public struct Batch: Sendable {
    /// What copies share. One reference instead of three, so that a batch is four words: Swift
    /// handles larger structs through their type's witness tables, at a price for each copy.
    @usableFromInline
    final class Content: Sendable {
        @usableFromInline let runs: [KeyRun]
        @usableFromInline let rows: RowStorage?
        @usableFromInline let holes: Holes?

        init(runs: [KeyRun], rows: RowStorage?, holes: Holes?) {
            self.runs = runs
            self.rows = rows
            self.holes = holes
        }
    }

    /// nil where there are no settlements at all.
    @usableFromInline var content: Content?
    /// The slots of the runs that have them, one after the other.
    public internal(set) var slots: Range<Int>
    /// Slots that are items.
    public internal(set) var itemCount: Int

    public internal(set) var runs: [KeyRun] {
        @inlinable get { content?.runs ?? [] }
        set { content = Content(runs: newValue, rows: rows, holes: holes) }
    }

    /// nil where no run has slots.
    @inlinable public var rows: RowStorage? { content?.rows }
    /// nil: every slot is an item.
    @inlinable public var holes: Holes? { content?.holes }

    public init(
        runs: [KeyRun], rows: RowStorage?, slots: Range<Int>, holes: Holes? = nil, itemCount: Int
    ) {
        content = Content(runs: runs, rows: rows, holes: holes)
        self.slots = slots
        self.itemCount = itemCount
    }

    /// No settlements at all.
    public init() {
        slots = 0..<0
        itemCount = 0
    }

    /// Settlements without a row.
    public init(bare runs: [KeyRun]) {
        self.init(runs: runs, rows: nil, slots: 0..<0, itemCount: 0)
    }

    public var width: Int { rows?.width ?? 1 }
    public var isEmpty: Bool { itemCount == 0 && runs.isEmpty }

    @inlinable
    public func settlement(_ slot: Int) -> Settlement { holes?[slot] ?? .item }

    /// The bytes that the items take: 24 for each value, and the texts and bytes they refer to.
    public var byteCount: Int {
        guard let rows else { return 0 }
        if let kind = rows.knownKind, kind.rawValue <= Kind.float.rawValue {
            return itemCount * rows.width * MemoryLayout<pipes_value>.stride
        }
        var sum = 0
        for slot in slots where settlement(slot) == .item {
            for column in 0..<rows.width {
                sum += rows.values[slot * rows.width + column].byteCount
            }
        }
        return sum
    }

    /// `byteCount`, item by item.
    public var itemByteCounts: some Sequence<Int> {
        slots.lazy.filter { [self] in settlement($0) == .item }.map { [self] slot in
            guard let rows else { return 0 }
            return (0..<rows.width).reduce(0) { $0 + rows.values[slot * rows.width + $1].byteCount }
        }
    }

    /// Cuts the batch behind its `items`-th item. Settlements behind that item stay with the rest.
    /// - Returns: the first part; self is what is left.
    public mutating func removePrefix(items: Int) -> Batch {
        if items >= itemCount {
            let whole = self
            self = Batch()
            return whole
        }
        var slot = slots.lowerBound
        var left = items
        while left > 0 {
            if settlement(slot) == .item { left -= 1 }
            slot += 1
        }
        return removePrefix(slots: slot - slots.lowerBound, items: items)
    }

    /// Cuts the batch behind its `count`-th slot, of which `items` are items.
    public mutating func removePrefix(slots count: Int, items: Int) -> Batch {
        var taken: [KeyRun] = []
        var runs = runs
        var left = count
        var index = 0
        while left > 0, index < runs.count {
            if runs[index].settlement != .item {
                taken.append(runs[index])
                index += 1
            } else if runs[index].count <= left {
                left -= runs[index].count
                taken.append(runs[index])
                index += 1
            } else {
                var head = runs[index]
                head.count = left
                taken.append(head)
                runs[index].first += UInt64(left)
                runs[index].count -= left
                left = 0
            }
        }
        runs.removeFirst(index)
        self.runs = runs
        let middle = slots.lowerBound + count
        let prefix = Batch(
            runs: taken, rows: rows, slots: slots.lowerBound..<middle, holes: holes,
            itemCount: items)
        slots = middle..<slots.upperBound
        itemCount -= items
        return prefix
    }

    /// Appends settlements without a row to a batch that has nothing else.
    public mutating func appendBare(_ runs: [KeyRun]) {
        var joined = self.runs
        for run in runs { joined.appendJoining(run) }
        self.runs = joined
    }

    /// The settlements alone, ranges joined: what a batch without an item comes to.
    /// - Parameter items: what becomes of the items.
    public func bareRuns(items: Settlement = .item) -> [KeyRun] {
        var bare: [KeyRun] = []
        var slot = slots.lowerBound
        for run in runs {
            if run.settlement != .item {
                bare.appendJoining(run)
                continue
            }
            for offset in 0..<run.count {
                let settlement = settlement(slot)
                bare.appendJoining(
                    KeyRun(
                        parent: run.parent, first: run.first + UInt64(offset), count: 1,
                        settlement: settlement == .item ? items : settlement))
                slot += 1
            }
        }
        return bare
    }
}

extension [KeyRun] {
    /// Appends a run, as part of the last one where it continues that.
    public mutating func appendJoining(_ run: KeyRun) {
        if let last = indices.last, self[last].isContinued(by: run) {
            self[last].count += run.count
        } else {
            append(run)
        }
    }
}

extension Batch {
    /// The items alone, side by side: for readers that have no use for holes. Keys are lost.
    public func dense() -> Batch {
        guard let rows, itemCount < slots.count else {
            return Batch(runs: [], rows: rows, slots: slots, itemCount: itemCount)
        }
        let width = rows.width
        let packed = RowStorage(capacity: itemCount, width: width)
        packed.keepAlive(rows)
        packed.knownKind = rows.knownKind
        var target = packed.values
        for slot in slots where settlement(slot) == .item {
            target.update(from: rows.values + slot * width, count: width)
            target += width
        }
        return Batch(runs: [], rows: packed, slots: 0..<itemCount, itemCount: itemCount)
    }

    /// The key of a slot: one number for the source, one more for each split.
    public func key(slot: Int) -> [UInt64] {
        var first = slots.lowerBound
        for run in runs where run.settlement == .item {
            if slot < first + run.count { return run.key(slot - first) }
            first += run.count
        }
        return []
    }

    /// A copy of the values of one row.
    public func row(slot: Int) -> [Value] {
        guard let rows else { return [] }
        return (0..<rows.width).map { Value(copying: rows.values[slot * rows.width + $0]) }
    }
}

extension Batch {
    /// The same keys with other values: slot n of `results` belongs to the n-th slot here.
    /// - Parameters:
    ///   - results: holds what became of each slot.
    ///   - count: how many of the slots are kept, where a processor wanted no more.
    ///   - holes: the slots that hold no value, and why; nil where all do.
    ///   - itemCount: how many of the kept slots hold a value.
    public func mapped(
        to results: RowStorage, slots count: Int, holes: Holes?, itemCount: Int
    ) -> Batch {
        if count < slots.count {
            var whole = self
            return whole.removePrefix(slots: count, items: 0)
                .mapped(to: results, slots: count, holes: holes, itemCount: itemCount)
        }
        return Batch(
            runs: runs, rows: results, slots: 0..<count, holes: holes,
            itemCount: itemCount)
    }
}

extension RowStorage {
    /// Whether one of the first `count` rows refers to memory that another storage may own.
    public func mayReferToOthers(_ count: Int) -> Bool {
        if let knownKind { return knownKind.rawValue > Kind.float.rawValue }
        for index in 0..<count * width where values[index].kind > Kind.float.rawValue {
            return true
        }
        return false
    }
}
