import PipesCore

/// Builds a stage with lanes: the same nodes in each lane, with edges of their own between them.
struct LaneBuilder {
    /// Makes the runner of a node, which is given by its index.
    typealias MakeRunner = (Int, InputPort, [OutputPort], Doorbell) -> NodeRunner

    /// A port of a node that feeds other stages.
    private struct Exit: Hashable {
        var node: Int
        var port: Int
    }

    private let graph: CheckedGraph
    private let stage: Plan.Stage
    private let edges: [Edge]
    private let laneEdges: [Int: [Edge]]
    private let bells: [Doorbell]
    private let exits: [Exit]

    /// - Parameters:
    ///   - laneEdges: for each edge inside the stage, that of each lane.
    ///   - bells: of the lanes.
    init(
        _ graph: CheckedGraph, _ stage: Plan.Stage, edges: [Edge], laneEdges: [Int: [Edge]],
        bells: [Doorbell]
    ) {
        self.graph = graph
        self.stage = stage
        self.edges = edges
        self.laneEdges = laneEdges
        self.bells = bells
        exits = stage.nodes.flatMap { node in
            graph.nodes[node].outputs.indices.compactMap { port in
                graph.nodes[node].outputs[port].contains { laneEdges[$0] == nil }
                    ? Exit(node: node, port: port) : nil
            }
        }
    }

    func makeStage(
        doorbell: Doorbell, control: RunControl, makeRunner: MakeRunner
    ) -> (stage: LaneStage, runners: [Int: [NodeRunner]]) {
        var runners: [Int: [NodeRunner]] = [:]
        let lanes = bells.indices.map { index in
            let (lane, lanesRunners) = makeLane(index, doorbell, control, makeRunner)
            for (node, runner) in zip(stage.nodes, lanesRunners) {
                runners[node, default: []].append(runner)
            }
            return lane
        }
        let first = graph.nodes[stage.nodes[0]]
        let input = InputPort(
            first.inputMode, edges: first.inputs.map { edges[$0] },
            onMissing: first.properties.onMissing, control: control)
        let outsides = exits.map { exit in
            let node = graph.nodes[exit.node]
            let outside = node.outputs[exit.port].filter { laneEdges[$0] == nil }
            return LaneStage.Exit(
                output: OutputPort(edges: outside.map { edges[$0] }),
                isOrdered: node.properties.ordered)
        }
        let laneStage = LaneStage(
            lanes, input: input, exits: outsides, lanesMayBlock: stage.mayBlock,
            pieceSizes: pieceSizes, longestWait: control.longestWait, doorbell: doorbell,
            wakefulness: control.wakefulness)
        return (laneStage, runners)
    }

    /// A row that waits to be tried again must not hold back others of its piece. Rows that may
    /// block are worth a way of their own; those that compute come in larger pieces, of which the
    /// way to a lane and back is a small part.
    private var pieceSizes: ClosedRange<Int> {
        if stage.nodes.contains(where: { graph.nodes[$0].properties.retry.max > 0 }) {
            return 1...1
        }
        return stage.mayBlock ? 1...Plan.largestPiece : 64...Plan.largestPiece
    }

    /// Bytes that the narrowest edge holds by which rows leave there.
    private func byteCapacity(of exit: Exit) -> Int {
        graph.nodes[exit.node].outputs[exit.port].reduce(Int.max) {
            min($0, graph.edges[$1].byteCapacity)
        }
    }

    private func makeLane(
        _ lane: Int, _ stageBell: Doorbell, _ control: RunControl, _ makeRunner: MakeRunner
    ) -> (Lane, [NodeRunner]) {
        let bell = bells[lane]
        let entry = Edge(inLane: nil, bell: bell, readerNews: ReaderNews())
        // The edges of a node have one place for news between them.
        var news: [Int: ReaderNews] = [:]
        for node in stage.nodes {
            let inner = graph.nodes[node].outputs.joined().compactMap { laneEdges[$0]?[lane] }
            news[node] = inner.first?.readerNews ?? ReaderNews()
        }
        let taps = exits.map { exit in
            Edge(
                inLane: nil, byteCapacity: byteCapacity(of: exit), bell: bell,
                readerNews: news[exit.node] ?? ReaderNews())
        }
        let runners = stage.nodes.enumerated().map { position, node in
            let checked = graph.nodes[node]
            let inner = checked.inputs.compactMap { laneEdges[$0]?[lane] }
            let input = InputPort(
                position == 0 ? .single : checked.inputMode, edges: position == 0 ? [entry] : inner,
                onMissing: checked.properties.onMissing)
            let outputs = checked.outputs.indices.map { port in
                var readers = checked.outputs[port].compactMap { laneEdges[$0]?[lane] }
                if let tap = exits.firstIndex(of: Exit(node: node, port: port)) {
                    readers.append(taps[tap])
                }
                return OutputPort(edges: readers)
            }
            let runner = makeRunner(node, input, outputs, bell)
            runner.settlesAll = true
            return runner
        }
        let lane = Lane(
            NodeSequence(runners: runners), entry: entry, exits: taps, bell: bell,
            stageBell: stageBell, mayBlock: stage.mayBlock, longestWait: control.longestWait)
        return (lane, runners)
    }
}
