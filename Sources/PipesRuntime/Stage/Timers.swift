internal import HeapModule

/// What is to happen when, as a value: the earliest first, and of those that are due together the
/// one that was added first.
struct Timers {
    struct Timer {
        var due: ContinuousClock.Instant
        /// Whether something that is counted as under way waits for it.
        var isAwaited: Bool
        var ring: @Sendable () -> Void
    }

    private struct Entry: Comparable {
        /// Nanoseconds after `Timers.origin`: plain numbers move faster in a heap than instants.
        var due: Int
        var id: UInt64

        static func < (one: Entry, other: Entry) -> Bool {
            (one.due, one.id) < (other.due, other.id)
        }
    }

    private static let origin = ContinuousClock.now

    private var timers: [UInt64: Timer] = [:]
    /// Those that were removed stay in it until they come to the top, or are more than the others.
    private var heap = Heap<Entry>()
    private var lastID: UInt64 = 0
    private(set) var awaitedCount = 0

    var isEmpty: Bool { timers.isEmpty }

    /// - Returns: its number, never 0.
    mutating func add(_ timer: Timer) -> UInt64 {
        lastID += 1
        timers[lastID] = timer
        if timer.isAwaited { awaitedCount += 1 }
        heap.insert(Entry(due: Timers.origin.duration(to: timer.due).nanoseconds, id: lastID))
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
    mutating func nextDue() -> ContinuousClock.Instant? { next?.timer.due }

    /// Takes the next one out if it is due.
    mutating func popDue(_ now: ContinuousClock.Instant) -> Timer? {
        guard let (id, timer) = next, timer.due <= now else { return nil }
        heap.removeMin()
        timers[id] = nil
        if timer.isAwaited { awaitedCount -= 1 }
        return timer
    }

    private var next: (id: UInt64, timer: Timer)? {
        mutating get {
            while let first = heap.min {
                if let timer = timers[first.id] { return (first.id, timer) }
                heap.removeMin()
            }
            return nil
        }
    }

    private mutating func dropRemoved() {
        heap = Heap(heap.unordered.filter { timers[$0.id] != nil })
    }
}
