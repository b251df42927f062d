public import PipesCore
public import PipesRuntime

/// Finds what is wrong with the tests of a graph that only its processors can tell.
public enum GraphTestCheck {
    /// - Parameters:
    ///   - graph: as it was read. Where something is wrong with it, that is left to
    ///     `Plumber.check`, and the tests are judged as far as the rest of it lets them be.
    ///   - resolvers: what finds its processors.
    /// - Returns: all mistakes, each with its place.
    public static func check(
        _ graph: Graph, resolvers: [any ProcessorResolver]
    ) -> [Diagnostic] {
        if graph.tests.isEmpty { return [] }
        let descriptions = descriptions(graph, resolvers)
        // What is wrong whatever a test changes is no mistake of the test.
        let known = Set(Plumber.check(graph, resolvers: resolvers).diagnostics)
        return graph.tests.flatMap { test in
            var check = TestCheck(test, graph, descriptions)
            check.checkNodes()
            return check.diagnostics + argMistakes(test, graph, resolvers, known)
        }
    }

    /// By node; without those whose `coro` comes to nothing.
    private static func descriptions(
        _ graph: Graph, _ resolvers: [any ProcessorResolver]
    ) -> [String: ProcessorDescription] {
        var descriptions: [String: ProcessorDescription] = [:]
        for node in graph.nodes where !node.coro.isEmpty {
            let found = resolvers.lazy.compactMap { $0.resolve(node, in: graph) }.first
            if case .success(let factory) = found {
                descriptions[node.name] = factory.description
            }
        }
        return descriptions
    }

    /// The graph with what a test changes in it.
    static func graph(_ graph: Graph, for test: GraphTest) -> Graph {
        var result = graph
        result.env.merge(test.env) { $1 }
        for change in test.args {
            guard let index = result.nodes.firstIndex(where: { $0.name == change.node.node })
            else { continue }
            for arg in change.args {
                result.nodes[index].args.removeAll { $0.name == arg.name }
                result.nodes[index].args.append(arg)
            }
        }
        return result
    }

    /// The graph's own check finds them: args know their places.
    private static func argMistakes(
        _ test: GraphTest, _ graph: Graph, _ resolvers: [any ProcessorResolver],
        _ known: Set<Diagnostic>
    ) -> [Diagnostic] {
        if test.args.isEmpty { return [] }
        return Plumber.check(Self.graph(graph, for: test), resolvers: resolvers).diagnostics
            .filter { $0.severity == .error && !known.contains($0) }
            .map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.message = "test \(test.name.quoted): \(diagnostic.message)"
                return diagnostic
            }
    }
}

private struct TestCheck {
    private(set) var diagnostics: [Diagnostic] = []
    private let test: GraphTest
    private let file: String?
    /// Those whose processor is known; of others nothing is said.
    private let nodes: [String: ProcessorDescription]

    init(_ test: GraphTest, _ graph: Graph, _ nodes: [String: ProcessorDescription]) {
        self.test = test
        file = graph.file
        self.nodes = nodes
    }

    private mutating func report(_ message: String, at place: Place?) {
        diagnostics.append(
            Diagnostic(
                file: file, at: place ?? test.place, "test \(test.name.quoted): \(message)"))
    }

    mutating func checkNodes() {
        for source in test.sources { check(source) }
        for expectation in test.expectations { check(expectation) }
        for fault in test.faults { check(fault) }
        for sink in test.realSinks where nodes[sink.node]?.isSink == false {
            report(
                "node \(sink.node.quoted) is no sink, so it runs as it is anyway; take it out",
                at: sink.place)
        }
        if test.status == .crashed, !test.expectations.isEmpty {
            report(
                "of a process that crashes no rows are left to look at; take out \"expect\"",
                at: test.expectations[0].node.place)
        }
    }

    private mutating func check(_ source: GraphTest.Source) {
        guard let description = nodes[source.node.node] else { return }
        guard description.isSource, let output = description.outputs.first else {
            report(
                "node \(source.node.node.quoted) is no source: its rows come from its inputs",
                at: source.node.place)
            return
        }
        for row in source.rows where !row.value.isComplete {
            report(
                "source \(source.node.node.quoted) yields a TENSOR, and this one has no data",
                at: row.place)
        }
        for row in source.rows where row.value.asRow(of: output.kind) == nil {
            let hint = output.kind == .bytes ? "; BYTES are written as base64" : ""
            report(
                "source \(source.node.node.quoted) yields \(output.kind.name), and this row is "
                    + row.value.kind.name + hint,
                at: row.place)
        }
    }

    private mutating func check(_ expectation: GraphTest.Expectation) {
        guard let output = expectation.output,
            let description = nodes[expectation.node.node]
        else { return }
        let node = expectation.node.node.quoted
        if description.isSink {
            report(
                "node \(node) is a sink and has no outputs; its rows are those that reach it",
                at: expectation.outputPlace)
        } else if !description.outputs.contains(where: { $0.name == output }) {
            let names = description.outputs.map(\.name)
            report(
                "node \(node) has no output \(output.quoted); it has \(names.listed)."
                    + didYouMean(output, among: names),
                at: expectation.outputPlace)
        }
    }

    private mutating func check(_ fault: GraphTest.Fault) {
        guard nodes[fault.node.node]?.isSource == true, fault.effect == .reject else { return }
        report(
            "node \(fault.node.node.quoted) is a source: it is given no row that could be "
                + "rejected; leave the row out of \"sources\"",
            at: fault.effectPlace)
    }
}
