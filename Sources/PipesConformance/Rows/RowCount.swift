import CPipes

/// How many rows a processor was given, and what it made of them.
public struct RowCount: Sendable, Hashable {
    public var given = 0
    /// Those that did not fail.
    public var taken = 0
    /// Those of which something came.
    public var yielding = 0

    static func + (left: RowCount, right: RowCount) -> RowCount {
        RowCount(
            given: left.given + right.given, taken: left.taken + right.taken,
            yielding: left.yielding + right.yielding)
    }

    /// Each row that there was failed.
    var isOfFailures: Bool { given > 0 && taken == 0 }
    /// Rows were taken, and nothing came of any.
    var isOfNothing: Bool { taken > 0 && yielding == 0 }
}

extension RowCount {
    /// As a child says it to its parent.
    var text: String { "\(given) \(taken) \(yielding)" }

    /// - Returns: nil for what `text` does not give.
    init?(text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        self.init(given: numbers[0], taken: numbers[1], yielding: numbers[2])
    }
}

extension OpenNode.Outcome {
    /// The rows of the call, for which nothing is to be said where it was told to stop.
    var rowCount: RowCount {
        let hasFailed = status < 0
        switch call.kind {
        case .produce: return RowCount()
        case .flush: return RowCount(given: 0, taken: 0, yielding: hasFailed ? 0 : emitted.count)
        case .map:
            if status == PIPES_CANCELLED { return RowCount() }
            return RowCount(
                given: 1, taken: hasFailed ? 0 : 1, yielding: value == nil || hasFailed ? 0 : 1)
        case .process(let rows):
            if status == PIPES_CANCELLED { return RowCount() }
            if hasFailed { return RowCount(given: rows, taken: 0, yielding: 0) }
            let failed = settlements.values.count { $0.status < 0 }
            let yielding = emitted.contains { $0.row == nil } ? 1 : Set(emitted.map(\.row)).count
            return RowCount(given: rows, taken: max(0, rows - failed), yielding: yielding)
        }
    }
}
