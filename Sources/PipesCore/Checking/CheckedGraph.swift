/// A graph in which every name is resolved, every arg is typed and every join is known to be
/// possible: what the runtime builds its plan from. Indices are into `nodes` and `edges`.
public struct CheckedGraph: Sendable {
    public var graph: Graph
    /// In the order of `graph.nodes`.
    public var nodes: [Node]
    /// In the order of `graph.edges`.
    public var edges: [Edge]
    public var loops: [Loop]
    /// Node indices, senders before receivers; feedback edges left aside.
    public var order: [Int]
    public var warnings: [Diagnostic]

    public init(
        graph: Graph, nodes: [Node], edges: [Edge], loops: [Loop] = [], order: [Int],
        warnings: [Diagnostic]
    ) {
        self.graph = graph
        self.nodes = nodes
        self.edges = edges
        self.loops = loops
        self.order = order
        self.warnings = warnings
    }

    public struct Node: Sendable {
        public var name: String
        public var description: ProcessorDescription
        /// In the order of the params, of their kinds (BYTES decoded, integers widened to FLOAT
        /// where the param wants one), defaults filled in.
        public var args: [Value]
        public var properties: NodeProperties
        /// Edge indices, in the order of joined inputs.
        public var inputs: [Int]
        /// For each output port, the edges that leave by it.
        public var outputs: [[Int]]
        public var inputMode: InputMode
        /// The lineage of the rows that leave by each output port.
        public var lineages: [Lineage]
        /// `description.holds`, with the arg looked up. `Int.max`: until flush.
        public var holds: Int

        public init(
            name: String, description: ProcessorDescription, args: [Value],
            properties: NodeProperties, inputs: [Int], outputs: [[Int]], inputMode: InputMode,
            lineages: [Lineage], holds: Int
        ) {
            self.name = name
            self.description = description
            self.args = args
            self.properties = properties
            self.inputs = inputs
            self.outputs = outputs
            self.inputMode = inputMode
            self.lineages = lineages
            self.holds = holds
        }
    }

    public struct Edge: Sendable {
        public var from: Int
        public var port: Int
        public var to: Int
        /// In rows.
        public var capacity: Int
        /// In bytes.
        public var byteCapacity: Int
        /// Whether the user gave this edge or its receiver a `queue_size`.
        public var capacityIsFixed: Bool
        /// Rows that it must let in however slow its reader is: another branch of a join may hold as
        /// many back.
        public var leastRoom: Int
        public var overflow: NodeProperties.Overflow
        /// Whether it starts the next round of a loop.
        public var isFeedback: Bool

        public init(
            from: Int, port: Int, to: Int, capacity: Int, byteCapacity: Int, capacityIsFixed: Bool,
            leastRoom: Int = 1, overflow: NodeProperties.Overflow = .suspend,
            isFeedback: Bool = false
        ) {
            self.from = from
            self.port = port
            self.to = to
            self.capacity = capacity
            self.byteCapacity = byteCapacity
            self.capacityIsFixed = capacityIsFixed
            self.leastRoom = leastRoom
            self.overflow = overflow
            self.isFeedback = isFeedback
        }
    }

    /// Nodes whose rows go round. Each row that enters at a head is settled once, under the key it
    /// entered with, on every feedback edge of the loop.
    public struct Loop: Sendable {
        /// Edge indices: the feedback edges, all from one output of the closer.
        public var feedback: [Int]
        /// For each of them the values of round 0, of the kind that its head takes; as many for
        /// each.
        public var initial: [[Value]]
        /// Rows that may be in the loop at once.
        public var maxInLoop: Int
        /// Edges by which rows leave the loop.
        public var exits: [Int]

        public init(feedback: [Int], initial: [[Value]], maxInLoop: Int, exits: [Int]) {
            self.feedback = feedback
            self.initial = initial
            self.maxInLoop = maxInLoop
            self.exits = exits
        }
    }

    public enum InputMode: Sendable, Hashable {
        /// A source.
        case none
        /// One input edge: its rows and keys as they are.
        case single
        /// Several edges, or `aggregate_inputs: false`: one by one, a new lineage.
        case merge
        /// Several edges whose rows are paired.
        case join(JoinConfig)
    }

    /// How the inputs of a join are paired.
    public struct JoinConfig: Sendable, Hashable {
        /// Inputs (positions in the node's `inputs`) of one lineage pair by key; the groups pair
        /// by position. One group: the join keeps the longest lineage of its inputs.
        public var groups: [[Int]]
        /// The number of numbers in a key of each input, by position in `inputs`.
        public var depths: [Int]

        public init(groups: [[Int]], depths: [Int]) {
            self.groups = groups
            self.depths = depths
        }
    }
}

/// Where the keys of rows come from. Rows of two edges share keys when one lineage is a prefix
/// of the other.
public struct Lineage: Sendable, Hashable {
    /// One step of a key: who numbered it. The first is a source, an aggregate, a merge or a join
    /// of different lineages; the following are splits. A feedback edge gives two steps: the round,
    /// and the place in it.
    public struct Step: Sendable, Hashable {
        public var node: Int
        public var port: Int

        public init(node: Int, port: Int = 0) {
            self.node = node
            self.port = port
        }
    }

    public var steps: [Step]
    /// The sources it goes back to, as node indices.
    public var origins: Set<Int>

    public init(steps: [Step], origins: Set<Int>) {
        self.steps = steps
        self.origins = origins
    }

    /// The rows that go back by an output of a loop's closer. The closer stands for the source
    /// that `initial` comes from.
    public static func feedback(from closer: Int, port: Int) -> Lineage {
        // No port of a node has a negative number.
        let step = Step(node: closer, port: -1 - port)
        return Lineage(steps: [step, step], origins: [closer])
    }

    public var isOfFeedback: Bool { steps[0].port < 0 }

    /// How many numbers a key has.
    public var depth: Int { steps.count }

    public func isPrefix(of other: Lineage) -> Bool {
        steps.count <= other.steps.count && steps.elementsEqual(other.steps.prefix(steps.count))
    }
}
