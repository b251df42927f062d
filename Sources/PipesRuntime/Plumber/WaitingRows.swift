import PipesCore

/// Rows that wait in a graph although nothing is in flight: for a partner by position, or for the
/// next round of a loop. Another graph can go on where it has a place for them.
extension CheckedGraph {
    /// Why `next` can't go on where this graph pauses; nil where it can.
    /// - Parameter ended: the nodes that have ended: no row waits there any more.
    func reasonToStay(insteadOf next: CheckedGraph, ended: Set<Int>) -> String? {
        let followed = Set(next.sameLoops(in: self).map(\.same))
        let lost = loops.indices.first { loop in
            !followed.contains(loop) && !ended.contains(edges[loops[loop].feedback[0]].from)
        }
        if let lost {
            let edge = graph.edges[loops[lost].feedback[0]]
            return
                "edge \(edge.from.quoted) -> \(edge.to.quoted) leads back, and the changed graph has "
                + "no such loop, so what goes round would be lost; start the run again"
        }
        let positions = next.positions
        for (index, node) in nodes.enumerated() where !ended.contains(index) {
            guard let sources = sourcesPairedByPosition(at: index) else { continue }
            let same = positions[node.name].flatMap { next.sourcesPairedByPosition(at: $0) }
            if same != sources {
                return
                    "node \(node.name.quoted) pairs rows of different sources by position, and does "
                    + "not pair the same ones in the changed graph, so rows that wait for a partner "
                    + "would be lost; start the run again"
            }
        }
        return nil
    }

    /// The loops that `former` has too: from the same output back to the same nodes, which take
    /// what comes from outside in the same way.
    func sameLoops(in former: CheckedGraph) -> [(own: Int, same: Int)] {
        var known: [LoopName: Int] = [:]
        for index in former.loops.indices { known[former.name(of: index)] = index }
        return loops.indices.compactMap { own in known[name(of: own)].map { (own, $0) } }
    }

    /// What a loop is told from others by.
    private struct LoopName: Hashable {
        var closer: String
        var port: String
        var heads: [String]
        var merges: [Bool]
    }

    private func name(of loop: Int) -> LoopName {
        let feedback = loops[loop].feedback.map { edges[$0] }
        let closer = nodes[feedback[0].from]
        let heads = feedback.map { nodes[$0.to] }
        return LoopName(
            closer: closer.name, port: closer.description.outputs[feedback[0].port].name,
            heads: heads.map(\.name), merges: heads.map { $0.inputMode == .merge })
    }

    /// One group of inputs that a join pairs with others by position.
    private struct JoinedGroup: Equatable {
        /// Among the inputs of the join.
        var inputs: [Int]
        /// The names of the sources that its rows go back to.
        var sources: Set<String>
    }

    /// nil where the node pairs nothing by position.
    private func sourcesPairedByPosition(at index: Int) -> [JoinedGroup]? {
        let node = nodes[index]
        guard case .join(let config) = node.inputMode, config.groups.count > 1 else { return nil }
        return config.groups.map { group in
            let origins = group.flatMap { input in
                let edge = edges[node.inputs[input]]
                return nodes[edge.from].lineages[edge.port].origins
            }
            return JoinedGroup(inputs: group, sources: Set(origins.map { nodes[$0].name }))
        }
    }
}
