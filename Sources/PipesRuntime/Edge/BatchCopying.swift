import CPipes
import PipesCore

extension Batch {
    /// Some of the rows, which lie side by side, in memory of their own: what goes round must not
    /// keep the memory of all rounds before it, and what waits for another graph must not rest on
    /// processors that end with this one.
    /// - Parameters:
    ///   - ranges: of rows, counted from the first.
    ///   - keys: as many as rows.
    /// - Returns: whether all could be copied. What can't is kept where it is.
    func copied(_ ranges: [Range<Int>], _ keys: [KeyRun]) -> (batch: Batch, isOwn: Bool) {
        guard let rows, !ranges.isEmpty else { return (Batch(bare: []), true) }
        let count = ranges.reduce(0) { $0 + $1.count }
        let copies = RowStorage(capacity: count)
        var isOwn = true
        var slot = 0
        for row in ranges.joined() {
            let value = rows.values[slots.lowerBound + row]
            isOwn = copies.take(value, from: rows, into: slot) && isOwn
            slot += 1
        }
        let batch = Batch(runs: keys, rows: copies, slots: 0..<count, itemCount: count)
        return (batch, isOwn)
    }
}

extension RowStorage {
    /// Copies a value with all that it refers to.
    /// - Parameter place: in `values`.
    /// - Returns: false where it can't be copied; it is kept where it is then.
    func take(_ value: pipes_value, from owner: RowStorage?, into place: Int) -> Bool {
        values[place] = value
        guard value.kind > Kind.float.rawValue else { return true }
        if let copy = value.copied(to: self) {
            values[place] = copy
            return true
        }
        if let owner { keepAlive(owner) }
        return false
    }
}
