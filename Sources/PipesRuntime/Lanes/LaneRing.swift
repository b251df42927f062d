import PipesCore

/// Puts what several lanes give back into the order in which it was given to them, as a value.
struct LaneRing {
    private var results: [Int: [[Batch]]] = [:]
    private(set) var nextNumber = 0
    private var nextToLeave = 0

    /// Pieces that were given to lanes and have not left.
    var pieceCount: Int { nextNumber - nextToLeave }

    /// The number of the next piece.
    mutating func number() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    mutating func put(_ result: Lane.Result) { results[result.number] = result.batches }

    /// The batches of the next piece, by exit; nil while it is not there.
    mutating func takeNext() -> [[Batch]]? {
        guard let batches = results.removeValue(forKey: nextToLeave) else { return nil }
        nextToLeave += 1
        return batches
    }
}
