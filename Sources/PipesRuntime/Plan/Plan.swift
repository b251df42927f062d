import Glibc
public import PipesCore

/// Which nodes run together: a stage is worked on by one task, batch by batch, without a queue
/// between its nodes.
public struct Plan: Sendable {
    public struct Stage: Sendable {
        /// Node indices, senders before receivers.
        public var nodes: [Int]
        /// Whether its node may wait inside a call: it then runs on a thread of its own.
        public var mayBlock: Bool
        /// Tasks that run the nodes at once, each on batches of its own.
        public var lanes = 1
    }

    public var stages: [Stage]
    /// By node index.
    public var stageOfNode: [Int]
    /// By edge index: whether a queue stands there, as opposed to a call inside a stage.
    public var isQueue: [Bool]

    /// What the plan of one and the same graph may depend on.
    public struct Options: Sendable {
        /// Lanes that compute at once, at most: the machine's processors.
        public var processorCount = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        /// Whether nodes may have lanes at all.
        public var usesLanes = true
        /// Whether each node is a stage of its own. For tests: a run must come to the same.
        public var queuesEverywhere = false

        public init() {}
    }

    /// Rows that are given to a lane at once, at most.
    static let largestPiece = 256

    /// Threads that wait for others cost memory and no more, up to a point.
    private static let mostBlockingLanes = 1024

    /// A node joins the stage of its senders where neither ever waits, they are all in one, as
    /// many of its calls as of theirs may be in progress at once, and the user asked for no queue
    /// between them. The head of a loop starts a stage.
    public init(_ graph: CheckedGraph, _ options: Options = Options()) {
        let ofLoops = Plan.nodesAtLoopEdges(graph)
        var stages: [Stage] = []
        // By stage: looking through its nodes for each newcomer would take the square of their number.
        var neverWaits: [Bool] = []
        var stageOfNode = Array(repeating: -1, count: graph.nodes.count)
        for index in graph.order {
            let node = graph.nodes[index]
            let lanes = ofLoops.contains(index) ? 1 : Plan.lanes(node, options)
            let senders = Set(node.inputs.map { stageOfNode[graph.edges[$0].from] })
            let isHead = node.inputs.contains { graph.edges[$0].isFeedback }
            let asksForQueue =
                options.queuesEverywhere
                || node.inputs.contains { Plan.asksForQueue(graph.edges[$0]) }
            if Plan.neverWaits(node), !asksForQueue, !isHead, senders.count == 1,
                let stage = senders.first, neverWaits[stage], stages[stage].lanes == lanes,
                lanes == 1 || Plan.canFollowInLane(index, graph)
            {
                stages[stage].nodes.append(index)
                stageOfNode[index] = stage
            } else {
                stageOfNode[index] = stages.count
                neverWaits.append(Plan.neverWaits(node))
                let mayBlock = !node.description.flags.contains(.nonblocking)
                stages.append(Stage(nodes: [index], mayBlock: mayBlock, lanes: lanes))
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

    /// How many calls of a node may be in progress at once. A deferred call takes no lane; what
    /// numbers its rows anew must see them in order.
    private static func lanes(_ node: CheckedGraph.Node, _ options: Options) -> Int {
        let description = node.description
        guard options.usesLanes, description.flags.contains(.concurrent),
            !description.flags.contains(.defers),
            !description.isSource, description.rate != .aggregates
        else { return 1 }
        if !description.flags.contains(.nonblocking) {
            return min(max(1, node.properties.concurrency), mostBlockingLanes)
        }
        // Rows that are tried again wait in flight, which holds up no lane.
        guard node.properties.retry.max == 0 else { return 1 }
        return min(max(1, node.properties.concurrency), max(1, options.processorCount))
    }

    /// Nodes at the edges by which rows go round a loop or leave it: they count rows as they pass.
    private static func nodesAtLoopEdges(_ graph: CheckedGraph) -> Set<Int> {
        let edges = graph.loops.flatMap { $0.feedback + $0.exits }
        return Set(edges.flatMap { [graph.edges[$0].from, graph.edges[$0].to] })
    }

    /// Whether a node can take its rows inside a lane: they keep their keys on the way in, a join
    /// holds nothing from one piece to the next, they are no more than entered the lane, which hands
    /// over whole pieces, and the edge has room for those.
    private static func canFollowInLane(_ index: Int, _ graph: CheckedGraph) -> Bool {
        let node = graph.nodes[index]
        let comesFromSplit = node.inputs.contains {
            graph.nodes[graph.edges[$0].from].description.rate == .splits
        }
        let hasRoom = node.inputs.allSatisfy { graph.edges[$0].capacity >= largestPiece }
        if comesFromSplit || !hasRoom { return false }
        return switch node.inputMode {
        case .none, .merge: false
        case .single: true
        case .join(let join): join.groups.count == 1 && Set(join.depths).count == 1
        }
    }
}
