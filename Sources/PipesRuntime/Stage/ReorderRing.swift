/// The slots of a batch whose rows are worked on several at once, as a value: they are started in
/// order, settled in any order, and leave in order.
struct ReorderRing {
    let count: Int
    private var isSettled: [Bool]
    /// Slots that were started, all before this one.
    private(set) var started = 0
    /// Slots that left, all before this one.
    private(set) var left = 0

    init(count: Int) {
        self.count = count
        isSettled = Array(repeating: false, count: count)
    }

    var isStarted: Bool { started == count }
    /// Whether all slots have left.
    var isEmpty: Bool { left == count }

    /// - Returns: nil where all were started.
    mutating func startNext() -> Int? {
        guard started < count else { return nil }
        defer { started += 1 }
        return started
    }

    /// So many more were started together with the last one.
    mutating func start(_ more: Int) { started = min(count, started + more) }

    /// Its row is done with. Each slot is settled once, after it was started.
    mutating func settle(_ slot: Int) { isSettled[slot] = true }

    /// The slots that are settled behind those that have left, up to the first that is not.
    mutating func takeInOrder() -> Range<Int> {
        var end = left
        while end < count, isSettled[end] { end += 1 }
        defer { left = end }
        return left..<end
    }
}
