import PipesCore

@testable import PipesRuntime

/// A random graph as a value, so that a failing one can be cut down.
struct GraphSpec: Sendable, CustomStringConvertible {
    /// What is asked of the run from outside, once so many rows were seen by its processors.
    struct Interruption: Sendable {
        enum Kind: Sendable {
            case drain
            case cancel
        }

        var kind: Kind
        var afterRows: Int
    }

    var nodes: [NodeSpec] = []
    var interruption: Interruption?

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

    /// The graph whose sources bring as many rows as they brought in a run.
    func limited(to rows: [Int]) -> GraphSpec {
        var limited = self
        for index in nodes.indices {
            if case .source(let all) = nodes[index].kind {
                limited.nodes[index].kind = .source(rows: min(all, rows[index]))
            }
        }
        return limited
    }

    var description: String {
        let lines = nodes.enumerated().map { index, node in
            let inputs = node.inputs.map { "n\($0.node).\($0.port)" }.joined(separator: " ")
            let (p, b) = (node.properties, node.behaviour)
            return "n\(index): \(node.kind) \(node.style) <- [\(inputs)]"
                + " \(p.aggregateInputs ? "" : "merge ")queue \(p.queueSize)"
                + "\(p.queueSizeIsFixed ? " fixed" : "") bytes \(p.queueBytes)"
                + "\(p.overflow == .suspend ? "" : " \(p.overflow)")"
                + " concurrency \(p.concurrency)\(p.ordered ? "" : " unordered")"
                + " retries \(p.retry.max) then \(p.then) missing \(p.onMissing)"
                + "\(p.timeout.map { " timeout \($0)" } ?? "")"
                + " shares \(b.shares)\(b.borrows ? " borrows" : "")\(b.yieldsTexts ? " texts" : "")"
        }
        let order = interruption.map { "\($0.kind) after \($0.afterRows) rows" }
        return (lines + [order].compactMap { $0 }).joined(separator: "\n")
    }
}
