import PipesCore

/// A node that goes on where the run before stopped, or never starts.
struct Heir: Equatable {
    /// The node of the graph before that has its processor; nil where there is none.
    var former: Int?
    /// Whether there is nothing left for it to do, so that it never starts.
    var hasEnded: Bool

    typealias Resolved = (graph: CheckedGraph, factories: [any ProcessorFactory])

    /// Finds the nodes that are the same in both graphs: of the same name, with the same processor
    /// and args, and used by the graph in the same way. A node that has ended stays so unless rows
    /// can come to it that could not before; a new one to which none can come does not start.
    ///
    /// - Parameter ended: positions in the graph before.
    /// - Returns: by position in the new graph; all others are opened.
    static func find(
        from old: Resolved, to new: Resolved, ended: Set<Int>
    ) -> [Int: Heir] {
        let positions = old.graph.positions
        let isSameEnv = old.graph.graph.env == new.graph.graph.env
        let loops = LoopedRows(new.graph, after: old.graph, ended: ended)
        var heirs: [Int: Heir] = [:]
        /// Nodes that may still yield rows.
        var yielding: Set<Int> = []
        for index in new.graph.order {
            let node = new.graph.nodes[index]
            let former = positions[node.name].flatMap { former in
                isSameEnv && isSame(old, former, new, index) ? former : nil
            }
            let hasEnded = former.map { ended.contains($0) } ?? false
            let feeding = node.inputs.filter { edge in
                new.graph.edges[edge].isFeedback
                    ? loops.yielding.contains(edge)
                    : yielding.contains(new.graph.edges[edge].from)
            }
            let formerSenders = former.map { old.graph.senders(of: $0) } ?? []
            // Where it wants no more of its senders, that still holds.
            let isFedAnew = feeding.contains { edge in
                let sender = new.graph.edges[edge].from
                if new.graph.edges[edge].isFeedback { return !loops.known.contains(edge) }
                return heirs[sender].map { !formerSenders.contains($0.former) } ?? true
            }
            if let former, !hasEnded || !isFedAnew {
                heirs[index] = Heir(former: former, hasEnded: hasEnded)
                if !hasEnded { yielding.insert(index) }
            } else if !feeding.isEmpty || node.description.isSource {
                yielding.insert(index)
            } else {
                heirs[index] = Heir(former: nil, hasEnded: true)
            }
        }
        return heirs
    }

    /// The feedback edges of a graph.
    private struct LoopedRows {
        /// Those of loops that the graph before has too.
        var known: Set<Int> = []
        /// Those by which rows can come.
        var yielding: Set<Int>

        /// - Parameter ended: positions in the graph before.
        init(_ graph: CheckedGraph, after former: CheckedGraph, ended: Set<Int>) {
            yielding = Set(graph.loops.flatMap(\.feedback))
            for (own, same) in graph.sameLoops(in: former) {
                known.formUnion(graph.loops[own].feedback)
                let closer = former.edges[former.loops[same].feedback[0]].from
                if ended.contains(closer) { yielding.subtract(graph.loops[own].feedback) }
            }
        }
    }

    private static func isSame(
        _ old: Resolved, _ former: Int, _ new: Resolved, _ index: Int
    ) -> Bool {
        let (before, now) = (old.graph.nodes[former], new.graph.nodes[index])
        let (written, writtenNow) = (old.graph.graph.nodes[former], new.graph.graph.nodes[index])
        return written.coro == writtenNow.coro && written.signature == writtenNow.signature
            && before.args == now.args && before.joinedCount == now.joinedCount
            && before.outputs.map(\.isEmpty) == now.outputs.map(\.isEmpty)
            && before.properties.concurrency == now.properties.concurrency
            && new.factories[index].isSame(as: old.factories[former])
    }
}

extension CheckedGraph {
    /// By name.
    var positions: [String: Int] {
        var positions: [String: Int] = [:]
        for (index, node) in nodes.enumerated() { positions[node.name] = index }
        return positions
    }

    fileprivate func senders(of node: Int) -> [Int?] { nodes[node].inputs.map { edges[$0].from } }
}

extension CheckedGraph.Node {
    /// Values in a row; 0 for a source.
    fileprivate var joinedCount: Int {
        if case .join = inputMode { return inputs.count }
        return description.isSource ? 0 : 1
    }
}
