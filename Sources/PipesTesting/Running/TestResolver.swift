internal import PipesCore
internal import PipesRuntime

/// Finds the processors of a graph as ever, and puts rows at hand in the place of sources and
/// recorders in the place of sinks.
struct TestResolver: ProcessorResolver {
    private let resolvers: [any ProcessorResolver]
    private let sources: [String: [Value]]
    private let realSinks: Set<String>
    private let record: RowRecord

    init(_ test: GraphTest, resolvers: [any ProcessorResolver], record: RowRecord) {
        self.resolvers = resolvers
        self.record = record
        realSinks = Set(test.realSinks.map(\.node))
        sources = Dictionary(
            test.sources.map { ($0.node.node, $0.rows.map(\.value)) }, uniquingKeysWith: { $1 })
    }

    func resolve(
        _ node: Graph.Node, in graph: Graph
    ) -> Result<any ProcessorFactory, GraphChecker.Rejection>? {
        for resolver in resolvers {
            guard let found = resolver.resolve(node, in: graph) else { continue }
            return found.map { StandIn(for: $0, node: node.name, self) ?? $0 }
        }
        return nil
    }

    private struct StandIn: ProcessorFactory {
        let description: ProcessorDescription
        private let make: @Sendable () -> any Processor

        /// - Returns: nil where the node runs as it is.
        init?(for factory: any ProcessorFactory, node: String, _ test: TestResolver) {
            let actual = factory.description
            if let rows = test.sources[node], actual.isSource {
                description = RowSource.description(for: actual)
                let kind = actual.outputs.first?.kind ?? .any
                let values = rows.map { $0.asRow(of: kind) ?? $0 }
                make = { RowSource(values) }
            } else if actual.isSink, !test.realSinks.contains(node) {
                description = RecordingSink.description(for: actual)
                make = { [record = test.record] in RecordingSink(node: node, record) }
            } else {
                return nil
            }
        }

        func makeProcessor(for node: NodeContext, args: [Value]) -> any Processor { make() }
    }
}
