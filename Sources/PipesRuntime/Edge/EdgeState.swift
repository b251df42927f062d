import DequeModule
import PipesCore

/// A bounded queue of batches between one sender and one reader, as a value: a transition says
/// what is to be done once the lock is left.
///
/// Depth counts the rows in the queue, not those that the reader has taken. Settlements without a
/// row take no room: neighbouring ones are joined to ranges, so there is at most one such batch
/// for each batch with rows.
struct EdgeState: Sendable {
    /// What the reader still wants of the edge.
    enum Demand: UInt8, Sendable {
        case everything
        /// What is in flight, and no more than that.
        case theRest
        case nothing
    }

    enum Taken: Sendable {
        case batch(Batch, freesRoom: Bool)
        case nothingYet
        case end
    }

    private(set) var capacity: Int
    private(set) var byteCapacity: Int
    private(set) var depth = 0
    private(set) var byteDepth = 0
    private(set) var demand = Demand.everything
    private(set) var senderWaits = false
    private(set) var readerWaits = false
    private(set) var isFinished = false
    private var batches: Deque<(batch: Batch, byteCount: Int)> = []

    private(set) var rows = 0
    private(set) var peak = 0
    private(set) var waits = 0
    private(set) var grownBy = 0
    /// The bytes of the row that the sender could not send although there was room for rows.
    private var refusedByteCount = 0

    init(capacity: Int, byteCapacity: Int) {
        self.capacity = max(1, capacity)
        self.byteCapacity = max(1, byteCapacity)
    }

    var isDrained: Bool { batches.isEmpty && isFinished }
    var hasBatch: Bool { !batches.isEmpty }

    /// Rows there is room for. A lone row always has room, however large it is.
    var room: Int {
        if demand == .nothing { return Int.max }
        if depth == 0 { return capacity }
        return byteDepth < byteCapacity ? max(0, capacity - depth) : 0
    }

    /// As `room`; where there is none, the sender is noted as waiting for it.
    mutating func roomOrWait() -> Int {
        let room = room
        if room == 0, !senderWaits {
            senderWaits = true
            waits += 1
        }
        return room
    }

    /// How many of the first items of `batch`, whose items take `byteCount`, may be sent now.
    /// Where it is none, the sender is noted as waiting for room.
    mutating func admit(_ batch: Batch, byteCount: Int) -> Int {
        if demand == .nothing { return batch.itemCount }
        let room = roomOrWait()
        if room == 0 || byteCount <= byteCapacity - byteDepth { return min(room, batch.itemCount) }
        let items = itemsWithin(byteCapacity - byteDepth, of: batch, atMost: room)
        if items == 0 {
            if !senderWaits { waits += 1 }
            senderWaits = true
            refusedByteCount = firstItemByteCount(of: batch)
        }
        return items
    }

    private func firstItemByteCount(of batch: Batch) -> Int {
        guard let storage = batch.rows,
            let slot = batch.slots.first(where: { batch.settlement($0) == .item })
        else { return 0 }
        return storage.values[slot].byteCount
    }

    private func itemsWithin(_ bytes: Int, of batch: Batch, atMost room: Int) -> Int {
        guard let storage = batch.rows else { return 0 }
        var sum = 0
        var items = 0
        for slot in batch.slots where batch.settlement(slot) == .item {
            sum += storage.values[slot].byteCount
            // A row larger than the whole edge must still come through, alone.
            if items == room || (sum > bytes && (items > 0 || depth > 0)) { break }
            items += 1
        }
        return items
    }

    /// - Returns: whether the reader is to be woken.
    mutating func send(_ batch: Batch, byteCount: Int) -> Bool {
        guard demand != .nothing, !isFinished, !batch.isEmpty else { return false }
        if batch.itemCount == 0 {
            let bare = batch.bareRuns()
            if let last = batches.indices.last, batches[last].batch.itemCount == 0 {
                var joined = batches[last].batch.runs
                for run in bare { joined.appendJoining(run) }
                batches[last].batch = Batch(bare: joined)
            } else {
                batches.append((Batch(bare: bare), 0))
            }
        } else {
            batches.append((batch, byteCount))
            depth += batch.itemCount
            byteDepth += byteCount
            rows += batch.itemCount
            peak = max(peak, depth)
        }
        return wakeReader()
    }

    /// End-of-stream: nothing comes after what is queued.
    /// - Returns: whether the reader is to be woken.
    mutating func finish() -> Bool {
        isFinished = true
        return wakeReader()
    }

    mutating func take() -> Taken {
        if let (batch, byteCount) = batches.popFirst() {
            depth -= batch.itemCount
            byteDepth -= byteCount
            let freesRoom = senderWaits && batch.itemCount > 0
            if freesRoom { senderWaits = false }
            return .batch(batch, freesRoom: freesRoom)
        }
        if isFinished || demand == .nothing { return .end }
        readerWaits = true
        return .nothingYet
    }

    /// The reader wants less than before.
    /// - Returns: whether the sender is to be told.
    mutating func want(_ less: Demand) -> Bool {
        switch (demand, less) {
        case (.everything, .theRest), (.everything, .nothing), (.theRest, .nothing):
            demand = less
        default:
            return false
        }
        if less == .nothing {
            batches.removeAll()
            depth = 0
            byteDepth = 0
        }
        senderWaits = false
        return !isFinished
    }

    /// Lets the sender past a deadlock.
    /// - Returns: whether the sender is to be woken.
    mutating func grow(by rows: Int) -> Bool {
        capacity += rows
        grownBy += rows
        let averageByteCount = byteDepth / max(1, depth)
        if byteDepth >= byteCapacity || refusedByteCount > byteCapacity - byteDepth {
            byteCapacity = byteDepth + max(refusedByteCount, averageByteCount * rows, 1)
        }
        refusedByteCount = 0
        defer { senderWaits = false }
        return senderWaits
    }

    private mutating func wakeReader() -> Bool {
        defer { readerWaits = false }
        return readerWaits
    }
}
