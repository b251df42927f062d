import PipesCore
import Testing

@Suite("Feedback edges") struct FeedbackCheckTests {
    private static let nothingEnters =
        "nothing ever enters the loop: \"a\" has no other input. Give the first rows in \"initial\""

    @Test(
        "make a loop of what lies between head and closer",
        arguments: [
            (
                ["a t.map", "b t.map", "out t.sink"],
                #"{"a": ["b"], "b": ["out", {"to": "a", "feedback": {"initial": [0]}}]}"#
            ),
            (["a t.map"], #"{"a": [{"to": "a", "feedback": {"initial": [0, 1]}}]}"#),
            (
                [
                    "s t.source", "a t.map \"properties\": {\"aggregate_inputs\": false}",
                    "b t.ports",
                ],
                #"{"s": ["a"], "a": ["b"], "b": {"good": [], "bad": [{"to": "a", "feedback": {}}]}}"#
            ),
            (
                ["s t.source", "a t.map", "b t.map", "c t.map"],
                #"{"s": ["a"], "a": ["b", "c"], "b": ["c"], "c": [{"to": "a", "feedback": {"initial": [0]}}]}"#
            ),
            (
                ["a t.map", "b t.map", "c t.map", "d t.count", "e t.split"],
                #"""
                {"a": ["c", "e"], "b": ["c", "d"], "c": [{"to": "a", "feedback": {"initial": [0]}},
                {"to": "b", "feedback": {"initial": [1]}}]}
                """#
            ),
            (
                [
                    "s t.source", "a t.map \"properties\": {\"aggregate_inputs\": false}",
                    "b t.map \"properties\": {\"aggregate_inputs\": false}",
                ],
                #"{"s": ["a"], "a": [{"to": "a", "feedback": {}}, "b"], "b": [{"to": "b", "feedback": {}}]}"#
            ),
        ])
    func loops(nodes: [String], edges: String) throws {
        let text = CheckedText(nodes, edges)
        #expect(text.messages == [])
        let checked = try #require(text.checked)
        #expect(!checked.loops.isEmpty)
        #expect(
            checked.loops.flatMap(\.feedback).sorted()
                == checked.edges.indices.filter { checked.edges[$0].isFeedback })
    }

    @Test("know what leaves their loop, and how many rows it holds")
    func loop() throws {
        let text = CheckedText(
            ["s t.ints", "a t.cos", "b t.map", "x t.sink", "y t.sink"],
            #"""
            {"s": ["a"], "a": ["b", "x"], "b": ["y", {"to": "a", "feedback": {"initial": [1], "max_in_loop": 4}}]}
            """#)
        #expect(text.messages.map { $0.prefix(5) } == ["7:8: ", "7:49:"])
        let fit = CheckedText(
            ["a t.cos", "b t.map", "x t.sink", "y t.sink"],
            #"""
            {"a": ["b", "x"], "b": ["y", {"to": "a", "feedback": {"initial": [1], "max_in_loop": 4}}]}
            """#)
        #expect(fit.messages == [])
        let loop = try #require(fit.checked?.loops.first)
        #expect(loop.exits == [1, 2])
        #expect(loop.feedback == [3])
        #expect(loop.initial == [[.float(1)]])
        #expect(loop.maxInLoop == 4)
        #expect(fit.capacity("b", "a") == 4)
    }

    @Test(
        "that make no sense are refused",
        arguments: [
            (
                ["a t.map"], #"{"a": [{"to": "a", "feedback": {}}]}"#,
                ["3:15: error: edge \"a\" -> \"a\": " + nothingEnters]
            ),
            (
                ["s t.source", "a t.map"],
                #"{"s": ["a"], "a": [{"to": "a", "feedback": {"max_in_loop": 2}}]}"#,
                [
                    "4:27: error: edge \"a\" -> \"a\": \"a\" joins what goes back with its other "
                        + "inputs, so the first of their rows would wait for ever. Give the first "
                        + "rows in \"initial\", or set \"aggregate_inputs\": false to let rows enter "
                        + "one by one"
                ]
            ),
            (
                ["s t.source", "a t.map", "b t.map \"properties\": {\"aggregate_inputs\": false}"],
                #"{"s": ["b"], "a": [{"to": "b", "feedback": {}}], "b": ["a"]}"#, []
            ),
            (
                ["s t.source", "a t.map", "b t.map"],
                #"{"s": ["a"], "a": [{"to": "b", "feedback": {"initial": [1]}}]}"#,
                [
                    "5:27: error: edge \"a\" -> \"b\": a feedback edge that closes no cycle: no way "
                        + "leads from \"b\" to \"a\" without another one. Leave \"feedback\" out"
                ]
            ),
            (
                ["a t.text"],
                #"{"a": [{"to": "a", "feedback": {"initial": ["x", 7], "max_in_loop": 1}}]}"#,
                [
                    "3:50: error: edge \"a\" -> \"a\": initial row 1 goes to input \"text\" of "
                        + "\"a\", which wants STRING, got INT",
                    "3:69: error: edge \"a\" -> \"a\": \"initial\" has 2 rows, but \"max_in_loop\" "
                        + "lets only 1 into the loop; set it to 2 or more",
                ]
            ),
            (
                ["a t.map"],
                #"{"a": [{"to": "a", "queue_size": 4, "feedback": {"initial": [1]}}]}"#,
                [
                    "3:15: error: edge \"a\" -> \"a\": a feedback edge has room for "
                        + "\"max_in_loop\" rows; leave \"queue_size\" and \"queue_bytes\" out"
                ]
            ),
            (
                ["a t.map \"properties\": {\"aggregate_inputs\": false}", "b t.map", "c t.map"],
                #"""
                {"a": ["b", "c"], "b": [{"to": "a", "feedback": {"initial": [1]}}], "c": [{"to": "a", "feedback": {}}]}
                """#,
                [
                    "5:82: error: edge \"c\" -> \"a\": \"a\" is fed back to by \"b\" already, and a "
                        + "node begins one loop only"
                ]
            ),
            (
                ["a t.map", "b t.map", "c t.map"],
                #"""
                {"a": ["c"], "b": ["c"], "c": [{"to": "a", "feedback": {"initial": [1]}},
                {"to": "b", "feedback": {"initial": [1, 2]}}]}
                """#,
                [
                    "6:8: error: edge \"c\" -> \"b\": \"initial\" has 2 rows, but \"c\" -> \"a\", "
                        + "which brings the same rounds, has 1; give as many"
                ]
            ),
            (
                ["a t.map", "b t.map", "c t.map"],
                #"""
                {"a": ["c"], "c": [{"to": "a", "feedback": {"initial": [1]}},
                {"to": "b", "feedback": {"initial": [1]}}]}
                """#,
                [
                    "6:8: error: edge \"c\" -> \"b\": a feedback edge that closes no cycle: no way "
                        + "leads from \"b\" to \"c\" without another one. Leave \"feedback\" out"
                ]
            ),
            (
                ["a t.map", "b t.map"],
                #"{"a": [{"to": "b", "feedback": {"initial": [1]}}], "b": [{"to": "a", "feedback": {"initial": [1]}}]}"#,
                [
                    "4:15: error: edge \"a\" -> \"b\": a feedback edge that closes no cycle: no way "
                        + "leads from \"b\" to \"a\" without another one. Leave \"feedback\" out",
                    "4:65: error: edge \"b\" -> \"a\": a feedback edge that closes no cycle: no way "
                        + "leads from \"a\" to \"b\" without another one. Leave \"feedback\" out",
                ]
            ),
        ])
    func refused(nodes: [String], edges: String, expected: [String]) {
        let text = CheckedText(nodes, edges)
        #expect(text.messages == expected)
        #expect((text.checked == nil) == !expected.isEmpty)
    }

    /// One node inside a loop that begins at `a` and is closed by `c`.
    @Test(
        "need each row back under the key it entered with",
        arguments: [
            (
                "b t.split", #""a": ["b"], "b": ["c"]"#,
                "3:15: error: node \"b\": splits its rows inside the loop that \"c\" -> \"a\" closes, "
                    + "so each round would bring more of them. Split outside of the loop, or join "
                    + "what workers yield by key"
            ),
            (
                "b t.count", #""a": ["b"], "b": ["c"]"#,
                "3:15: error: node \"b\": aggregates inside the loop that \"c\" -> \"a\" closes: "
                    + "nobody could tell what became of a row, nor when the loop is empty. Join by "
                    + "key there, or aggregate what leaves the loop"
            ),
            (
                "b t.map \"properties\": {\"aggregate_inputs\": false}",
                #""s": ["b"], "a": ["b"], "b": ["c"]"#,
                "3:15: error: node \"b\": merges its inputs inside the loop that \"c\" -> \"a\" "
                    + "closes, and numbers their rows anew, so that they don't come back under their "
                    + "keys. Rows enter a loop at its head: let them into \"a\""
            ),
            (
                "b t.hold5", #""a": ["b"], "b": ["c"]"#,
                "3:15: error: node \"b\": may hold 5 rows back inside the loop that \"c\" -> \"a\" "
                    + "closes, where no others may come that would bring them out: it would be "
                    + "stuck. Take it out of the loop"
            ),
            (
                "b t.map \"properties\": {\"ordered\": false}", #""a": ["b"], "b": ["c"]"#,
                "3:39: error: node \"b\": \"ordered\": false lets its rows leave out of key order, "
                    + "but inside the loop that \"c\" -> \"a\" closes each row is followed by its "
                    + "key; leave it out"
            ),
        ])
    func bodies(node: String, edges: String, expected: String) {
        let text = CheckedText(
            ["a t.map", node, "c t.map", "s t.source"],
            #"{\#(edges), "c": [{"to": "a", "feedback": {"initial": [1]}}]}"#)
        #expect(text.messages == [expected])
    }

    @Test("whose body joins rows from outside are refused, with where they may enter")
    func outsideJoin() {
        let text = CheckedText(
            ["s t.source", "a t.map", "b t.map"],
            #"{"s": ["b"], "a": ["b"], "b": [{"to": "a", "feedback": {"initial": [1]}}]}"#)
        #expect(
            text.messages.filter { $0.contains("error") } == [
                "4:15: error: node \"b\": joins other rows than those of the loop that \"b\" -> "
                    + "\"a\" closes, by position, and numbers its rows anew, so that they don't come "
                    + "back under their keys. Rows enter a loop at its head: join them at \"a\", or "
                    + "behind the loop"
            ])
    }

    @Test("can't lie within one another")
    func nested() {
        let text = CheckedText(
            [
                "a t.map \"properties\": {\"aggregate_inputs\": false}",
                "b t.map \"properties\": {\"aggregate_inputs\": false}", "c t.map",
            ],
            #"""
            {"a": ["b"], "b": ["c", {"to": "b", "feedback": {}}], "c": [{"to": "a", "feedback": {"initial": [1]}}]}
            """#)
        #expect(text.checked == nil)
        #expect(text.messages.count == 1)
        #expect(text.messages[0].hasPrefix("3:15: error: node \"b\": merges its inputs inside the"))
    }

    @Test("of a graph built in code are checked for what a file can't hold")
    func code() {
        let graph = Graph(
            name: "code", nodes: [.init("a", coro: "t.map")],
            edges: [.init(from: "a", to: "a", feedback: .init(initial: [.int(1)], maxInLoop: 0))])
        let diagnostics = GraphChecker.check(graph, resolve: resolve).diagnostics
        #expect(
            diagnostics.map(\.message) == [
                "edge \"a\" -> \"a\": \"max_in_loop\" is 0; it can be 1 or more"
            ])
    }

    @Test("in great number are explained in time")
    func many() {
        let count = 20_000
        var graph = Graph(name: "many")
        graph.nodes = (0..<count).map { .init("n\($0)", coro: "t.map") }
        for node in 0..<count - 1 {
            graph.edges.append(.init(from: "n\(node)", to: "n\(node + 1)"))
            graph.edges.append(
                .init(
                    from: "n\(node)", to: "n\(count - 1)", feedback: .init(initial: [.int(1)])))
        }
        let clock = ContinuousClock()
        let time = clock.measure {
            #expect(GraphChecker.check(graph, resolve: resolve).checked == nil)
        }
        #expect(time < .seconds(20))
    }
}
