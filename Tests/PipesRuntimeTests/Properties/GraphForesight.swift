import PipesCore

@testable import PipesRuntime

/// How much of what comes of a random graph can be told beforehand: what depends on the order in
/// which a merge lets rows through, or on how far a source had come when nobody wanted more of it,
/// is left to chance, as is what full edges drop.
struct GraphForesight {
    /// Whether rows arrive at a node in an order that can be foretold.
    private(set) var arrivesInOrder: [Bool]
    /// Whether the rows at every sink can be foretold, in whatever order.
    private(set) var isCertain = true
    /// Whether a node may be stopped because nobody wants more of it: what it counts is at most
    /// what is foretold.
    private(set) var isCuttable: [Bool]
    /// Whether what a node counts can be foretold although it ends early.
    private(set) var countsRows: [Bool]
    /// Whether the number of partners that never came can be foretold.
    private(set) var countsMissing: [Bool]
    /// Whether every row at a node would also be there if the sources had brought more, or fewer
    /// rows had failed.
    private(set) var isMonotone: [Bool]

    private let spec: GraphSpec
    private let graph: CheckedGraph
    /// Whether a stream may end before its lineage does.
    private var endsEarly: [Bool]
    /// Whether a stream may go on with any number of losses behind its last row.
    private var hasVagueTail: [Bool]
    private var leavesInOrder: [Bool]

    init(_ spec: GraphSpec, _ graph: CheckedGraph) {
        self.spec = spec
        self.graph = graph
        let no = Array(repeating: false, count: spec.nodes.count)
        let yes = Array(repeating: true, count: spec.nodes.count)
        (isCuttable, endsEarly, hasVagueTail) = (no, no, no)
        (arrivesInOrder, leavesInOrder, isMonotone) = (yes, yes, yes)
        (countsRows, countsMissing) = (yes, yes)
        for node in graph.order { look(at: node) }
        for node in graph.order.reversed() { cut(node) }
    }

    /// Whether all that a node counts can be foretold.
    func isExact(_ node: Int) -> Bool { !isCuttable[node] && countsRows[node] }

    private func senders(_ node: Int) -> [Int] {
        graph.nodes[node].inputs.map { graph.edges[$0].from }
    }

    /// Whether a join wants no more of its inputs once one of them has ended.
    private func endsWithFirstInput(_ node: Int) -> Bool {
        guard case .join(let config) = graph.nodes[node].inputMode,
            graph.nodes[node].properties.onMissing == .skip, config.depths.count > 1
        else { return false }
        return config.groups.count > 1
            || senders(node).contains { endsEarly[$0] || hasVagueTail[$0] }
    }

    private mutating func look(at node: Int) {
        let own = spec.nodes[node]
        let senders = senders(node)
        let checked = graph.nodes[node]
        // Which rows a full edge drops is a matter of time.
        if checked.inputs.contains(where: { graph.edges[$0].overflow != .suspend }) {
            isCertain = false
        }
        arrivesInOrder[node] = senders.allSatisfy { leavesInOrder[$0] }
        isMonotone[node] = senders.allSatisfy { isMonotone[$0] }
        endsEarly[node] = own.behaviour.mayEnd || senders.contains { endsEarly[$0] }
        hasVagueTail[node] =
            own.behaviour.mayEnd || endsWithFirstInput(node)
            || senders.contains { hasVagueTail[$0] }
        switch checked.inputMode {
        case .none, .single: break
        case .merge:
            if senders.count > 1 { arrivesInOrder[node] = false }
            endsEarly[node] = own.behaviour.mayEnd
            hasVagueTail[node] = own.behaviour.mayEnd
        case .join(let config): look(atJoin: node, config, senders)
        }
        if own.behaviour.mayEnd {
            if !arrivesInOrder[node] || own.overlaps { isCertain = false }
            if own.takesBatches { countsRows[node] = false }
        }
        if case .sum = own.kind {
            if !arrivesInOrder[node] { isCertain = false }
            (endsEarly[node], hasVagueTail[node]) = (false, false)
            isMonotone[node] = false
        }
        // Which rows an edge drops is left to chance; what is left is whole.
        if checked.inputs.contains(where: { graph.edges[$0].overflow != .suspend }) {
            isCertain = false
        }
        leavesInOrder[node] = arrivesInOrder[node] && own.properties.ordered
    }

    private mutating func look(
        atJoin node: Int, _ config: CheckedGraph.JoinConfig, _ senders: [Int]
    ) {
        let onMissing = graph.nodes[node].properties.onMissing
        if onMissing == .null { isMonotone[node] = false }
        if config.groups.count > 1 {
            isMonotone[node] = false
            if !arrivesInOrder[node] { isCertain = false }
        }
        // Partners of rows that are never asked for may be counted or not.
        if endsWithFirstInput(node) || spec.nodes[node].behaviour.mayEnd {
            countsMissing[node] = false
        }
        // Whether a long key's losses are told or not makes a difference to a shorter one.
        for group in config.groups {
            let isMixed = Set(group.map { config.depths[$0] }).count > 1
            let isVague = group.contains { hasVagueTail[senders[$0]] }
            guard isMixed, isVague else { continue }
            countsMissing[node] = false
            if onMissing != .skip { isCertain = false }
        }
    }

    private mutating func cut(_ node: Int) {
        let readers = graph.nodes[node].outputs.joined().map { graph.edges[$0].to }
        isCuttable[node] =
            !readers.isEmpty
            && readers.allSatisfy {
                spec.nodes[$0].behaviour.mayEnd || endsWithFirstInput($0) || isCuttable[$0]
            }
    }
}
