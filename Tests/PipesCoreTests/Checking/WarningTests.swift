import PipesCore
import Testing

/// What runs, and not as its author may think.
@Suite("check warns")
struct WarningTests {
    private func warnings(_ nodes: [String], _ edges: String) -> [String] {
        let text = CheckedText(nodes, edges)
        #expect(text.checked != nil)
        return text.all
    }

    @Test("of nodes that feed no other, but for sinks and sources")
    func unread() {
        #expect(
            warnings(["in t.texts", "m t.map", "out t.sink"], "{\"in\": [\"m\", \"out\"]}") == [
                "3:1: warning: node \"m\": feeds no other node, so what t.map yields is lost; name "
                    + "those that take it under \"graph\", as in {\"m\": [\"out\"]}"
            ])
        #expect(warnings(["in t.texts"], "{}") == [])
        // Its edges may be among those that could not be read.
        let wrong = CheckedText(
            ["in t.texts", "m t.map", "out t.sink"], "{\"in\": [\"m\"], \"n\": []}")
        #expect(!wrong.all.contains { $0.contains("feeds no other") })
    }

    @Test(
        "of a concurrency that changes nothing",
        arguments: [
            ("t.map", "is not concurrent (PIPES_CONCURRENT)"),
            ("t.count", "is not concurrent (PIPES_CONCURRENT)"),
        ])
    func concurrency(coro: String, reason: String) {
        #expect(
            warnings(
                ["in t.texts", "m \(coro) \"properties\": {\"concurrency\": 4}", "out t.sink"],
                "{\"in\": [\"m\"], \"m\": [\"out\"]}") == [
                    "3:\(34 + coro.count): warning: node \"m\": \"concurrency\" 4 changes nothing: \(coro) "
                        + "\(reason), so its calls come one at a time; leave it out"
                ])
    }

    @Test("of the concurrency of a source, and of none where calls may be open at once")
    func others() {
        #expect(
            warnings(
                ["in t.texts \"properties\": {\"concurrency\": 2}", "out t.sink"],
                "{\"in\": [\"out\"]}") == [
                    "2:42: warning: node \"in\": \"concurrency\" 2 changes nothing: t.texts is a source, "
                        + "so its calls come one at a time; leave it out"
                ])
        var description = ProcessorDescription(name: "map", shape: .map, inputs: nil)
        for flags in [ProcessorDescription.Flags.concurrent, .defers, [.concurrent, .defers]] {
            description.flags = flags
            let node = description
            var properties = NodeProperties()
            properties.concurrency = 4
            let graph = Graph(
                name: "g",
                nodes: [
                    Graph.Node("in", coro: "t.texts"),
                    Graph.Node("m", coro: "own", properties: properties),
                    Graph.Node("out", coro: "t.sink"),
                ],
                edges: [Graph.Edge(from: "in", to: "m"), Graph.Edge(from: "m", to: "out")])
            let (_, diagnostics) = GraphChecker.check(graph) {
                $0.coro == "own" ? .success(.init(node)) : resolve($0)
            }
            #expect(diagnostics == [])
        }
    }

    @Test("of no concurrency that all nodes have by default")
    func defaults() {
        let text = """
            {"defaults": {"concurrency": 4}, "nodes": {"in": {"coro": "t.texts"},
             "m": {"coro": "t.map"}, "out": {"coro": "t.sink"}},
             "graph": {"in": ["m"], "m": ["out"]}}
            """
        let (graph, diagnostics) = GraphFile.parse(
            Array(text.utf8), file: "g", environment: [:])
        #expect(diagnostics == [])
        #expect(graph.map { GraphChecker.check($0, resolve: resolve).diagnostics } == [])
    }

    @Test("of what its resolver says of a processor, once for all nodes")
    func resolution() {
        let graph = Graph(
            name: "g",
            nodes: [
                Graph.Node("in", coro: "t.texts"), Graph.Node("a", coro: "t.sink"),
                Graph.Node("b", coro: "t.sink"),
            ],
            edges: [Graph.Edge(from: "in", to: "a"), Graph.Edge(from: "in", to: "b")])
        let (checked, diagnostics) = GraphChecker.check(graph) { node in
            resolve(node).map {
                .init($0.description, warnings: node.coro == "t.sink" ? ["hides another"] : [])
            }
        }
        #expect(checked != nil)
        #expect(diagnostics.map(\.description) == ["warning: node \"a\": hides another"])
    }
}
