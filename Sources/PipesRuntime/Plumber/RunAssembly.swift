import PipesCore

/// Puts the edges, nodes and stages of a run together.
struct RunAssembly {
    private(set) var nodes: [RunningNode] = []
    private(set) var edges: [Edge] = []
    private(set) var stages: [any RunningStage] = []
    let loops: RunningLoops
    /// What stages and lanes sleep on.
    let bells: [Doorbell]

    private let graph: CheckedGraph
    private let plan: Plan
    private let control: RunControl
    private let stopRun: @Sendable (String) -> Void
    private let doorbells: [Doorbell]
    /// By stage, one for each lane; none where it has no lanes.
    private let laneBells: [[Doorbell]]
    private let readerNews: [ReaderNews]
    private let sourceStops: [SourceStop?]
    private let former: [Int: RunningNode]

    /// - Parameters:
    ///   - former: by node, that of the run before whose processor goes on.
    ///   - stopRun: stops the run for a failure that it can't go on after.
    init(
        _ graph: CheckedGraph, _ plan: Plan, _ factories: [any ProcessorFactory],
        _ control: RunControl, former: [Int: RunningNode],
        stopRun: @escaping @Sendable (String) -> Void
    ) {
        self.former = former
        self.graph = graph
        self.plan = plan
        self.control = control
        self.stopRun = stopRun
        let makeBell: @Sendable () -> Doorbell = { Doorbell(wakefulness: control.wakefulness) }
        doorbells = plan.stages.map { _ in makeBell() }
        laneBells = plan.stages.map { stage in
            stage.lanes > 1 ? (0..<stage.lanes).map { _ in makeBell() } : []
        }
        bells = doorbells + laneBells.joined()
        let doorbells = doorbells
        loops = RunningLoops(graph, doorbells: plan.stageOfNode.map { doorbells[$0] })
        readerNews = graph.nodes.map { _ in ReaderNews() }
        sourceStops = graph.nodes.map { node in
            node.description.isSource
                ? SourceStop(readers: node.outputs.reduce(0) { $0 + $1.count }) : nil
        }
        let laneEdges = makeLaneEdges()
        edges = graph.edges.indices.map { makeEdge($0, parts: laneEdges[$0] ?? []) }
        let parts = zip(graph.nodes.indices, factories).map { makePart($0, $1) }
        var runners: [[NodeRunner]] = graph.nodes.map { _ in [] }
        var firstOf: [Int: LaneStage] = [:]
        for (index, stage) in plan.stages.enumerated() {
            if stage.lanes > 1 {
                let builder = LaneBuilder(
                    graph, stage, edges: edges, laneEdges: laneEdges, bells: laneBells[index])
                let (lanes, lanesOfNode) = builder.makeStage(
                    doorbell: doorbells[index], control: control
                ) { node, input, outputs, bell in
                    makeRunner(parts[node], input: input, outputs: outputs, bell: bell)
                }
                stages.append(lanes)
                firstOf[stage.nodes[0]] = lanes
                for (node, lanes) in lanesOfNode { runners[node] = lanes }
            } else {
                for node in stage.nodes {
                    runners[node] = [makeRunner(parts[node], bell: doorbells[index])]
                }
                stages.append(
                    Stage(
                        NodeSequence(runners: stage.nodes.flatMap { runners[$0] }),
                        doorbell: doorbells[index], mayBlock: stage.mayBlock))
            }
        }
        nodes = parts.map { part in
            RunningNode(
                part.node, context: part.context, gate: part.gate, runners: runners[part.index],
                firstOf: firstOf[part.index])
        }
        for (index, (node, stop)) in zip(nodes, sourceStops).enumerated() {
            let (context, gate) = (node.context, node.gate)
            stop?.whenNobodyIsLeft {
                // Its readers have ended for another graph to go on.
                if control.keeps(index) { return }
                context.stop()
                gate.interrupt()
            }
        }
    }

    // MARK: Edges

    /// For each edge inside a stage with lanes, the edge of each lane.
    private func makeLaneEdges() -> [Int: [Edge]] {
        var laneEdges: [Int: [Edge]] = [:]
        for (stage, bells) in zip(plan.stages, laneBells) where !bells.isEmpty {
            for node in stage.nodes {
                let news = bells.map { _ in ReaderNews() }
                for index in graph.nodes[node].outputs.joined() where !plan.isQueue[index] {
                    laneEdges[index] = zip(bells, news).map { bell, news in
                        Edge(inLane: graph.edges[index], bell: bell, readerNews: news)
                    }
                }
            }
        }
        return laneEdges
    }

    private func makeEdge(_ index: Int, parts: [Edge]) -> Edge {
        let edge = graph.edges[index]
        return Edge(
            index: index, from: edge.from, to: edge.to, capacity: edge.capacity,
            byteCapacity: edge.byteCapacity, overflow: edge.overflow,
            readsKeys: RunAssembly.readsKeys(graph.nodes[edge.to]), isQueue: plan.isQueue[index],
            followsReader: !edge.capacityIsFixed, leastRoom: edge.leastRoom,
            sender: doorbells[plan.stageOfNode[edge.from]],
            readerNews: readerNews[edge.from], reader: doorbells[plan.stageOfNode[edge.to]],
            sourceStop: sourceStops[edge.from], feedback: loops.feedbackEnds[index],
            leaves: loops.left[index], parts: parts)
    }

    /// Whether settlements without a row make a difference to a node. They end at a merge, and where
    /// nothing leaves under the keys of what came in.
    private static func readsKeys(_ node: CheckedGraph.Node) -> Bool {
        switch node.inputMode {
        case .none, .merge: false
        case .single: !node.description.isSink && node.description.rate != .aggregates
        case .join: true
        }
    }

    // MARK: Nodes

    /// What all runners of a node share.
    private struct NodePart {
        let index: Int
        let node: CheckedGraph.Node
        let context: NodeContext
        let gate: ProcessorGate
        let isLaned: Bool
    }

    private func makePart(_ index: Int, _ factory: any ProcessorFactory) -> NodePart {
        let node = graph.nodes[index]
        let joins = if case .join = node.inputMode { true } else { false }
        let lanes = plan.stages[plan.stageOfNode[index]].lanes
        if let former = former[index] {
            return NodePart(
                index: index, node: node, context: former.context, gate: former.gate,
                isLaned: lanes > 1)
        }
        let context = NodeContext(
            name: node.name, coro: graph.graph.nodes[index].coro,
            inputCount: node.description.isSource ? 0 : joins ? node.inputs.count : 1,
            outputsUsed: node.outputs.map { !$0.isEmpty },
            concurrency: max(1, node.properties.concurrency), env: graph.graph.env,
            logger: control.logger, clock: control.clock)
        let gate = ProcessorGate(
            factory.makeProcessor(for: context, args: node.args), users: lanes)
        return NodePart(
            index: index, node: node, context: context, gate: gate, isLaned: lanes > 1)
    }

    private func makeRunner(_ part: NodePart, bell: Doorbell) -> NodeRunner {
        let input = InputPort(
            part.node.inputMode, edges: part.node.inputs.map { edges[$0] },
            onMissing: part.node.properties.onMissing, control: control,
            loop: loops.begun[part.index],
            watcher: control.hooks?.takenWatcher(node: part.index))
        let outputs = part.node.outputs.enumerated().map { port, leaving in
            OutputPort(
                edges: leaving.map { edges[$0] },
                watcher: control.hooks?.leftWatcher(node: part.index, output: port))
        }
        return makeRunner(part, input: input, outputs: outputs, bell: bell)
    }

    private func makeRunner(
        _ part: NodePart, input: InputPort, outputs: [OutputPort], bell: Doorbell
    ) -> NodeRunner {
        let kind: NodeRunner.Type =
            switch part.node.description.shape {
            case .produce: SourceRunner.self
            case .process: ProcessRunner.self
            case .map: hasFlights(part) ? DeferredMapRunner.self : MapRunner.self
            }
        return kind.init(
            part.node, index: part.index, context: part.context, gate: part.gate, input: input,
            outputs: outputs, control: control, doorbell: bell, stopRun: stopRun)
    }

    /// Whether rows of a map can be in flight while others go on in the same task.
    private func hasFlights(_ part: NodePart) -> Bool {
        let flags = part.node.description.flags
        let properties = part.node.properties
        return flags.contains(.defers)
            || (flags.contains(.concurrent) && properties.retry.max > 0
                && properties.concurrency > 1 && !part.isLaned)
    }
}
