import PipesCore

@testable import PipesRuntime

/// A random loop as a value: a head, branches that a node joins again, and a closer that goes back.
struct LoopSpec: Sendable, CustomStringConvertible {
    /// How rows enter.
    enum Entry: Sendable {
        /// As initial rows alone.
        case initial
        /// From outside, one by one, beside initial rows.
        case merge
        /// Joined with what comes back.
        case join
    }

    var entry: Entry
    var initial: [Int64]
    var maxInLoop: Int
    var source: NodeSpec
    var head: NodeSpec
    var branches: [[NodeSpec]]
    var join: NodeSpec
    /// Goes back by its first output; what leaves by a second one is done.
    var closer: NodeSpec

    func build(seed: UInt64) -> (graph: TestGraph, sink: SpecifiedProcessor) {
        var graph = TestGraph()
        var number = seed
        func add(_ name: String, _ spec: NodeSpec, feeds: [String]) {
            number &+= 1
            graph.add(name, SpecifiedProcessor(spec, seed: number), feeds: feeds) {
                $0 = spec.properties
            }
        }
        if entry != .initial { add("inp", source, feeds: ["head"]) }
        add("head", head, feeds: branches.indices.map { "b\($0).0" })
        for (branch, nodes) in branches.enumerated() {
            for (place, node) in nodes.enumerated() {
                let isLast = place == nodes.count - 1
                add(
                    "b\(branch).\(place)", node,
                    feeds: [isLast ? "join" : "b\(branch).\(place + 1)"])
            }
        }
        add("join", join, feeds: ["closer"])
        add("closer", closer, feeds: [closer.outputs == 2 ? "odd:out" : "out"])
        var sinkSpec = source
        sinkSpec.kind = .sink(ofBatches: false)
        sinkSpec.style = .inline
        let sink = SpecifiedProcessor(sinkSpec, seed: seed)
        graph.add("out", sink)
        graph.feedBack(
            "closer", output: closer.outputs == 2 ? "even" : nil, to: "head", initial: initial,
            maxInLoop: maxInLoop)
        return (graph, sink)
    }

    var description: String {
        let nodes =
            [("head", head)] + branches.joined().map { ("branch", $0) } + [
                ("join", join), ("closer", closer),
            ]
        let lines = nodes.map { name, node in
            let p = node.properties
            return "\(name): \(node.kind) \(node.style) queue \(p.queueSize) concurrency"
                + " \(p.concurrency) retries \(p.retry.max) then \(p.then) missing \(p.onMissing)"
                + " shares \(node.behaviour.shares)"
        }
        return "\(entry) initial \(initial) most \(maxInLoop) source \(source.kind)"
            + " branches \(branches.map(\.count))\n" + lines.joined(separator: "\n")
    }

    static func random(seed: UInt64) -> LoopSpec {
        var random = SeededGenerator(seed: seed)
        let entry = random.pick([Entry.initial, .merge, .merge, .join])
        let count = entry == .merge ? random.int(0...3) : random.int(1...5)
        let initial = (0..<count).map { _ in Int64(random.int(0...1_000_000)) }
        let rows = random.pick([0, 1, 20, 200])
        var head = node(&random, [.map(outputs: 1), .keep(outputs: 1)])
        head.properties.aggregateInputs = entry != .merge
        if entry == .join { head.properties.onMissing = random.pick([.skip, .fail]) }
        let branches = (0..<random.int(1...4)).map { _ in
            (0..<random.int(1...2)).map { _ in node(&random, [.map(outputs: 1), .keep(outputs: 1)])
            }
        }
        let join = node(&random, [.map(outputs: 1), .keep(outputs: 1)])
        var closer = node(
            &random, [.map(outputs: 1), .map(outputs: 2), .keep(outputs: 1), .keep(outputs: 2)])
        // Every row leaves in the end.
        closer.behaviour.shares[.skip] = random.int(6...16)
        var source = node(&random, [.source(rows: rows)])
        source.behaviour.shares = [:]
        source.style = .inline
        return LoopSpec(
            entry: entry, initial: initial, maxInLoop: max(count, random.pick([1, 2, 5, 300])),
            source: source, head: head, branches: branches, join: join, closer: closer)
    }

    private static func node(
        _ random: inout SeededGenerator, _ kinds: [NodeSpec.Kind]
    ) -> NodeSpec {
        var properties = NodeProperties()
        properties.queueSize = random.pick([1, 2, 17, 1024])
        properties.queueSizeIsFixed = properties.queueSize < 1024 && random.once(in: 2)
        properties.queueBytes = random.pick([1, 100, 16 << 20])
        properties.onMissing = random.pick(NodeProperties.OnMissing.allCases)
        properties.then = random.pick([.deadLetter, .skip])
        properties.concurrency = random.pick([1, 1, 4])
        properties.retry = .init(
            max: random.pick([0, 2]), shortestPause: .nanoseconds(1000),
            longestPause: .nanoseconds(2000))
        let shares: [Behaviour.Fault: Int] = [
            .skip: random.pick([0, 0, 2]), .reject: random.pick([0, 0, 2]),
            .hopeless: random.pick([0, 0, 2]),
            .flaky: properties.retry.max > 0 ? random.pick([0, 4]) : 0,
        ]
        return NodeSpec(
            kind: random.pick(kinds),
            style: random.pick([.inline, .inline, .blocking, .deferred, .delayed]),
            behaviour: Behaviour(
                salt: random.next(), shares: shares, borrows: false,
                yieldsTexts: random.once(in: 3)),
            inputs: [], properties: properties)
    }
}
