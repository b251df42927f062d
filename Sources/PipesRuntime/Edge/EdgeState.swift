import DequeModule
import PipesCore

/// A bounded queue of batches between one sender and one reader, as a value: a transition says
/// what is to be done once the lock is left.
///
/// Depth counts the rows in the queue, not those that the reader has taken. Settlements without a
/// row take no room: neighbouring ones are joined to ranges, so there is at most one such batch
/// for each batch with rows.
///
/// An edge that drops rows never has its sender wait: the key of a row that is dropped stays where
/// it was, settled as a skip.
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
    /// Lets in fewer rows than there is room for where the reader is slow; nil where it does not.
    private var pace: ReaderPace?
    /// Rows that are let in whatever the reader's pace: some other branch may hold as many back.
    private let leastRoom: Int
    private let overflow: NodeProperties.Overflow
    /// Whether the reader has a use for settlements without a row.
    private let readsKeys: Bool
    private(set) var depth = 0
    private(set) var byteDepth = 0
    private(set) var demand = Demand.everything
    private(set) var senderWaits = false
    private(set) var readerWaits = false
    private(set) var isFinished = false
    private(set) var batches: Deque<(batch: Batch, byteCount: Int)> = []

    /// Rows that came in and were not dropped.
    private(set) var rows = 0
    private(set) var dropped = 0
    private(set) var peak = 0
    private(set) var waits = 0
    private(set) var grownBy = 0
    /// The bytes of the row that the sender could not send although there was room for rows.
    private var refusedByteCount = 0

    /// - Parameters:
    ///   - followsReader: whether a slow reader makes it hold fewer rows than its capacity.
    ///   - leastRoom: rows that it holds also then.
    init(
        capacity: Int, byteCapacity: Int, overflow: NodeProperties.Overflow = .suspend,
        readsKeys: Bool = true, followsReader: Bool = false, leastRoom: Int = 1
    ) {
        pace = followsReader && overflow == .suspend ? ReaderPace() : nil
        self.leastRoom = leastRoom
        self.capacity = max(1, capacity)
        self.byteCapacity = max(1, byteCapacity)
        self.overflow = overflow
        self.readsKeys = readsKeys
    }

    var isDrained: Bool { batches.isEmpty && isFinished }
    var hasBatch: Bool { !batches.isEmpty }

    /// Rows that it holds at present.
    var rowLimit: Int {
        guard let pace else { return capacity }
        return min(capacity, max(pace.rows, leastRoom))
    }

    /// Whether the time matters at which the reader looks.
    var measuresReader: Bool { pace != nil }

    /// Rows there is room for. A lone row always has room, however large it is.
    var room: Int {
        if demand == .nothing { return Int.max }
        let limit = rowLimit
        if depth == 0 { return limit }
        return byteDepth < byteCapacity ? max(0, limit - depth) : 0
    }

    /// As `room`; where there is none, the sender is noted as waiting for it.
    mutating func roomOrWait() -> Int {
        // Rows that a source brings at once are all on the edge before the reader can look.
        if overflow != .suspend { return capacity }
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
        if demand == .nothing || overflow != .suspend { return batch.itemCount }
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
        batch.itemByteCounts.first { _ in true } ?? 0
    }

    private func itemsWithin(_ bytes: Int, of batch: Batch, atMost room: Int) -> Int {
        var sum = 0
        var items = 0
        for byteCount in batch.itemByteCounts {
            sum += byteCount
            // A row larger than the whole edge must still come through, alone.
            if items == room || (sum > bytes && (items > 0 || depth > 0)) { break }
            items += 1
        }
        return items
    }

    /// - Returns: whether the reader is to be woken.
    mutating func send(_ batch: Batch, byteCount: Int) -> Bool {
        guard demand != .nothing, !isFinished, !batch.isEmpty else { return false }
        let batchCount = batches.count
        switch overflow {
        case .suspend: append(batch, byteCount: byteCount)
        case .dropOldest:
            append(batch, byteCount: byteCount)
            dropOldest()
        case .dropNewest: appendWhatFits(batch, byteCount: byteCount)
        }
        peak = max(peak, depth)
        // Settlements that nobody reads may be all there was.
        return batches.isEmpty && batchCount == 0 ? false : wakeReader()
    }

    private mutating func append(_ batch: Batch, byteCount: Int) {
        guard batch.itemCount > 0 else { return append(bare: batch.bareRuns()) }
        batches.append((batch, byteCount))
        depth += batch.itemCount
        byteDepth += byteCount
        rows += batch.itemCount
    }

    private mutating func append(bare runs: [KeyRun]) {
        guard readsKeys, !runs.isEmpty else { return }
        if let last = batches.indices.last, batches[last].batch.itemCount == 0 {
            batches[last].batch.appendBare(runs)
        } else {
            batches.append((Batch(bare: runs), 0))
        }
    }

    /// Drops each row there is no room for when its turn comes; one behind it may be smaller.
    private mutating func appendWhatFits(_ batch: Batch, byteCount: Int) {
        var (rest, restBytes) = (batch, byteCount)
        while rest.itemCount > 0 {
            let room = room
            let fitting =
                room > 0 ? itemsWithin(byteCapacity - byteDepth, of: rest, atMost: room) : 0
            if fitting > 0 {
                let part = rest.removePrefix(items: fitting)
                let bytes = part.byteCount
                append(part, byteCount: bytes)
                restBytes -= bytes
            } else {
                // Where the edge is full there is no need to look at each of the others.
                drop(rest.removePrefix(items: room > 0 ? 1 : rest.itemCount))
            }
        }
        append(bare: rest.bareRuns())
    }

    private mutating func drop(_ batch: Batch) {
        dropped += batch.itemCount
        append(bare: batch.bareRuns(items: .skip))
    }

    /// Drops the rows at the front that those behind them leave no room for. Their settlements are
    /// gathered in one batch, which the reader finds first.
    private mutating func dropOldest() {
        guard isOverfull else { return }
        if batches[0].batch.itemCount > 0 { batches.prepend((Batch(bare: []), 0)) }
        while batches.count > 1, isOverfull || batches[1].batch.itemCount == 0 {
            let (items, bytes) = surplus(in: batches[1].batch)
            let first = batches[1].batch.removePrefix(items: items)
            batches[1].byteCount -= bytes
            depth -= items
            byteDepth -= bytes
            rows -= items
            dropped += items
            var settled = first.bareRuns(items: .skip)
            if batches[1].batch.itemCount == 0 {
                settled += batches.remove(at: 1).batch.bareRuns()
            }
            if readsKeys { batches[0].batch.appendBare(settled) }
        }
        if batches[0].batch.isEmpty { batches.removeFirst() }
    }

    private var isOverfull: Bool { depth > capacity || (byteDepth > byteCapacity && depth > 1) }

    /// How many of the first items of a batch, and of their bytes, are too many for the edge.
    private func surplus(in batch: Batch) -> (items: Int, bytes: Int) {
        var items = 0
        var bytes = 0
        for byteCount in batch.itemByteCounts {
            let (depth, byteDepth) = (depth - items, byteDepth - bytes)
            guard depth > capacity || (byteDepth > byteCapacity && depth > 1) else { break }
            items += 1
            bytes += byteCount
        }
        return (items, bytes)
    }

    /// End-of-stream: nothing comes after what is queued.
    /// - Returns: whether the reader is to be woken.
    mutating func finish() -> Bool {
        isFinished = true
        return wakeReader()
    }

    /// - Parameters:
    ///   - most: rows of a batch that are taken; the others stay.
    ///   - now: nanoseconds on any steady clock, where it `measuresReader`.
    mutating func take(atMost most: Int = Int.max, now: Int = 0) -> Taken {
        if let (batch, byteCount) = takeFirst(atMost: most) {
            if batch.itemCount > 0 { pace?.noteTaking(batch.itemCount, now: now) }
            depth -= batch.itemCount
            byteDepth -= byteCount
            let freesRoom = senderWaits && batch.itemCount > 0 && isHalfEmpty
            if freesRoom { senderWaits = false }
            return .batch(batch, freesRoom: freesRoom)
        }
        pace?.noteTaking(0, now: now)
        if isFinished || demand == .nothing { return .end }
        readerWaits = true
        return .nothingYet
    }

    private mutating func takeFirst(atMost most: Int) -> (batch: Batch, byteCount: Int)? {
        guard let first = batches.first, first.batch.itemCount > most else {
            return batches.popFirst()
        }
        let part = batches[0].batch.removePrefix(items: max(1, most))
        let byteCount = part.byteCount
        batches[0].byteCount -= byteCount
        return (part, byteCount)
    }

    /// A sender that was woken for each batch that is taken would do nothing but fall asleep and
    /// wake up. So it sleeps until there is some room, or its reader will take no more for now.
    private var isHalfEmpty: Bool { depth <= rowLimit / 2 && byteDepth <= byteCapacity / 2 }

    /// The reader will take no more for now.
    /// - Returns: whether the sender is to be told of the room there is.
    mutating func rest() -> Bool {
        guard senderWaits, room > 0 else { return false }
        senderWaits = false
        return true
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

    /// Goes on with what was queued on the edge of another run, which counted it.
    mutating func goOn(from former: EdgeState) {
        batches = former.batches
        depth = former.depth
        byteDepth = former.byteDepth
        peak = depth
    }

    /// Counts rows that went another way than through the queue.
    mutating func noteHandedOver(rows: Int, peak: Int) {
        self.rows = rows
        self.peak = peak
    }

    /// Lets in as many rows as there is room for, whatever the reader's pace: from now on, since the
    /// graph needs them.
    /// - Returns: whether that makes more room for a sender that waits, which is to be woken.
    mutating func stopFollowingReader() -> Bool {
        let former = rowLimit
        pace = nil
        guard senderWaits, rowLimit > former else { return false }
        senderWaits = false
        return true
    }

    /// Lets the sender past a deadlock.
    /// - Returns: whether the sender is to be woken.
    mutating func grow(by rows: Int) -> Bool {
        pace = nil
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
