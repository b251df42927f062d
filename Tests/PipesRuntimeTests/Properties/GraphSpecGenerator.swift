import PipesCore

@testable import PipesRuntime

/// Makes random graphs that the checker accepts.
struct GraphSpecGenerator {
    /// Most nodes of a graph.
    static let largestCount = 30

    private var random: SeededGenerator
    private var spec = GraphSpec()
    /// Whether chance may decide what comes of the graph; of most it must not.
    private var mayBeUncertain = false
    /// Whether a failure may stop the run.
    private var mayStop = false
    /// Whether edges may drop rows.
    private var mayDrop = false

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func makeSpec() -> GraphSpec {
        mayDrop = random.once(in: 12)
        mayBeUncertain = mayDrop || random.once(in: 10)
        mayStop = random.once(in: 16)
        for _ in 0..<random.pick([1, 1, 1, 2, 3]) {
            let rows = random.pick([0, 1, 5, 40, 300])
            spec.nodes.append(node(.source(rows: rows), inputs: []))
        }
        let inner = spec.nodes.count + random.pick([1, 2, 4, 6, 9, 14, 20])
        var attempts = 0
        while spec.nodes.count < inner, attempts < 100, openPorts.count < room {
            attempts += 1
            add(inputCount: random.pick([1, 1, 1, 2, 2, 3]))
        }
        addSinks()
        if random.once(in: 12) {
            spec.interruption = GraphSpec.Interruption(
                kind: random.pick([.drain, .drain, .cancel]),
                afterRows: random.pick([1, 10, 100, 1000]))
        }
        return spec
    }

    private var room: Int { GraphSpecGenerator.largestCount - spec.nodes.count }

    /// Outputs that feed nobody.
    private var openPorts: [(node: Int, port: Int)] {
        spec.nodes.indices.flatMap { index in
            (0..<spec.nodes[index].outputs).compactMap { port in
                let isRead = spec.nodes.contains {
                    $0.inputs.contains { $0.node == index && $0.port == port }
                }
                return isRead ? nil : (index, port)
            }
        }
    }

    /// Adds a node where the graph allows it.
    private mutating func add(inputCount: Int) {
        let kind: NodeSpec.Kind =
            random.pick([
                .map(outputs: 1), .map(outputs: 1), .map(outputs: 1), .map(outputs: 2),
                .keep(outputs: 1), .keep(outputs: 2), .split(outputs: 1), .split(outputs: 2),
                .sum(random.int(1...5)),
            ])
        keep(node(kind, inputs: randomInputs(inputCount)))
    }

    /// Every output that feeds nobody gets a sink, alone or with others.
    private mutating func addSinks() {
        for own in openPorts where room > 0 {
            let sink = NodeSpec.Kind.sink(ofBatches: random.once(in: 3))
            if random.once(in: 2), keep(node(sink, inputs: [own] + randomInputs(1))) { continue }
            keep(node(sink, inputs: [own]))
        }
        while room > 0, random.once(in: 3) {
            keep(node(.sink(ofBatches: random.once(in: 3)), inputs: randomInputs(1)))
        }
    }

    private mutating func randomInputs(_ count: Int) -> [(node: Int, port: Int)] {
        (0..<count).map { _ in
            // Rather recent nodes, so that graphs get deep.
            let feeding = spec.nodes.indices.filter { spec.nodes[$0].outputs > 0 }
            let node = random.once(in: 2) ? random.pick(feeding) : random.pick(feeding.suffix(3))
            return (node, random.int(0...spec.nodes[node].outputs - 1))
        }
    }

    @discardableResult
    private mutating func keep(_ node: NodeSpec) -> Bool {
        for (index, input) in node.inputs.enumerated()
        where node.inputs[..<index].contains(where: { $0.node == input.node }) { return false }
        var larger = spec
        larger.nodes.append(node)
        guard let plumber = try? larger.build(seed: 0).graph.plumber(),
            mayBeUncertain || GraphForesight(larger, plumber.graph).isCertain
        else { return false }
        spec = larger
        return true
    }

    // MARK: Nodes

    private mutating func node(
        _ kind: NodeSpec.Kind, inputs: [(node: Int, port: Int)]
    ) -> NodeSpec {
        var properties = NodeProperties()
        properties.queueSize = random.pick([1, 2, 3, 17, 1024, 1024])
        properties.queueSizeIsFixed = properties.queueSize < 1024 && random.once(in: 2)
        properties.queueBytes = random.pick([1, 100, 16 << 20, 16 << 20])
        if mayDrop, random.once(in: 3) {
            properties.overflow = random.pick([.dropOldest, .dropNewest])
        }
        properties.aggregateInputs = !random.once(in: inputs.count > 1 ? 4 : 10)
        properties.onMissing = random.pick(NodeProperties.OnMissing.allCases)
        properties.then = mayStop ? .stop : random.pick([.deadLetter, .skip])
        // Never reached, but watched.
        if random.once(in: 6) { properties.timeout = .seconds(60) }
        var node = NodeSpec(
            kind: kind, style: random.pick([.inline, .inline, .blocking, .deferred, .delayed]),
            behaviour: Behaviour(
                salt: random.next(), borrows: random.once(in: 4),
                yieldsTexts: random.once(in: 3)),
            inputs: inputs, properties: properties)
        switch kind {
        case .source: node.style = random.pick([.inline, .blocking])
        case .sum: break
        case .map, .keep, .split, .sink:
            if random.once(in: 2) { node.properties.concurrency = random.int(2...5) }
            addFaults(to: &node)
        }
        if case .map = kind, node.defers { node.properties.ordered = !random.once(in: 4) }
        return node
    }

    private mutating func addFaults(to node: inout NodeSpec) {
        var shares: [Behaviour.Fault: Int] = [
            .skip: random.pick([0, 0, 6, 32]), .reject: random.pick([0, 0, 4]),
            .hopeless: random.pick([0, 0, 0, 2]), .flaky: random.pick([0, 0, 0, 4]),
        ]
        if mayStop, random.once(in: 4) { shares[.fatal] = 1 }
        if !node.takesBatches, random.once(in: 8) {
            // Only the stalled rows are deferred, so that a short timeout hits no other.
            shares[.stall] = random.int(1...2)
            node.style = .deferred
            node.properties.timeout = .milliseconds(2)
        }
        if random.once(in: 12) {
            shares[random.pick([.end, .last])] = 1
            if !mayBeUncertain { node.properties.concurrency = 1 }
        }
        node.behaviour.shares = shares.filter { $0.value > 0 }
        let (hopeless, flaky) = (node.behaviour.share(.hopeless), node.behaviour.share(.flaky))
        if hopeless + flaky + node.behaviour.share(.stall) > 0 {
            node.properties.retry = .init(
                max: random.int(1...2), shortestPause: .nanoseconds(1000),
                longestPause: .nanoseconds(2000))
        }
    }
}
