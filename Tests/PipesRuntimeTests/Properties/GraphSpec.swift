import PipesCore

@testable import PipesRuntime

/// What a node of a random graph does, as a function of its rows alone: the run and the model
/// must come to the same.
struct Behaviour: Sendable {
    enum Outcome {
        case value(Int64)
        case skip
        case reject
        /// Answers RETRY as often as it is asked.
        case hopeless
        /// Answers RETRY the first time it sees such a row.
        case flaky(Int64)
    }

    var salt: UInt64
    /// Of 32 rows, how many are filtered, rejected, hopeless and flaky.
    var shares: [Int]
    /// Passes the value of its first input on, borrowed.
    var borrows: Bool
    /// Yields texts, which lie in an arena.
    var yieldsTexts: Bool

    func outcome(_ row: [Int64?]) -> Outcome {
        var random = generator(row)
        let value = borrows ? row.lazy.compactMap { $0 }.first ?? 0 : Int64(random.int(0...1 << 40))
        var left = random.int(0...31)
        for (kind, share) in shares.enumerated() {
            if left < share {
                return switch kind {
                case 0: .skip
                case 1: .reject
                case 2: .hopeless
                default: .flaky(value)
                }
            }
            left -= share
        }
        return .value(value)
    }

    func children(_ row: [Int64?], of value: Int64) -> [Int64] {
        var random = generator(row)
        let count = random.pick([0, 1, 1, 2, 3])
        return (0..<count).map { value &* 8 &+ Int64($0) }
    }

    func port(_ value: Int64) -> Int { Int(value & 1) }

    private func generator(_ row: [Int64?]) -> SeededGenerator {
        var seed = salt
        for value in row {
            seed = seed &* 0x1_0000_01B3 &+ UInt64(bitPattern: value ?? 0x5EED)
        }
        return SeededGenerator(seed: seed)
    }
}

struct NodeSpec: Sendable {
    enum Kind: Sendable {
        case source(rows: Int)
        /// A map of one or two outputs.
        case map(outputs: Int)
        /// A map that works on batches.
        case keep
        case split
        case sum(Int)
        case sink(ofBatches: Bool)
    }

    /// How its calls come to an end.
    enum Style: Sendable {
        case inline
        case blocking
        case deferred
    }

    var kind: Kind
    var style: Style
    var behaviour: Behaviour
    /// Nodes by number, and their ports.
    var inputs: [(node: Int, port: Int)]
    var properties: NodeProperties

    var outputs: Int {
        switch kind {
        case .map(let outputs): outputs
        case .sink: 0
        default: 1
        }
    }

    var description: ProcessorDescription {
        var flags: ProcessorDescription.Flags =
            switch style {
            case .inline: .nonblocking
            case .blocking: []
            case .deferred: [.nonblocking, .defers]
            }
        if properties.concurrency > 1 { flags.insert(.concurrent) }
        switch kind {
        case .source: return .source(flags)
        case .map(let outputs):
            let map = ProcessorDescription.map(flags)
            return outputs == 2 ? map.outputs("even", "odd") : map
        case .keep: return .process(.keeps, flags)
        case .split: return .process(.splits, flags)
        case .sum(let size): return .process(.aggregates, flags, holds: .rows(size))
        case .sink(ofBatches: false): return .sink(flags)
        case .sink(ofBatches: true):
            var description = ProcessorDescription.process(.keeps, flags.union(.sink))
            description.outputs = []
            return description
        }
    }
}

/// A random graph as a value, so that a failing one can be cut down.
struct GraphSpec: Sendable, CustomStringConvertible {
    var nodes: [NodeSpec]

    static func name(_ node: Int) -> String { "n\(node)" }

    /// - Parameter seed: of the order in which deferred calls are completed.
    func build(seed: UInt64) -> (graph: TestGraph, processors: [SpecifiedProcessor]) {
        var graph = TestGraph()
        let processors = nodes.indices.map {
            SpecifiedProcessor(nodes[$0], seed: seed &+ UInt64($0))
        }
        for (index, node) in nodes.enumerated() {
            let feeds = nodes.enumerated().flatMap { reader, spec in
                spec.inputs.filter { $0.node == index }.map { input in
                    let name = GraphSpec.name(reader)
                    return node.outputs < 2 ? name : "\(input.port == 0 ? "even" : "odd"):\(name)"
                }
            }
            graph.add(GraphSpec.name(index), processors[index], feeds: feeds) {
                $0 = node.properties
            }
        }
        return (graph, processors)
    }

    /// The graph without a node that feeds nobody.
    func removing(_ index: Int) -> GraphSpec? {
        guard nodes.count > 1, !nodes.contains(where: { $0.inputs.contains { $0.node == index } })
        else { return nil }
        var smaller = self
        smaller.nodes.remove(at: index)
        for node in smaller.nodes.indices {
            for input in smaller.nodes[node].inputs.indices
            where smaller.nodes[node].inputs[input].node > index {
                smaller.nodes[node].inputs[input].node -= 1
            }
        }
        return smaller
    }

    var description: String {
        nodes.enumerated().map { index, node in
            let inputs = node.inputs.map { "n\($0.node).\($0.port)" }.joined(separator: " ")
            let (p, b) = (node.properties, node.behaviour)
            return "n\(index): \(node.kind) \(node.style) <- [\(inputs)]"
                + " \(p.aggregateInputs ? "" : "merge ")queue \(p.queueSize)"
                + "\(p.queueSizeIsFixed ? " fixed" : "") bytes \(p.queueBytes)"
                + "\(p.overflow == .suspend ? "" : " \(p.overflow)")"
                + " concurrency \(p.concurrency)\(p.ordered ? "" : " unordered")"
                + " retries \(p.retry.max) then \(p.then) missing \(p.onMissing)"
                + " shares \(b.shares)\(b.borrows ? " borrows" : "")\(b.yieldsTexts ? " texts" : "")"
        }.joined(separator: "\n")
    }
}
