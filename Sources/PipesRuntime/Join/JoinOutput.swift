import CPipes
import PipesCore

/// Builds batches of joined rows: `width` values each, side by side, as a map reads them.
struct JoinOutput {
    private let width: Int
    /// Made for the first row: most looks at a join find none.
    private lazy var storage = RowStorage(capacity: capacity, width: width)
    private var holes: Holes?
    private var runs: [KeyRun] = []
    private(set) var slotCount = 0
    private var itemCount = 0
    private let capacity: Int

    init(width: Int, capacity: Int) {
        self.width = width
        self.capacity = capacity
    }

    var isEmpty: Bool { runs.isEmpty }

    /// Appends the keys of `run`, all of them rows. The values of inputs in step go on with the
    /// keys, those of others stay.
    mutating func appendSolid(_ run: KeyRun, _ cursors: [Cursor], inStep: [Int]) {
        for (column, cursor) in cursors.enumerated() {
            guard let values = cursor.values else { continue }
            var target = storage.values + slotCount * width + column
            let stride = inStep.contains(column) ? 1 : 0
            for row in 0..<run.count {
                target.pointee = values[row * stride]
                target += width
            }
            if let owner = cursor.storage { storage.keepAlive(owner) }
        }
        runs.appendJoining(run)
        slotCount += run.count
        itemCount += run.count
    }

    /// Appends one key with a row that is an item, or to be failed for its missing partner.
    mutating func append(
        _ key: KeyRun, _ settlement: Settlement,
        _ values: [(value: pipes_value, owner: RowStorage?)]
    ) {
        for (column, value) in values.enumerated() {
            storage.values[slotCount * width + column] = value.value
            if let owner = value.owner { storage.keepAlive(owner) }
        }
        settleNext(key, settlement)
    }

    /// Appends one row, as `append`, in memory of its own.
    /// - Returns: whether all of it could be copied. What can't is kept where it is.
    mutating func appendCopy(
        _ key: KeyRun, _ settlement: Settlement,
        _ values: [(value: pipes_value, owner: RowStorage?)]
    ) -> Bool {
        var isOwn = true
        for (column, value) in values.enumerated() {
            let place = slotCount * width + column
            isOwn = storage.take(value.value, from: value.owner, into: place) && isOwn
        }
        settleNext(key, settlement)
        return isOwn
    }

    private mutating func settleNext(_ key: KeyRun, _ settlement: Settlement) {
        if settlement != .item {
            let holes = holes ?? Holes(capacity: capacity)
            holes[slotCount] = settlement
            self.holes = holes
        } else {
            itemCount += 1
        }
        runs.appendJoining(key)
        slotCount += 1
    }

    mutating func appendBare(_ key: KeyRun, _ settlement: Settlement) {
        var bare = key
        bare.settlement = settlement
        runs.appendJoining(bare)
    }

    mutating func finish() -> Batch {
        Batch(
            runs: runs, rows: slotCount > 0 ? storage : nil, slots: 0..<slotCount, holes: holes,
            itemCount: itemCount)
    }
}
