import PipesCore
import Testing

/// One mistake is one message: nothing is said of what only follows from a part that is wrong.
@Suite("a mistake in a graph")
struct FollowUpTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var text: String
        /// Without the name of the file.
        var message: String

        init(_ name: String, _ text: String, _ message: String) {
            self.name = name
            self.text = text
            self.message = message
        }

        var testDescription: String { name }
    }

    private static let ends = "\"in\": {\"coro\": \"t.texts\"}, \"out\": {\"coro\": \"t.sink\"}"
    private static let owners = "a node has coro, args, signature, properties, examples."
    private static let properties =
        "a node's properties has aggregate_inputs, queue_size, queue_bytes, concurrency, ordered, "
        + "timeout, on_error, on_missing, overflow."

    /// A text that goes from `in` through `m` to `out`.
    private static func chain(_ node: String) -> String {
        "{\"nodes\": {\(ends),\n\"m\": \(node)}, \"graph\": {\"in\": [\"m\"], \"m\": [\"out\"]}}"
    }

    /// Two sources feed `m`.
    private static func merge(_ node: String, more: String = "") -> String {
        """
        {\(more)"nodes": {\(ends), "b": {"coro": "t.texts"},
        "m": \(node)}, "graph": {"in": ["m"], "b": ["m"], "m": ["out"]}}
        """
    }

    private static func loop(_ edge: String) -> String {
        """
        {"nodes": {\(ends), "head": {"coro": "t.map"}, "tail": {"coro": "t.map"}},
        "graph": {"in": ["head"], "head": ["tail"], "tail": ["out", \(edge)]}}
        """
    }

    @Test(
        "is one message",
        arguments: [
            Case(
                "a misspelt coro", chain("{\"core\": \"t.map\"}"),
                "2:7: error: node \"m\": unknown key \"core\"; \(owners) Did you mean \"coro\"?"),
            Case(
                "misspelt args", chain("{\"coro\": \"t.needs\", \"arg\": {\"path\": \"a\"}}"),
                "2:26: error: node \"m\": unknown key \"arg\"; \(owners) Did you mean \"args\"?"),
            Case(
                "misspelt properties",
                merge("{\"coro\": \"t.text\", \"propertys\": {\"aggregate_inputs\": false}}"),
                "2:25: error: node \"m\": unknown key \"propertys\"; \(owners) Did you mean "
                    + "\"properties\"?"),
            Case(
                "a misspelt property",
                merge("{\"coro\": \"t.text\", \"properties\": {\"agregate_inputs\": false}}"),
                "2:40: error: node \"m\": unknown key \"agregate_inputs\"; \(properties) Did you mean "
                    + "\"aggregate_inputs\"?"),
            Case(
                "a property of another kind",
                merge("{\"coro\": \"t.text\", \"properties\": {\"aggregate_inputs\": \"no\"}}"),
                "2:60: error: node \"m\": \"aggregate_inputs\" wants true or false, got a string"),
            Case(
                "a property beside the others",
                merge("{\"coro\": \"t.text\", \"aggregate_inputs\": false}"),
                "2:25: error: node \"m\": \"aggregate_inputs\" is a property: put it into "
                    + "\"properties\": {...}"),
            Case(
                "a default of another kind",
                merge("{\"coro\": \"t.text\"}", more: "\"defaults\": {\"aggregate_inputs\": 0}, "),
                "1:35: error: \"defaults\": \"aggregate_inputs\" wants true or false, got an integer"
            ),
            Case(
                "misspelt defaults",
                merge(
                    "{\"coro\": \"t.text\"}", more: "\"default\": {\"aggregate_inputs\": false}, "),
                "1:2: error: unknown key \"default\"; a graph file has name, nodes, graph, env, "
                    + "defaults, dead_letter, tests. Did you mean \"defaults\"?"),
            Case(
                "misspelt nodes",
                "{\"node\": {\(ends)}, \"graph\": {\"in\": [\"out\"]}}",
                "1:2: error: unknown key \"node\"; a graph file has name, nodes, graph, env, defaults, "
                    + "dead_letter, tests. Did you mean \"nodes\"?"),
            Case(
                "nodes of another kind", "{\"nodes\": [], \"graph\": {\"in\": [\"out\"]}}",
                "1:11: error: \"nodes\" wants an object of names and nodes, got a list"),
            Case(
                "a misspelt graph",
                "{\"nodes\": {\(ends)},\n\"grap\": {\"in\": [\"out\"]}}",
                "2:1: error: unknown key \"grap\"; a graph file has name, nodes, graph, env, defaults, "
                    + "dead_letter, tests. Did you mean \"graph\"?"),
            Case(
                "a misspelt feedback",
                loop("\n{\"to\": \"head\", \"feedbak\": {\"initial\": [\"a\"]}}"),
                "3:16: error: edge \"tail\" -> \"head\": unknown key \"feedbak\"; an edge has to, "
                    + "queue_size, queue_bytes, overflow, feedback. Did you mean \"feedback\"?"),
            Case(
                "misspelt initial rows",
                loop("\n{\"to\": \"head\", \"feedback\": {\"inital\": [\"a\"]}}"),
                "3:29: error: edge \"tail\" -> \"head\": unknown key \"inital\"; \"feedback\" has "
                    + "initial, max_in_loop. Did you mean \"initial\"?"),
            Case(
                "a sink among those that feed a node",
                """
                {"nodes": {\(ends), "m": {"coro": "t.text"}},
                "graph": {"in": ["m", "out"], "out": ["m"], "m": null}}
                """,
                "2:39: error: node \"out\": t.sink is a sink and feeds no other node; take \"m\" out of "
                    + "its list"),
            Case(
                "one input too few of another kind",
                """
                {"nodes": {"in": {"coro": "t.ints"}, "out": {"coro": "t.sink"},
                "m": {"coro": "t.pair"}}, "graph": {"in": ["m"], "m": ["out"]}}
                """,
                "2:1: error: node \"m\": t.pair joins 2 inputs (left, right), but only 1 feeds it: "
                    + "\"in\""),
            Case(
                "one input too many of different sources",
                merge("{\"coro\": \"t.text\"}"),
                "2:56: error: node \"m\": t.text takes 1 input, but 2 nodes feed it: \"in\", \"b\"; set "
                    + "\"aggregate_inputs\": false to take their rows one by one"),
            Case(
                "a queue size of another kind, where much is held",
                """
                {"nodes": {\(ends), "h": {"coro": "t.window"}, "u": {"coro": "t.map"},
                "m": {"coro": "t.map", "properties": {"queue_size": "many"}}},
                "graph": {"in": ["h", "u"], "h": ["m"], "u": ["m"], "m": ["out"]}}
                """,
                "2:53: error: node \"m\": \"queue_size\" wants an integer, got a string"),
            Case(
                "a misspelt key of an example",
                chain("{\"coro\": \"t.map\", \"examples\": [{\"ins\": [\"a\"], \"out\": 1}]}"),
                "2:38: error: node \"m\": unknown key \"ins\"; an example has in, out. Did you mean "
                    + "\"in\"?"),
        ])
    func followUps(_ expected: Case) {
        let (graph, diagnostics) = GraphFile.parse(
            Array(expected.text.utf8), file: "g", environment: [:])
        var all = diagnostics
        if let graph { all += GraphChecker.check(graph, resolve: resolve).diagnostics }
        let errors = all.map { String($0.description.dropFirst(2)) }
            .filter { !$0.contains("feeds no other node, so what") }
        #expect(errors == [expected.message])
    }

    @Test("in a fault of a test is one message")
    func faults() {
        let start = "{\"nodes\": {\(Self.ends)}, \"graph\": {\"in\": [\"out\"]}, \"tests\": [{\n"
        func messages(_ fault: String) -> [String] {
            let text = start + "\"faults\": {\"out\": \(fault)}}]}"
            return GraphFile.parse(Array(text.utf8), file: "g", environment: [:]).diagnostics
                .map(\.message)
        }
        let known = "a fault has at, how, times, time, message. Did you mean"
        #expect(
            messages("{\"att\": 1, \"how\": \"reject\"}") == [
                "test \"test 1\": unknown key \"att\"; \(known) \"at\"?"
            ])
        #expect(
            messages("{\"at\": 1, \"haw\": \"reject\"}") == [
                "test \"test 1\": unknown key \"haw\"; \(known) \"how\"?"
            ])
        #expect(
            messages("{\"at\": 1, \"how\": \"retri\", \"times\": 2}") == [
                "test \"test 1\": \"how\" is \"retri\"; it can be \"reject\", \"retry\", \"delay\", "
                    + "\"crash\". Did you mean \"retry\"?"
            ])
    }

    @Test("of a name that two nodes of a built graph have is one message")
    func twins() {
        let graph = Graph(
            name: "g",
            nodes: [
                Graph.Node("in", coro: "t.texts"), Graph.Node("m", coro: "t.text"),
                Graph.Node("m", coro: "t.text"), Graph.Node("out", coro: "t.sink"),
            ],
            edges: [Graph.Edge(from: "in", to: "m"), Graph.Edge(from: "m", to: "out")])
        #expect(
            GraphChecker.check(graph, resolve: resolve).diagnostics.map(\.message) == [
                "node \"m\": a second node of this name"
            ])
    }
}
