import Logging
import PipesCore

@testable import PipesRuntime

/// A processor that describes itself, so that a graph can be built from instances.
protocol TestProcessor: Processor {
    var description: ProcessorDescription { get }
}

extension TestProcessor {
    func open() throws(OpenFailure) {}
}

extension ProcessorDescription {
    static func source(_ flags: Flags = []) -> ProcessorDescription {
        ProcessorDescription(name: "source", shape: .produce, flags: flags, inputs: [])
    }

    static func map(_ flags: Flags = []) -> ProcessorDescription {
        ProcessorDescription(name: "map", shape: .map, flags: flags, inputs: nil)
    }

    static func process(
        _ rate: Rate, _ flags: Flags = [], holds: Holds = .none
    ) -> ProcessorDescription {
        ProcessorDescription(
            name: "process", shape: .process, rate: rate, flags: flags, inputs: nil, holds: holds)
    }

    static func sink(_ flags: Flags = []) -> ProcessorDescription {
        ProcessorDescription(
            name: "sink", shape: .map, flags: flags.union(.sink), inputs: nil, outputs: [])
    }

    func outputs(_ names: String...) -> ProcessorDescription {
        var description = self
        description.outputs = names.map { Port(name: $0, kind: .any) }
        return description
    }
}

/// A graph whose nodes are processors at hand.
struct TestGraph: ProcessorResolver {
    var graph = Graph(name: "test")
    private var processors: [String: any TestProcessor] = [:]

    /// - Parameters:
    ///   - feeds: names of nodes, or `output:node` where it leaves by a named output.
    ///   - queue: the rows that each of its input edges holds, fixed.
    mutating func add(
        _ name: String, _ processor: any TestProcessor, queue: Int? = nil, feeds: [String] = [],
        _ configure: (inout NodeProperties) -> Void = { _ in }
    ) {
        var properties = NodeProperties()
        if let queue {
            properties.queueSize = queue
            properties.queueSizeIsFixed = true
        }
        configure(&properties)
        graph.nodes.append(Graph.Node(name, coro: name, properties: properties))
        for reader in feeds {
            let parts = reader.split(separator: ":").map(String.init)
            graph.edges.append(
                Graph.Edge(
                    from: name, output: parts.count > 1 ? parts[0] : nil, to: parts[parts.count - 1]
                ))
        }
        processors[name] = processor
    }

    /// Adds a feedback edge.
    /// - Parameter output: the sender's; nil: its first.
    mutating func feedBack(
        _ from: String, output: String? = nil, to: String, initial: [Int64] = [],
        maxInLoop: Int? = nil
    ) {
        graph.edges.append(
            Graph.Edge(
                from: from, output: output, to: to,
                feedback: Graph.Feedback(
                    initial: initial.map { .int($0) }, maxInLoop: maxInLoop)))
    }

    private struct Factory: ProcessorFactory {
        let processor: any TestProcessor
        var description: ProcessorDescription { processor.description }
        func makeProcessor(for node: NodeContext, args: [Value]) -> any Processor { processor }
        func isSame(as other: any ProcessorFactory) -> Bool {
            (other as? Factory)?.processor === processor
        }
    }

    func resolve(
        _ node: Graph.Node, in graph: Graph
    ) -> Result<any ProcessorFactory, GraphChecker.Rejection>? {
        processors[node.coro].map { .success(Factory(processor: $0)) }
    }

    /// - Parameter cancelGrace: short, since only tests of it ever wait so long.
    func plumber(
        letters: DeadLetterBox = DeadLetterBox(), drainTimeout: Duration = .seconds(10),
        cancelGrace: Duration = .seconds(5), plan: Plan.Options = Plan.Options(),
        configure: (inout Plumber.Options) -> Void = { _ in }
    ) throws -> Plumber {
        var options = Plumber.Options()
        options.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        options.deadLetters = { letters.add($0) }
        options.drainTimeout = drainTimeout
        options.cancelGrace = cancelGrace
        options.plan = plan
        configure(&options)
        return try Plumber(graph, resolvers: [self], options: options)
    }

    /// Runs it to its end.
    func run(letters: DeadLetterBox = DeadLetterBox()) async throws -> RunReport {
        let plumber = try plumber(letters: letters)
        return try await within { try await plumber.run() }
    }
}

/// Collects dead letters.
final class DeadLetterBox: Sendable {
    private let state = Locked<[DeadLetter]>([])

    func add(_ letter: DeadLetter) { state.withLock { $0.append(letter) } }

    var letters: [DeadLetter] { state.withLock { $0 } }
}

extension RunReport {
    subscript(_ name: String) -> NodeAccount {
        nodes.first { $0.name == name } ?? NodeAccount(name: "there is no \(name)")
    }

    func edge(_ from: String, _ to: String) -> EdgeAccount? {
        edges.first { $0.from == from && $0.to == to }
    }
}
