import PipesCore

/// A node that goes on with the processor of a node of the run before.
struct Heir: Equatable {
    /// Its position in the graph before.
    var former: Int
    /// Whether that node had ended, so that this one never starts.
    var hasEnded: Bool

    typealias Resolved = (graph: CheckedGraph, factories: [any ProcessorFactory])

    /// Finds the nodes that are the same in both graphs: of the same name, with the same processor
    /// and args, and used by the graph in the same way. A node that has ended is only the same
    /// where all its senders are: otherwise there are new rows for it.
    ///
    /// - Parameter ended: positions in the graph before.
    /// - Returns: by position in the new graph.
    static func find(
        from old: Resolved, to new: Resolved, ended: Set<Int>
    ) -> [Int: Heir] {
        guard old.graph.graph.env == new.graph.graph.env else { return [:] }
        var positions: [String: Int] = [:]
        for (index, node) in old.graph.nodes.enumerated() { positions[node.name] = index }
        var heirs: [Int: Heir] = [:]
        for index in new.graph.order {
            guard let former = positions[new.graph.nodes[index].name],
                isSame(old, former, new, index)
            else { continue }
            let hasEnded = ended.contains(former)
            let senders = new.graph.senders(of: index)
            if hasEnded {
                let isFedAnew =
                    senders.contains { heirs[$0] == nil }
                    || senders.map { new.graph.nodes[$0].name }
                        != old.graph.senders(of: former).map { old.graph.nodes[$0].name }
                if isFedAnew { continue }
            }
            heirs[index] = Heir(former: former, hasEnded: hasEnded)
        }
        return heirs
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
    func has(_ name: String) -> Bool { nodes.contains { $0.name == name } }

    /// In the order of joined inputs.
    fileprivate func senders(of node: Int) -> [Int] { nodes[node].inputs.map { edges[$0].from } }
}

extension CheckedGraph.Node {
    /// Values in a row; 0 for a source.
    fileprivate var joinedCount: Int {
        if case .join = inputMode { return inputs.count }
        return description.isSource ? 0 : 1
    }
}
