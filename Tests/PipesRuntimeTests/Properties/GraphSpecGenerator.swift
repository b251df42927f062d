import PipesCore

@testable import PipesRuntime

/// Makes random graphs that the checker accepts, and whose outcome does not depend on timing.
struct GraphSpecGenerator {
    private var random: SeededGenerator
    private var spec = GraphSpec(nodes: [])
    /// Most graphs lose nothing, and can be foretold whole.
    private let dropsRows: Bool

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        dropsRows = seed % 4 == 3
    }

    mutating func makeSpec() -> GraphSpec {
        for _ in 0..<random.pick([1, 1, 1, 2, 3]) {
            let rows = random.pick([0, 1, 5, 40, 300])
            spec.nodes.append(node(.source(rows: rows), inputs: []))
        }
        let inner = random.int(1...9)
        var attempts = 0
        while spec.nodes.count < inner + 3, attempts < 60 {
            attempts += 1
            add(inputCount: random.pick([1, 1, 1, 2, 2, 3]))
        }
        addSinks()
        return spec
    }

    /// Adds a node where the graph allows it.
    private mutating func add(inputCount: Int) {
        let kind: NodeSpec.Kind =
            random.pick([
                .map(outputs: 1), .map(outputs: 1), .map(outputs: 1), .map(outputs: 2), .keep,
                .split, .sum(random.int(1...5)),
            ])
        keep(node(kind, inputs: randomInputs(inputCount)))
    }

    /// Every output that feeds nobody gets a sink, alone or with others.
    private mutating func addSinks() {
        for index in spec.nodes.indices {
            for port in 0..<spec.nodes[index].outputs {
                let isRead = spec.nodes.contains {
                    $0.inputs.contains { $0.node == index && $0.port == port }
                }
                if isRead, !random.once(in: 4) { continue }
                let sink = NodeSpec.Kind.sink(ofBatches: random.once(in: 3))
                let own = [(node: index, port: port)]
                if random.once(in: 2), keep(node(sink, inputs: own + randomInputs(1))) { continue }
                keep(node(sink, inputs: own))
            }
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
            GraphModel.isCertain(larger, plumber.graph)
        else { return false }
        spec = larger
        return true
    }

    private mutating func node(
        _ kind: NodeSpec.Kind, inputs: [(node: Int, port: Int)]
    ) -> NodeSpec {
        var properties = NodeProperties()
        properties.queueSize = random.pick([1, 2, 3, 17, 1024, 1024])
        properties.queueSizeIsFixed = properties.queueSize < 1024 && random.once(in: 2)
        properties.queueBytes = random.pick([1, 100, 16 << 20, 16 << 20])
        if dropsRows, random.once(in: 3) {
            properties.overflow = random.pick([.dropOldest, .dropNewest])
        }
        properties.aggregateInputs = !random.once(in: inputs.count > 1 ? 4 : 10)
        properties.onMissing = random.pick(NodeProperties.OnMissing.allCases)
        properties.then = random.pick([.deadLetter, .skip])
        var behaviour = Behaviour(
            salt: random.next(), shares: [0, 0, 0, 0], borrows: random.once(in: 4),
            yieldsTexts: random.once(in: 3))
        var style = random.pick([NodeSpec.Style.inline, .inline, .blocking, .deferred])
        switch kind {
        case .source:
            style = random.pick([.inline, .blocking])
        case .sum: style = random.pick([.inline, .blocking])
        case .split, .keep, .sink(ofBatches: true):
            style = random.pick([.inline, .blocking, .deferred])
            behaviour.shares = randomShares()
        case .map, .sink: behaviour.shares = randomShares()
        }
        if behaviour.shares[2] + behaviour.shares[3] > 0 {
            properties.retry = .init(
                max: random.int(1...2), shortestPause: .nanoseconds(1000),
                longestPause: .nanoseconds(2000))
        }
        if random.once(in: 2) { properties.concurrency = random.int(2...5) }
        if case .map = kind, style == .deferred { properties.ordered = !random.once(in: 4) }
        return NodeSpec(
            kind: kind, style: style, behaviour: behaviour, inputs: inputs, properties: properties)
    }

    private mutating func randomShares() -> [Int] {
        [
            random.pick([0, 0, 3, 16]), random.pick([0, 0, 2]), random.pick([0, 0, 0, 1]),
            random.pick([0, 0, 0, 2]),
        ]
    }
}
