public import PipesCore

/// Which nodes run together: a stage is worked on by one task, batch by batch, without a queue
/// between its nodes.
public struct Plan: Sendable {
    public struct Stage: Sendable {
        /// Node indices, senders before receivers.
        public var nodes: [Int]
        /// Whether its node may wait inside a call: it then runs on a thread of its own.
        public var mayBlock: Bool
    }

    public var stages: [Stage]
    /// By node index.
    public var stageOfNode: [Int]
    /// By edge index: whether a queue stands there, as opposed to a call inside a stage.
    public var isQueue: [Bool]

    /// A node joins the stage of its senders where neither ever waits, they are all in one, and
    /// the user asked for no queue between them. The head of a loop starts a stage.
    public init(_ graph: CheckedGraph) {
        var stages: [Stage] = []
        // By stage: looking through its nodes for each newcomer would take the square of their number.
        var neverWaits: [Bool] = []
        var stageOfNode = Array(repeating: -1, count: graph.nodes.count)
        for index in graph.order {
            let node = graph.nodes[index]
            let senders = Set(node.inputs.map { stageOfNode[graph.edges[$0].from] })
            let isHead = node.inputs.contains { graph.edges[$0].isFeedback }
            let asksForQueue = node.inputs.contains { Plan.asksForQueue(graph.edges[$0]) }
            if Plan.neverWaits(node), !asksForQueue, !isHead, senders.count == 1,
                let stage = senders.first,
                neverWaits[stage]
            {
                stages[stage].nodes.append(index)
                stageOfNode[index] = stage
            } else {
                stageOfNode[index] = stages.count
                neverWaits.append(Plan.neverWaits(node))
                let mayBlock = !node.description.flags.contains(.nonblocking)
                stages.append(Stage(nodes: [index], mayBlock: mayBlock))
            }
        }
        self.stages = stages
        self.stageOfNode = stageOfNode
        isQueue = graph.edges.map { $0.isFeedback || stageOfNode[$0.from] != stageOfNode[$0.to] }
    }

    /// Whether the user said how much of a queue there is to be. An edge that drops rows must be
    /// one: without a queue its reader would set the pace after all.
    private static func asksForQueue(_ edge: CheckedGraph.Edge) -> Bool {
        edge.capacityIsFixed || edge.overflow != .suspend
    }

    private static func neverWaits(_ node: CheckedGraph.Node) -> Bool {
        let flags = node.description.flags
        return flags.contains(.nonblocking) && !flags.contains(.defers)
            && node.properties.retry.max == 0
    }
}
