import PipesCore
import PipesRuntime
import Testing

@Suite("A coro that nobody knows")
struct KnownCorosTests {
    private static let closures: CoroMap = [
        "lines": .values([]), "upper": .map { row, _ in row[0] }, "print": .sink { _, _ in },
    ]

    /// Says of all that there is no such plugin.
    private struct NoPlugins: ProcessorResolver {
        var ending = ""
        func resolve(
            _ node: Graph.Node, in graph: Graph
        ) -> Result<any ProcessorFactory, GraphChecker.Rejection>? {
            .failure(GraphChecker.Rejection([Diagnostic(.error, "no plugin\(ending)")]))
        }
    }

    private func messages(_ coro: String, _ resolvers: [any ProcessorResolver]) -> [String] {
        let graph = Graph(
            name: "g",
            nodes: [
                Graph.Node("in", coro: "lines"), Graph.Node("m", coro: coro),
                Graph.Node("out", coro: "print"),
            ],
            edges: [Graph.Edge(from: "in", to: "m"), Graph.Edge(from: "m", to: "out")])
        return Plumber.check(graph, resolvers: resolvers).diagnostics.map(\.description)
    }

    @Test("gets the nearest name of a map of closures")
    func nearest() {
        #expect(
            messages("uper", [Self.closures]) == [
                "error: node \"m\": nothing here knows \"uper\". Did you mean \"upper\"?"
            ])
        #expect(
            messages("zip", [Self.closures]) == [
                "error: node \"m\": nothing here knows \"zip\""
            ])
    }

    @Test("gets it where plugins are asked too, unless those name one")
    func besidePlugins() {
        #expect(
            messages("uper", [Self.closures, NoPlugins()]) == [
                "error: node \"m\": no plugin. Did you mean \"upper\"?"
            ])
        #expect(
            messages("uper", [Self.closures, NoPlugins(ending: ". Did you mean \"super\"?")]) == [
                "error: node \"m\": no plugin. Did you mean \"super\"?"
            ])
    }
}
