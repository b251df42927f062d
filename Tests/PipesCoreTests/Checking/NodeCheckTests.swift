import PipesCore
import Testing

@Suite("checks of nodes and edges")
struct NodeCheckTests {
    @Test("a sound graph comes out with all that the runtime needs")
    func sound() throws {
        let text = CheckedText(
            [
                "out t.sink \"properties\": {\"aggregate_inputs\": false}",
                "cat t.pair \"properties\": {\"queue_size\": 7}",
                "good t.ports", "inp t.texts",
            ],
            #"{"inp": ["cat", "good", {"to": "out", "queue_size": 3, "queue_bytes": 9}], "#
                + #""good": {"bad": ["cat"], "good": ["out"]}, "cat": ["out"]}"#)
        #expect(text.messages == [])
        let graph = try #require(text.checked)
        #expect(graph.order.map { graph.nodes[$0].name } == ["inp", "good", "cat", "out"])
        let out = try #require(text.node("out"))
        #expect(out.inputMode == .merge && out.inputs == [2, 4, 5] && out.lineages == [])
        let cat = try #require(text.node("cat"))
        #expect(cat.inputMode == .join(.init(groups: [[0, 1]], depths: [1, 1])))
        #expect(cat.inputs == [0, 3] && cat.outputs == [[5]])
        let good = try #require(text.node("good"))
        #expect(good.inputMode == .single && good.outputs == [[4], [3]])
        #expect(
            good.lineages
                == [Lineage](repeating: try #require(text.node("inp")).lineages[0], count: 2))
        #expect(text.node("inp")?.inputMode == CheckedGraph.InputMode.none)
        #expect(graph.edges.map(\.port) == [0, 0, 0, 1, 0, 0])
        #expect(graph.edges.map(\.capacity) == [7, 1024, 3, 7, 1024, 1024])
        #expect(graph.edges.map(\.capacityIsFixed) == [true, false, true, true, false, false])
        #expect(
            graph.edges.map(\.byteCapacity) == [16 << 20, 16 << 20, 9]
                + [Int](repeating: 16 << 20, count: 3))
    }

    @Test("args are converted, in the order of the params, with defaults filled in")
    func args() {
        let text = CheckedText(
            [
                "inp t.source",
                "p t.params \"args\": {\"blob\": \"aGk=\", \"ratio\": 3, \"level\": 2}",
            ],
            #"{"inp": ["p"]}"#)
        #expect(text.messages == [])
        #expect(
            text.node("p")?.args == [
                .int(20), .float(3), .string("skip"), .bytes([0x68, 0x69]), .null, .float(2),
            ])
        let plain = CheckedText(["inp t.source", "p t.params"], #"{"inp": ["p"]}"#)
        #expect(
            plain.node("p")?.args == [
                .int(20), .float(1), .string("skip"), .bytes([0, 255]), .null, .float(1),
            ])
    }

    @Test(
        "an arg that can't be has its place",
        arguments: [
            (
                "\"nmu\": 1", 0,
                "no param \"nmu\"; t.params takes num, ratio, how, blob, free, level. Did you mean \"num\"?"
            ),
            ("\"num\": \"x\"", 7, "param \"num\" wants INT, got STRING"),
            ("\"num\": 3.0", 7, "param \"num\" wants INT, got FLOAT 3.0; write 3"),
            ("\"num\": 3.5", 7, "param \"num\" wants INT, got FLOAT 3.5"),
            ("\"num\": null", 7, "param \"num\" wants INT, got NULL"),
            ("\"num\": 0", 7, "param \"num\" is 0, below its minimum 1"),
            ("\"num\": 101", 7, "param \"num\" is 101, above its maximum 100"),
            ("\"ratio\": true", 9, "param \"ratio\" wants FLOAT, got BOOL"),
            (
                "\"how\": \"rejct\"", 7,
                "param \"how\" is \"rejct\"; it can be \"reject\", \"retry\", \"skip\". Did you mean \"reject\"?"
            ),
            ("\"level\": 3", 9, "param \"level\" is 3.0; it can be 1, 2."),
            ("\"blob\": \"a\"", 8, "param \"blob\" wants BYTES as base64, got \"a\""),
            (
                "\"blob\": 1", 8,
                "param \"blob\" wants BYTES, got INT; BYTES are written as base64 in a string"
            ),
        ])
    func wrongArgs(arg: String, offset: Int, message: String) {
        let text = CheckedText(
            ["inp t.source", "p t.params \"args\": {\(arg)}"], #"{"inp": ["p"]}"#)
        #expect(text.messages == ["3:\(36 + offset): error: node \"p\": \(message)"])
        #expect(text.checked == nil)
    }

    @Test(
        "a node that can't be has its place",
        arguments: [
            (
                ["inp t.source", "rev t.revrse"], #"{"inp": ["rev"]}"#,
                ["3:17: error: node \"rev\": no processor \"t.revrse\" in plugin t."]
            ),
            (
                ["inp t.source", "n t.needs"], #"{"inp": ["n"]}"#,
                [
                    "3:1: error: node \"n\": t.needs needs param \"path\" (STRING); give it in \"args\""
                ]
            ),
            (
                ["inp t.source", "n t.needs \"args\": {\"pth\": \"x\"}"], #"{"inp": ["n"]}"#,
                [
                    "3:35: error: node \"n\": no param \"pth\"; t.needs takes path. Did you mean "
                        + "\"path\"?"
                ]
            ),
            (
                ["a t.source", "s t.sink"], #"{"a": ["s"], "s": ["a"]}"#,
                [
                    "4:20: error: node \"s\": t.sink is a sink and feeds no other node; take \"a\" out of "
                        + "its list"
                ]
            ),
            (
                ["a t.source", "b t.text"], #"{"a": ["b"], "b": ["b"]}"#,
                [
                    "4:20: error: cycle: b -> b; its rows would never end. Take out one of these edges, or "
                        + "say which starts the next round: {\"to\": \"b\", \"feedback\": {\"initial\": "
                        + "[...]}}"
                ]
            ),
            (
                ["rev t.map"], #"{}"#,
                [
                    "2:1: error: node \"rev\": t.map needs input and no node feeds it; name \"rev\" in the "
                        + "list of one under \"graph\""
                ]
            ),
            (
                ["a t.source", "b t.source"], #"{"a": ["b"]}"#,
                [
                    "4:8: error: node \"b\": t.source is a source and takes no input; take \"b\" out of what "
                        + "\"a\" feeds"
                ]
            ),
            (
                ["a t.source", "s t.sink", "x t.map", "y t.map"], #"{"a": ["s"], "s": ["x", "y"]}"#,
                [
                    "6:20: error: node \"s\": t.sink is a sink and feeds no other node; take \"x\" out of "
                        + "its list"
                ]
            ),
            (
                ["a t.source", "b t.text"], #"{"a": {"good": ["b"]}}"#,
                ["4:8: error: node \"a\": no output \"good\"; t.source has out."]
            ),
            (
                ["a t.source", "b t.ports", "x t.map", "y t.map"],
                #"{"a": ["b"], "b": {"god": ["x", "y"], "bad": ["x"]}}"#,
                [
                    "6:20: error: node \"b\": no output \"god\"; t.ports has good, bad. Did you mean "
                        + "\"good\"?"
                ]
            ),
            (
                ["a t.texts", "b t.texts", "x t.text"], #"{"a": ["x"], "b": ["x"]}"#,
                [
                    "5:20: error: node \"x\": t.text takes 1 input, but 2 nodes feed it: \"a\", \"b\"; set "
                        + "\"aggregate_inputs\": false to take their rows one by one"
                ]
            ),
            (
                ["a t.texts", "x t.pair"], #"{"a": ["x"]}"#,
                [
                    "3:1: error: node \"x\": t.pair joins 2 inputs (left, right), but only 1 feeds it: "
                        + "\"a\""
                ]
            ),
            (
                ["a t.texts", "x t.pair \"properties\": {\"aggregate_inputs\": false}"],
                #"{"a": ["x"]}"#,
                [
                    "3:40: error: node \"x\": t.pair joins 2 inputs (left, right), but "
                        + "\"aggregate_inputs\": false gives it one value at a time; leave that out"
                ]
            ),
            (
                ["a t.ints", "x t.text"], #"{"a": ["x"]}"#,
                [
                    "4:8: error: node \"x\": input \"text\" wants STRING, but output \"number\" of node "
                        + "\"a\" gives INT; put a node between them that turns INT into STRING"
                ]
            ),
            (
                [
                    "a t.ints", "b t.texts",
                    "x t.text \"properties\": {\"aggregate_inputs\": false}",
                ],
                #"{"a": ["x"], "b": ["x"]}"#,
                [
                    "5:8: error: node \"x\": input \"text\" wants STRING, but output \"number\" of node "
                        + "\"a\" gives INT; put a node between them that turns INT into STRING"
                ]
            ),
            (
                ["a t.ports", "i t.source", "x t.text"], #"{"i": ["a"], "a": {"bad": ["x"]}}"#,
                [
                    "5:28: error: node \"x\": input \"text\" wants STRING, but output \"bad\" of node "
                        + "\"a\" gives INT; put a node between them that turns INT into STRING"
                ]
            ),
            (
                ["a t.bytes", "x t.text"], #"{"a": ["x"]}"#,
                [
                    "4:8: error: node \"x\": input \"text\" wants STRING, but output \"data\" of node "
                        + "\"a\" gives BYTES; put a node between them that turns BYTES into STRING, "
                        + "such as strings.text"
                ]
            ),
            (
                ["a t.ints", "x t.cos"], #"{"a": ["x"]}"#,
                [
                    "4:8: error: node \"x\": input \"in\" wants FLOAT, but output \"number\" of node "
                        + "\"a\" gives INT; put a node between them that turns INT into FLOAT"
                ]
            ),
            (
                ["a t.source", "x t.broken"], #"{"a": ["x"]}"#,
                [
                    "3:15: error: node \"x\": t.broken says that it holds as many rows as its param "
                        + "\"size\" tells, but has no such INT param: the plugin is broken"
                ]
            ),
        ])
    func nodes(nodes: [String], edges: String, expected: [String]) {
        let text = CheckedText(nodes, edges)
        #expect(text.messages == expected)
        #expect((text.checked == nil) == !expected.isEmpty)
    }

    @Test(
        "a cycle is printed whole, at the edge that closes it",
        arguments: [
            (
                ["a", "b", "c"], #"{"a": ["b"], "b": ["c"], "c": ["a"]}"#,
                ["5:32: error: cycle: a -> b -> c -> a"]
            ),
            (["a"], #"{"a": ["a"]}"#, ["3:8: error: cycle: a -> a"]),
            (
                ["c", "b", "a"], #"{"a": ["b"], "b": ["c"], "c": ["a"]}"#,
                ["5:20: error: cycle: c -> a -> b -> c"]
            ),
            (
                ["a", "b", "c", "d", "e"],
                #"{"a": ["b"], "b": ["a", "c"], "c": ["d"], "d": ["c", "e"], "e": []}"#,
                ["7:20: error: cycle: a -> b -> a", "7:49: error: cycle: c -> d -> c"]
            ),
            (
                ["a", "b", "c", "d"], #"{"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["a"]}"#,
                ["6:37: error: cycle: a -> b -> c -> a"]
            ),
        ])
    func cycles(nodes: [String], edges: String, expected: [String]) {
        let text = CheckedText(nodes.map { "\($0) t.map" }, edges)
        #expect(
            text.messages
                == expected.map { message in
                    let last = message.suffix(1)
                    return "\(message); its rows would never end. Take out one of these edges, or "
                        + "say which starts the next round: {\"to\": \"\(last)\", \"feedback\": "
                        + "{\"initial\": [...]}}"
                })
    }

    @Test("what rests on a mistake is left alone, and all else is still checked")
    func independent() {
        let text = CheckedText(
            ["a t.nothing", "b t.text", "c t.params \"args\": {\"num\": \"x\"}", "d t.needs"],
            #"{"a": ["b"], "b": ["c", "e"], "c": ["d"], "f": ["b"]}"#)
        #expect(
            text.messages.map { $0.split(separator: " ").prefix(4).joined(separator: " ") } == [
                "6:25: error: node \"b\"", "6:43: error: \"graph\" names",
                "2:15: error: node \"a\":", "4:43: error: node \"c\":", "5:1: error: node \"d\":",
            ])
    }

    @Test("a graph that is built in code is checked like one from a file")
    func built() {
        let graph = Graph(
            name: "built",
            nodes: [
                .init("a", coro: "t.source", args: [.init("x", .int(1))]),
                .init("b", coro: "t.map"),
                .init("b", coro: "t.map"),
                .init("c", coro: "t.params", args: [.init("num", .int(1)), .init("num", .int(2))]),
            ],
            edges: [
                .init(from: "a", to: "b"), .init(from: "a", to: "b"), .init(from: "a", to: "e"),
                .init(from: "a", to: "c"),
            ])
        let (checked, diagnostics) = GraphChecker.check(graph, resolve: resolve)
        #expect(checked == nil)
        #expect(
            diagnostics.map(\.description)
                == [
                    "error: node \"b\": a second node of this name",
                    "error: edge \"a\" -> \"e\": \"e\" is not among the nodes.",
                    "error: node \"a\": feeds \"b\" twice by one output",
                    "error: node \"a\": no param \"x\"; t.source takes none",
                    "error: node \"c\": param \"num\" is given twice",
                    "error: node \"b\": joins rows",
                ].dropLast())
    }

    @Test("a large graph is checked in time that grows with it")
    func large() {
        let count = 20_000
        let chain = Graph(
            name: "chain",
            nodes: (0..<count).map { .init("n\($0)", coro: $0 == 0 ? "t.source" : "t.map") },
            edges: (1..<count).map { .init(from: "n\($0 - 1)", to: "n\($0)") })
        // Each node joins the one before it with the source.
        let ladder = Graph(
            name: "ladder", nodes: chain.nodes,
            edges: (1..<count).map { .init(from: "n0", to: "n\($0)") }
                + (2..<count).map { .init(from: "n\($0 - 1)", to: "n\($0)") })
        let ring = Graph(
            name: "ring", nodes: Array(chain.nodes.dropFirst()),
            edges: chain.edges.dropFirst() + [.init(from: "n\(count - 1)", to: "n1")])
        for (graph, isSound) in [(chain, true), (ladder, true), (ring, false)] {
            let clock = ContinuousClock()
            let elapsed = clock.measure {
                let (checked, diagnostics) = GraphChecker.check(graph, resolve: resolve)
                let hasErrors = diagnostics.contains { $0.severity == .error }
                #expect((checked != nil) == isSound && hasErrors == !isSound)
            }
            // Far above what it takes, and far below what anything quadratic would.
            #expect(elapsed < .seconds(20))
        }
    }
}
