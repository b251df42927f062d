import CPipes
import PipesCore

/// A batch of which rows are in flight, or wait for earlier ones: what became of each slot, with
/// what its result lies in, until the slot has left. Slots are counted from the first of the batch
/// as it came.
final class OpenBatch {
    let input: Batch
    let first: Int
    let count: Int
    var ring: ReorderRing
    /// The results, and the outputs they leave by: written by the calls.
    let values: UnsafeMutablePointer<pipes_value>
    let ports: UnsafeMutablePointer<UInt32>
    private let settlements: UnsafeMutablePointer<Settlement>
    /// The memory of each result that has some; gone with the slot, so that a row that has left
    /// holds nothing of those behind it.
    private var owners: [RowStorage?]
    /// The runs of the slots that have not left.
    private var remaining: [KeyRun]
    private var nextKept = 0

    init(_ input: Batch) {
        self.input = input
        first = input.slots.lowerBound
        count = input.slots.count
        remaining = input.runs
        ring = ReorderRing(count: count)
        values = .allocate(capacity: max(1, count))
        values.initialize(repeating: .null, count: count)
        ports = .allocate(capacity: max(1, count))
        ports.initialize(repeating: 0, count: count)
        settlements = .allocate(capacity: max(1, count))
        settlements.initialize(repeating: .item, count: count)
        owners = Array(repeating: nil, count: count)
    }

    deinit {
        values.deallocate()
        ports.deallocate()
        settlements.deallocate()
    }

    func key(_ slot: Int) -> [UInt64] { input.key(slot: first + slot) }

    /// The values of a row, as a processor takes them.
    func row(_ slot: Int) -> UnsafePointer<pipes_value>? {
        input.rows.map { UnsafePointer($0.values + (first + slot) * $0.width) }
    }

    /// How many slots from this one on hold a row that came, side by side.
    func items(from slot: Int, atMost most: Int) -> Int {
        let most = min(most, count - slot)
        guard let holes = input.holes else { return most }
        var items = 0
        while items < most, holes[first + slot + items] == .item { items += 1 }
        return items
    }

    func settlement(_ slot: Int) -> Settlement { settlements[slot] }

    /// The slot holds no value.
    func settle(_ slot: Int, as settlement: Settlement) {
        settlements[slot] = settlement
        values[slot] = .null
    }

    /// The result of the slot lies in `owner`.
    func keep(_ owner: RowStorage, for slot: Int) { owners[slot] = owner }

    /// The memory of a slot that leaves.
    func takeOwner(_ slot: Int) -> RowStorage? { owners[slot].take() }

    /// The runs of the slots before `end` that were not taken, each once.
    func takeKeys(before end: Int) -> [KeyRun] {
        defer { nextKept = end }
        guard end < count else {
            defer { remaining = [] }
            return remaining
        }
        var keys = Batch(runs: remaining, rows: nil, slots: nextKept..<count, itemCount: 0)
        let taken = keys.removePrefix(slots: end - nextKept, items: 0)
        remaining = keys.runs
        return taken.runs
    }
}
