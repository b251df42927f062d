import CPipes
import PipesCore

/// Settled rows on their way into one batch, as a value. The batch has memory of its own, and holds
/// of others only what its rows lie in.
struct ResultGathering {
    private(set) var byteCount = 0
    private(set) var itemCount = 0
    private var runs: [KeyRun] = []
    private var values: [pipes_value] = []
    private var ports: [UInt32] = []
    private var settlements: [Settlement] = []
    private var owners: [RowStorage] = []
    private var lastInput: RowStorage?
    /// The kind of all items; nil where there is none yet.
    private var kind: UInt32?
    private var isOfOneKind = true

    var count: Int { values.count }
    var isEmpty: Bool { values.isEmpty && runs.isEmpty }

    mutating func append(_ key: KeyRun) { runs.appendJoining(key) }

    /// Takes a slot of a batch; its key comes by itself.
    mutating func append(_ slot: Int, of batch: OpenBatch) {
        let value = batch.values[slot]
        let settlement = batch.settlement(slot)
        values.append(value)
        ports.append(batch.ports[slot])
        settlements.append(settlement)
        guard settlement == .item else { return }
        itemCount += 1
        if kind == nil { kind = value.kind }
        if kind != value.kind { isOfOneKind = false }
        byteCount += value.byteCount
        guard value.kind > Kind.float.rawValue else { return }
        if let owner = batch.takeOwner(slot), owners.last !== owner { owners.append(owner) }
        // Whether it is a part of its input can't be known.
        if let input = batch.input.rows, input !== lastInput {
            lastInput = input
            owners.append(input)
        }
    }

    /// The batch that leaves by one of `outputs` ports.
    func batch(port: Int, of outputs: Int, in storage: RowStorage) -> Batch {
        guard count > 0 else { return Batch(bare: runs) }
        var items = itemCount
        var holes: Holes?
        if items < count || outputs > 1 {
            let own = Holes(capacity: count)
            items = 0
            for slot in 0..<count {
                let isElsewhere = settlements[slot] == .item && ports[slot] != UInt32(port)
                own[slot] = isElsewhere ? .skip : settlements[slot]
                if own[slot] == .item { items += 1 }
            }
            holes = own
        }
        return Batch(
            runs: runs, rows: storage, slots: 0..<count, holes: holes, itemCount: items)
    }

    /// The memory of the batch, for all ports.
    func makeStorage() -> RowStorage {
        let storage = RowStorage(uninitialized: count)
        values.withUnsafeBufferPointer { values in
            guard let start = values.baseAddress else { return }
            storage.values.initialize(from: start, count: values.count)
        }
        for owner in owners { storage.keepAlive(owner) }
        if isOfOneKind, let kind, kind > 0 { storage.knownKind = Kind(rawValue: kind) }
        return storage
    }
}
