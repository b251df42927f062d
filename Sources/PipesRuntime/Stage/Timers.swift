/// What is to happen when, as a value: the earliest first, and of those that are due together the
/// one that was added first.
struct Timers {
    struct Timer {
        var due: ContinuousClock.Instant
        /// Whether something that is counted as under way waits for it.
        var isAwaited: Bool
        var ring: @Sendable () -> Void
    }

    private struct Entry {
        var due: ContinuousClock.Instant
        var id: UInt64

        func isBefore(_ other: Entry) -> Bool { (due, id) < (other.due, other.id) }
    }

    private var timers: [UInt64: Timer] = [:]
    /// A binary heap. Those that were removed stay in it until they come to the top, or are more
    /// than the others.
    private var heap: [Entry] = []
    private var lastID: UInt64 = 0
    private(set) var awaitedCount = 0

    var isEmpty: Bool { timers.isEmpty }

    /// - Returns: its number, never 0.
    mutating func add(_ timer: Timer) -> UInt64 {
        lastID += 1
        timers[lastID] = timer
        if timer.isAwaited { awaitedCount += 1 }
        heap.append(Entry(due: timer.due, id: lastID))
        siftUp(heap.count - 1)
        return lastID
    }

    /// - Returns: false where it has rung, or never was.
    mutating func remove(_ id: UInt64) -> Bool {
        guard let timer = timers.removeValue(forKey: id) else { return false }
        if timer.isAwaited { awaitedCount -= 1 }
        if heap.count > 64, heap.count > timers.count * 2 { dropRemoved() }
        return true
    }

    /// When the next one is due.
    mutating func nextDue() -> ContinuousClock.Instant? {
        while let first = heap.first, timers[first.id] == nil { removeFirst() }
        return heap.first?.due
    }

    /// Takes the next one out if it is due.
    mutating func popDue(_ now: ContinuousClock.Instant) -> Timer? {
        guard let due = nextDue(), due <= now, let id = heap.first?.id else { return nil }
        removeFirst()
        let timer = timers.removeValue(forKey: id)
        if timer?.isAwaited == true { awaitedCount -= 1 }
        return timer
    }

    private mutating func dropRemoved() {
        // What is sorted is a heap.
        heap = heap.filter { timers[$0.id] != nil }.sorted { $0.isBefore($1) }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [index * 2 + 1, index * 2 + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
