import DequeModule
import PipesCore

/// The sending side of one output of a node: a batch goes to all its edges or to none, and the
/// slowest reader sets the pace.
struct OutputPort {
    let edges: [Edge]
    /// The same, not counted when they are taken out of the array: that is done for each batch.
    private let uncounted: [Unmanaged<Edge>]
    private let hasQueue: Bool
    private let watcher: (@Sendable (Batch) -> Void)?
    private var pending: Deque<Batch> = []

    /// - Parameter watcher: sees every batch before it is sent.
    init(edges: [Edge], watcher: (@Sendable (Batch) -> Void)? = nil) {
        self.edges = edges
        uncounted = edges.map(Unmanaged.passUnretained)
        self.watcher = watcher
        hasQueue = edges.contains { $0.isQueue }
    }

    var isEmpty: Bool { pending.isEmpty }

    /// Bytes that are worth sending on, however few the rows: a quarter of what the narrowest edge
    /// holds.
    var byteShare: Int { edges.reduce(Int.max) { min($0, max(1, $1.byteCapacity / 4)) } }

    /// Whether anybody looks at what is appended.
    var hasReaders: Bool { !edges.isEmpty || watcher != nil }

    /// Hands the batch over, or keeps it for `flush` where there is no room.
    mutating func append(_ batch: Batch) {
        watcher?(batch)
        guard !edges.isEmpty, !batch.isEmpty else { return }
        if pending.isEmpty, !hasQueue, takesAtOnce(batch.itemCount) {
            for edge in uncounted {
                edge._withUnsafeGuaranteedRef { $0.send(batch, byteCount: 0) }
            }
        } else {
            pending.append(batch)
        }
    }

    private func takesAtOnce(_ rows: Int) -> Bool {
        for edge in uncounted
        where !edge._withUnsafeGuaranteedRef({ $0.takesAtOnce(rows) }) { return false }
        return true
    }

    /// Sends what there is room for.
    /// - Returns: whether all was sent.
    mutating func flush() -> Bool {
        while let first = pending.first {
            if first.itemCount == 0 {
                for edge in edges { edge.send(first, byteCount: 0) }
                pending.removeFirst()
                continue
            }
            let byteCount = hasQueue ? first.byteCount : 0
            var items = first.itemCount
            for edge in edges {
                items = min(items, edge.admit(first, byteCount: byteCount))
                if items == 0 { return false }
            }
            if items == first.itemCount {
                for edge in edges { edge.send(first, byteCount: byteCount) }
                pending.removeFirst()
            } else {
                let part = pending[0].removePrefix(items: items)
                let partBytes = hasQueue ? part.byteCount : 0
                for edge in edges { edge.send(part, byteCount: partBytes) }
            }
        }
        return true
    }

    /// Rows that a source may produce now.
    func roomOrWait() -> Int {
        edges.reduce(Int.max) { min($0, $1.roomOrWait()) }
    }

    /// The most that any reader wants; nil where there is none.
    var demand: EdgeState.Demand? {
        var most: EdgeState.Demand?
        for edge in edges {
            switch edge.demand {
            case .everything: return .everything
            case .theRest: most = .theRest
            case .nothing: most = most ?? .nothing
            }
        }
        return most
    }

    func finish() {
        for edge in edges { edge.finish() }
    }

    /// The node has ended: nothing of it goes round any more.
    func endRounds() {
        for edge in edges where edge.isFeedback { edge.endRounds() }
    }
}
