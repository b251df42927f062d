import PipesCore

/// Puts what several lanes give back into the order in which it was given to them, as a value.
struct LaneRing {
    /// What came of a piece so far, or since some of it left.
    private struct Entry {
        var batches: [[Batch]]
        var byteCount = 0
        var isWhole = false
    }

    private var entries: [Int: Entry] = [:]
    private(set) var nextNumber = 0
    private var nextToLeave = 0
    /// Bytes of what has not left.
    private(set) var byteCount = 0

    /// Pieces that were given to lanes and have not left.
    var pieceCount: Int { nextNumber - nextToLeave }

    /// The number of the next piece.
    mutating func number() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    mutating func put(_ result: Lane.Result) {
        var entry = entries[result.number] ?? Entry(batches: result.batches.map { _ in [] })
        for exit in result.batches.indices { entry.batches[exit] += result.batches[exit] }
        let bytes = result.batches.joined().reduce(0) { $0 + ($1.rows?.ownedByteCount ?? 0) }
        entry.byteCount += bytes
        byteCount += bytes
        entry.isWhole = result.isWhole
        entries[result.number] = entry
    }

    /// The batches of the next piece that can leave, by exit; nil while there are none.
    mutating func takeNext() -> [[Batch]]? {
        guard let entry = entries[nextToLeave] else { return nil }
        byteCount -= entry.byteCount
        if entry.isWhole {
            entries[nextToLeave] = nil
            nextToLeave += 1
        } else {
            entries[nextToLeave] = Entry(batches: entry.batches.map { _ in [] })
            if entry.batches.allSatisfy(\.isEmpty) { return nil }
        }
        return entry.batches
    }
}
