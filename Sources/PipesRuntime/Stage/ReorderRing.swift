/// The slots of a batch whose rows are worked on several at once, as a value: they are started in
/// order, settled in any order, and leave in order, or as they come.
struct ReorderRing {
    let count: Int
    private var isSettled: [Bool]
    /// Slots that were started, all before this one.
    private(set) var started = 0
    /// Slots that left in order, all before this one.
    private(set) var left = 0
    private var leftAsTheyCame = 0

    init(count: Int) {
        self.count = count
        isSettled = Array(repeating: false, count: count)
    }

    var isStarted: Bool { started == count }
    /// Whether all slots have left.
    var isEmpty: Bool { max(left, leftAsTheyCame) == count }

    /// - Returns: nil where all were started.
    mutating func startNext() -> Int? {
        guard started < count else { return nil }
        defer { started += 1 }
        return started
    }

    /// Its row is done with. Each slot is settled once, after it was started.
    mutating func settle(_ slot: Int) { isSettled[slot] = true }

    /// The slots that are settled behind those that have left, up to the first that is not.
    mutating func takeInOrder() -> Range<Int> {
        var end = left
        while end < count, isSettled[end] { end += 1 }
        defer { left = end }
        return left..<end
    }

    /// The slots that were settled since the last time.
    mutating func takeAsTheyCame() -> [Int] {
        let slots = (0..<started).filter { isSettled[$0] }
        for slot in slots { isSettled[slot] = false }
        leftAsTheyCame += slots.count
        return slots
    }
}
