/// Checks a graph against the processors it names. Everything that can be known before a run is
/// found here, all of it in one go.
public struct GraphChecker {
    /// What a `coro` string came to: a description, or what is wrong with it. A diagnostic
    /// without a place is reported at the node's `coro`.
    public typealias Resolve = (Graph.Node) -> Result<Resolution, Rejection>

    /// A processor that was found.
    public struct Resolution: Sendable {
        public var description: ProcessorDescription
        /// What the user should know although it can run: warnings at the node's `coro`.
        public var warnings: [String]

        public init(_ description: ProcessorDescription, warnings: [String] = []) {
            self.description = description
            self.warnings = warnings
        }
    }

    public struct Rejection: Error, Sendable {
        public var diagnostics: [Diagnostic]

        public init(_ diagnostics: [Diagnostic]) {
            self.diagnostics = diagnostics
        }
    }

    /// - Parameters:
    ///   - graph: as it was read, or built in code.
    ///   - resolve: is called once for each node that names a processor; messages it gives get
    ///     the node's name in front, and a place and a file where they have none.
    /// - Returns: the checked graph, or nil where there is an error, in the file included; and
    ///   all errors and warnings found here in the order of the file.
    public static func check(
        _ graph: Graph, resolve: Resolve
    ) -> (checked: CheckedGraph?, diagnostics: [Diagnostic]) {
        var check = GraphCheck(graph)
        check.resolveNodes(resolve)
        check.checkEdges()
        check.checkArgs()
        check.findOrder()
        check.checkInputs()
        check.warnOfUnread()
        check.warnOfIdleConcurrency()
        check.checkKinds()
        check.checkFeedback()
        check.traceLineages()
        check.findLoops()
        let diagnostics = check.diagnostics.inOrderOfPlace()
        let isSound = !graph.hasErrors && !diagnostics.contains { $0.severity == .error }
        return (isSound ? check.checkedGraph(warnings: diagnostics) : nil, diagnostics)
    }
}

/// The state of one check. A part that can't be judged, since what it rests on is wrong, stays
/// nil or empty, and later steps leave it alone: one mistake, one message.
struct GraphCheck {
    /// An edge by the positions of its ends in `graph.nodes`.
    struct Wire {
        var from: Int
        var to: Int
        /// nil where the sender has no such output, or is not known.
        var port: Int?
        /// In rows.
        var capacity: Int
        var capacityIsFixed: Bool
        /// Rows that it must let in however slow its reader is.
        var leastRoom = 1
        var overflow: NodeProperties.Overflow
        /// Whether it starts the next round of a loop; the order of nodes doesn't heed it.
        var isFeedback: Bool
    }

    let graph: Graph
    var diagnostics: [Diagnostic] = []
    /// By node; nil where its `coro` came to nothing.
    var descriptions: [ProcessorDescription?]
    /// By node; nil where one is wrong.
    var args: [[Value]?]
    /// By edge; nil where an end is not among the nodes.
    var wires: [Wire?]
    /// By node: edges in the order of joined inputs.
    var inputs: [[Int]]
    /// By node: edges in the order of the file.
    var outputs: [[Int]]
    var edgesAreIncomplete: Bool
    /// Nodes with a name that another one has.
    var twins: Set<Int> = []
    /// Nodes that are fed by more or fewer than they take.
    var misfits: Set<Int> = []
    /// Senders before receivers; without nodes that are on a cycle or behind one.
    var order: [Int] = []
    /// Nodes on cycles that were reported.
    var cycleNodes: Set<Int> = []
    /// By node; nil where it can't be known.
    var traces: [Trace?]
    var modes: [CheckedGraph.InputMode]
    /// The lineage of the rows that a head of a loop is given, by node.
    var headLineages: [Int: Lineage] = [:]
    /// The feedback edges of each head, by node.
    var feedbackInto: [Int: [Int]] = [:]
    var loops: [CheckedGraph.Loop] = []
    /// How many edges may still be followed to explain what is wrong with loops.
    var stepsLeft = 1_000_000
    /// How many names may still be compared for "Did you mean".
    var comparisonsLeft = 200_000
    /// How many sources all lineages that are merged may still name between them: a ladder of
    /// merges must not fill the memory.
    var originsLeft = 5_000_000

    init(_ graph: Graph) {
        self.graph = graph
        edgesAreIncomplete = graph.edgesAreIncomplete
        let count = graph.nodes.count
        descriptions = Array(repeating: nil, count: count)
        args = Array(repeating: nil, count: count)
        wires = []
        inputs = Array(repeating: [], count: count)
        outputs = Array(repeating: [], count: count)
        traces = Array(repeating: nil, count: count)
        modes = Array(repeating: .none, count: count)
    }

    mutating func resolveNodes(_ resolve: GraphChecker.Resolve) {
        var warned: Set<String> = []
        for (index, node) in graph.nodes.enumerated() {
            // The file's reader has already said that there is none.
            if graph.hasErrors && node.coro.isEmpty { continue }
            switch resolve(node) {
            case .success(let resolution):
                descriptions[index] = resolution.description
                // What is so of many nodes is said once.
                for text in resolution.warnings where warned.insert(text).inserted {
                    report(.warning, node: index, text, at: node.places.coro)
                }
            case .failure(let rejection):
                for diagnostic in rejection.diagnostics { report(diagnostic, about: node) }
            }
        }
    }

    // MARK: Messages

    func name(_ node: Int) -> String { graph.nodes[node].name.quoted }

    mutating func report(
        _ severity: Diagnostic.Severity = .error, node: Int, _ message: String, at place: Place?
    ) {
        diagnostics.append(
            Diagnostic(
                severity, file: graph.file, at: place, "node \(name(node)): \(message)"))
    }

    private mutating func report(_ diagnostic: Diagnostic, about node: Graph.Node) {
        var diagnostic = diagnostic
        if diagnostic.place == nil, diagnostic.file == nil || diagnostic.file == graph.file {
            diagnostic.place = node.places.coro
        }
        diagnostic.file = diagnostic.file ?? graph.file
        let prefix = "node \(node.name.quoted): "
        if !diagnostic.message.hasPrefix(prefix) {
            diagnostic.message = prefix + diagnostic.message
        }
        diagnostics.append(diagnostic)
    }

    // MARK: The result

    func checkedGraph(warnings: [Diagnostic]) -> CheckedGraph? {
        var nodes: [CheckedGraph.Node] = []
        nodes.reserveCapacity(graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            guard let description = descriptions[index], let args = args[index],
                let trace = traces[index]
            else { return nil }
            var ports: [[Int]] = Array(repeating: [], count: description.outputs.count)
            for edge in outputs[index] {
                if let port = wires[edge]?.port { ports[port].append(edge) }
            }
            nodes.append(
                CheckedGraph.Node(
                    name: node.name, description: description, args: args,
                    properties: node.properties, inputs: inputs[index], outputs: ports,
                    inputMode: modes[index], lineages: trace.lineages, holds: trace.holds))
        }
        var edges: [CheckedGraph.Edge] = []
        edges.reserveCapacity(wires.count)
        for (edge, wire) in zip(graph.edges, wires) {
            guard let wire, let port = wire.port else { return nil }
            let bytes = edge.queueBytes ?? graph.nodes[wire.to].properties.queueBytes
            edges.append(
                CheckedGraph.Edge(
                    from: wire.from, port: port, to: wire.to, capacity: wire.capacity,
                    byteCapacity: wire.isFeedback ? Int.max : bytes,
                    capacityIsFixed: wire.capacityIsFixed, leastRoom: wire.leastRoom,
                    overflow: wire.overflow, isFeedback: wire.isFeedback))
        }
        return CheckedGraph(
            graph: graph, nodes: nodes, edges: edges, loops: loops, order: order,
            warnings: warnings)
    }
}
