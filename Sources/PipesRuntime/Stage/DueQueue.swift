internal import HeapModule

/// What is due at some instant, as a value: the earliest first, and of those that are due together
/// the one that was added first. Adding and removing take no longer the more there are, but for the
/// depth of a heap.
struct DueQueue<Element> {
    private struct Entry: Comparable {
        /// Nanoseconds after `origin`: plain numbers move faster in a heap than instants.
        var due: Int
        var id: UInt64

        static func < (one: Entry, other: Entry) -> Bool {
            (one.due, one.id) < (other.due, other.id)
        }
    }

    private var elements: [UInt64: (due: ContinuousClock.Instant, element: Element)] = [:]
    /// Those that were removed stay in it until they come to the top, or are more than the others.
    /// The one at the top was not removed.
    private var heap = Heap<Entry>()
    private var lastID: UInt64 = 0

    var count: Int { elements.count }
    var isEmpty: Bool { elements.isEmpty }

    /// - Returns: its number, never 0.
    mutating func add(_ element: Element, at due: ContinuousClock.Instant) -> UInt64 {
        lastID += 1
        elements[lastID] = (due, element)
        heap.insert(Entry(due: origin.duration(to: due).nanoseconds, id: lastID))
        return lastID
    }

    /// - Returns: nil where it was taken, or never was.
    mutating func remove(_ id: UInt64) -> Element? {
        guard let (_, element) = elements.removeValue(forKey: id) else { return nil }
        if heap.count > 64, heap.count > elements.count * 2 {
            heap = Heap(heap.unordered.filter { elements[$0.id] != nil })
        }
        uncoverNext()
        return element
    }

    /// When the next one is due.
    var nextDue: ContinuousClock.Instant? { heap.min.flatMap { elements[$0.id]?.due } }

    /// Takes the next one out if it is due.
    mutating func popDue(_ now: ContinuousClock.Instant) -> Element? {
        guard let nextDue, nextDue <= now else { return nil }
        return popFirst()
    }

    /// Takes the next one out, due or not.
    mutating func popFirst() -> Element? {
        guard let first = heap.popMin() else { return nil }
        defer { uncoverNext() }
        return elements.removeValue(forKey: first.id)?.element
    }

    private mutating func uncoverNext() {
        while let first = heap.min, elements[first.id] == nil { heap.removeMin() }
    }
}

private let origin = ContinuousClock.now
