import PipesCore
import Testing

@Suite("checks of joins")
struct LineageCheckTests {
    /// What a join of the last node's inputs must be.
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var nodes: [String]
        var edges: String
        var groups: [[Int]]
        var depths: [Int]

        init(
            _ description: String, _ nodes: [String], _ edges: String, _ groups: [[Int]],
            _ depths: [Int]
        ) {
            (testDescription, self.nodes, self.edges) = (description, nodes, edges)
            (self.groups, self.depths) = (groups, depths)
        }
    }

    @Test(
        "inputs pair by key where one lineage is a prefix of the other, else by position",
        arguments: [
            Case(
                "two maps of a source", ["s t.source", "a t.map", "b t.map", "j t.map"],
                #"{"s": ["a", "b"], "a": ["j"], "b": ["j"]}"#, [[0, 1]], [1, 1]),
            Case(
                "a header and its lines", ["s t.source", "l t.split", "j t.map"],
                #"{"s": ["l", "j"], "l": ["j"]}"#, [[0, 1]], [1, 2]),
            Case(
                "lines, and a header behind them",
                ["s t.source", "l t.split", "h t.map", "j t.map"],
                #"{"s": ["l", "h"], "l": ["j"], "h": ["j"]}"#, [[0, 1]], [2, 1]),
            Case(
                "three depths", ["s t.source", "l t.split", "w t.split", "j t.map"],
                #"{"s": ["l", "j"], "l": ["w", "j"], "w": ["j"]}"#, [[0, 1, 2]], [1, 2, 3]),
            Case(
                "two sources", ["s t.source", "r t.source", "j t.map"],
                #"{"s": ["j"], "r": ["j"]}"#, [[0], [1]], [1, 1]),
            Case(
                "two sources, one by two ways", ["s t.source", "r t.source", "a t.map", "j t.map"],
                #"{"s": ["a", "j"], "r": ["j"], "a": ["j"]}"#, [[0, 2], [1]], [1, 1, 1]),
            Case(
                "an aggregate by two ways", ["s t.source", "c t.count", "a t.map", "j t.map"],
                #"{"s": ["c"], "c": ["a", "j"], "a": ["j"]}"#, [[0, 1]], [1, 1]),
            Case(
                "a merge by two ways",
                [
                    "s t.source", "r t.source",
                    "m t.map \"properties\": {\"aggregate_inputs\": false}",
                    "a t.split", "j t.map",
                ],
                #"{"s": ["m"], "r": ["m"], "m": ["a", "j"], "a": ["j"]}"#, [[0, 1]], [1, 2]),
            Case(
                "both outputs of a map", ["s t.source", "p t.ports", "j t.map"],
                #"{"s": ["p"], "p": {"good": ["j"], "bad": ["j"]}}"#, [[0, 1]], [1, 1]),
        ])
    func pairing(join: Case) throws {
        let text = CheckedText(join.nodes, join.edges)
        #expect(!text.diagnostics.contains { $0.severity == .error })
        #expect(text.messages.count == (join.groups.count > 1 ? 1 : 0))
        let node = try #require(text.node("j"))
        #expect(node.inputMode == .join(.init(groups: join.groups, depths: join.depths)))
        let expectedDepth = join.groups.count > 1 ? 1 : join.depths.max()
        #expect(node.lineages[0].depth == expectedDepth)
    }

    @Test("lineages are what graph.md says of rates and merges")
    func lineages() throws {
        let text = CheckedText(
            [
                "s t.source", "r t.source", "k t.ports", "f t.forks", "c t.count",
                "m t.sink \"properties\": {\"aggregate_inputs\": false}", "j t.split",
            ],
            #"{"s": ["k", "j"], "k": ["f"], "f": ["c"], "c": ["m"], "r": ["m", "j"]}"#)
        let s = Lineage(steps: [.init(node: 0)], origins: [0])
        #expect(text.node("s")?.lineages == [s])
        #expect(text.node("k")?.lineages == [s, s])
        #expect(
            text.node("f")?.lineages == [
                Lineage(steps: [.init(node: 0), .init(node: 3, port: 0)], origins: [0]),
                Lineage(steps: [.init(node: 0), .init(node: 3, port: 1)], origins: [0]),
            ])
        #expect(text.node("c")?.lineages == [Lineage(steps: [.init(node: 4)], origins: [0])])
        #expect(
            text.node("j")?.lineages
                == [Lineage(steps: [.init(node: 6), .init(node: 6)], origins: [0, 1])])
    }

    @Test(
        "lineages that go back to one source without a common key can't be joined",
        arguments: [
            (
                ["s t.source", "c t.count", "j t.map"], #"{"s": ["j", "c"], "c": ["j"]}"#,
                "5:25", "\"s\" and \"c\"", "\"s\"",
                "\"c\" aggregates, and numbers what it yields anew"
            ),
            (
                ["s t.source", "m t.map \"properties\": {\"aggregate_inputs\": false}", "j t.map"],
                #"{"s": ["m", "j"], "m": ["j"]}"#,
                "5:25", "\"s\" and \"m\"", "\"s\"",
                "\"m\" takes its inputs one by one, and numbers their rows anew"
            ),
            (
                ["s t.source", "a t.split", "b t.split", "j t.map"],
                #"{"s": ["a", "b"], "a": ["j"], "b": ["j"]}"#,
                "6:37", "\"a\" and \"b\"", "\"s\"", "\"a\" and \"b\" split them each in its own way"
            ),
            (
                ["s t.source", "f t.forks", "j t.map"],
                #"{"s": ["f"], "f": {"left": ["j"], "right": ["j"]}}"#,
                "5:45", "both outputs of \"f\"", "\"s\"", "\"f\" splits by each of its outputs"
            ),
            (
                ["s t.twins", "a t.map", "j t.map"],
                #"{"s": {"left": ["a"], "right": ["j"]}, "a": ["j"]}"#,
                "5:46", "\"s\" and \"a\"", "\"s\"", "\"s\" numbers each of its outputs by itself"
            ),
            (
                ["s t.source", "r t.source", "k t.map", "j t.map"],
                #"{"s": ["k", "j"], "r": ["k"], "k": ["j"]}"#,
                "6:37", "\"s\" and \"k\"", "\"s\"",
                "\"k\" joins different sources, and numbers its rows anew"
            ),
        ])
    func refused(
        nodes: [String], edges: String, place: String, rows: String, origin: String, why: String
    ) {
        let text = CheckedText(nodes, edges)
        let messages = text.diagnostics.filter { $0.severity == .error }.map(\.description)
        #expect(
            messages == [
                "g:\(place): error: node \"j\": the rows of \(rows) go back to \(origin) but share no "
                    + "key, since \(why): pairing them could need unbounded room. Join before that, "
                    + "or set \"aggregate_inputs\": false to take them one by one"
            ])
        #expect(text.checked == nil)
    }

    @Test("a join by position warns")
    func positions() {
        let text = CheckedText(
            ["s t.source", "r t.source", "a t.map", "j t.map"],
            #"{"s": ["j"], "r": ["a"], "a": ["j"]}"#)
        #expect(
            text.messages == [
                "6:32: warning: node \"j\": joins rows of different sources by position, the n-th "
                    + "with the n-th that is left: \"s\" with \"a\" (from \"r\")"
            ])
        #expect(text.checked?.warnings == text.diagnostics)
    }

    @Test(
        "rows that leave out of order can't be joined by key",
        arguments: [
            (#"{"s": ["u", "j"], "u": ["m"], "m": ["j"], "c": []}"#, true),
            (#"{"s": ["u"], "u": ["m", "j"], "m": ["j"], "c": []}"#, true),
            (#"{"s": ["u"], "u": ["c"], "c": ["m", "j"], "m": ["j"]}"#, false),
            (#"{"s": ["u"], "u": ["j"], "r": ["j"]}"#, false),
        ])
    func unordered(edges: String, isRefused: Bool) {
        let text = CheckedText(
            [
                "s t.source", "r t.source", "u t.map \"properties\": {\"ordered\": false}",
                "m t.map",
                "c t.count", "j t.map",
            ], edges)
        let messages = text.diagnostics.map(\.description).filter { !$0.contains("needs input") }
        let errors = messages.filter { $0.contains("error") }
        #expect(
            errors
                == (isRefused
                    ? [
                        "g:4:39: error: node \"u\": \"ordered\": false lets its rows leave out of key order, "
                            + "but node \"j\" downstream joins them by key; leave it out"
                    ] : []))
    }

    @Test("keys have an end")
    func deepSplits() {
        let names = (1...65).map { "n\($0)" }
        let edges = zip(["s"] + names, names).map { "\"\($0)\": [\"\($1)\"]" }
        let text = CheckedText(
            ["s t.source"] + names.map { "\($0) t.split" }, "{\(edges.joined(separator: ", "))}")
        #expect(
            text.messages == [
                "66:1: error: node \"n64\": the keys of the rows that get here have 64 numbers, one for each "
                    + "split on the way, and no room for more; start a new lineage before, with \"aggregate_inputs\": false"
            ])
    }

    @Test("a ladder of merges that names too many sources between them is refused")
    func mergeLadder() {
        var merging = NodeProperties()
        merging.aggregateInputs = false
        let steps = 4000
        let sources = (0...steps).map { Graph.Node("s\($0)", coro: "t.source") }
        let merges = (1...steps).map { Graph.Node("m\($0)", coro: "t.map", properties: merging) }
        let edges = (1...steps).flatMap { step in
            [
                Graph.Edge(from: step == 1 ? "s0" : "m\(step - 1)", to: "m\(step)"),
                Graph.Edge(from: "s\(step)", to: "m\(step)"),
            ]
        }
        let graph = Graph(name: "ladder", nodes: sources + merges, edges: edges)
        let (checked, diagnostics) = GraphChecker.check(graph, resolve: resolve)
        #expect(checked == nil)
        #expect(
            diagnostics.map(\.description).filter { !$0.contains("feeds no other") } == [
                "error: node \"m3161\": merges rows of 3162 sources; with all the merges before it "
                    + "that is too much to follow. Merge many sources in one node instead of one "
                    + "by one"
            ])
    }

    // MARK: Room

    @Test("a queue is enlarged where a branch beside it may hold more, and only then")
    func room() {
        let edges = #"{"s": ["w", "j"], "w": ["j"]}"#
        let large = CheckedText(["s t.source", "w t.window", "j t.map"], edges)
        #expect(
            large.messages == [
                "5:13: warning: node \"j\": \"w\" may hold 2000 rows of \"s\" while those that come by "
                    + "\"s\" wait, and there is room for 1024: the queue \"s\" -> \"j\" is enlarged "
                    + "from 1024 to 2001 rows"
            ])
        #expect(large.capacity("s", "j") == 2001 && large.capacity("w", "j") == 1024)
        for (size, expected) in [(1023, 1024), (1024, 1025)] {
            let text = CheckedText(
                ["s t.source", "w t.window \"args\": {\"size\": \(size)}", "j t.map"], edges)
            #expect(text.capacity("s", "j") == expected)
        }
    }

    @Test("the room of a branch is what all its edges hold")
    func chainRoom() {
        let text = CheckedText(
            [
                "s t.source", "w t.window \"args\": {\"size\": 3000}", "a t.map", "b t.map",
                "j t.map",
                "k t.hold5",
            ],
            #"{"s": ["w", "a"], "w": ["k"], "k": ["j"], "a": ["b"], "b": ["j"]}"#)
        #expect(text.messages == [])
        let tight = CheckedText(
            [
                "s t.source", "w t.window \"args\": {\"size\": 3100}", "a t.map", "b t.map",
                "j t.map",
                "k t.hold5",
            ],
            #"{"s": ["w", "a"], "w": ["k"], "k": ["j"], "a": ["b"], "b": ["j"]}"#)
        #expect(tight.messages.count == 1 && tight.capacity("b", "j") == 1024 + 3105 - 3072 + 1)
    }

    @Test("what stands before the fork does not count")
    func beforeFork() {
        let text = CheckedText(
            ["s t.source", "w t.sort", "f t.map", "a t.map", "j t.map"],
            #"{"s": ["w"], "w": ["f"], "f": ["a", "j"], "a": ["j"]}"#)
        #expect(text.messages == [])
    }

    @Test("an inner join that is fed by the outer fork needs room of its own")
    func nested() {
        let text = CheckedText(
            ["s t.source", "w t.window", "i t.map", "j t.map"],
            #"{"s": ["w", "i", "j"], "w": ["i"], "i": ["j"]}"#)
        #expect(text.capacity("s", "i") == 2001 && text.capacity("s", "j") == 2001)
        #expect(text.messages.count == 2)
    }

    @Test("a queue that the user fixed is refused with the numbers")
    func fixed() {
        let message =
            "error: node \"j\": \"h\" may hold 5 rows of \"s\" while those that come by \"s\" wait, and "
            + "there is room for 5: the join would be stuck. Set the \"queue_size\" of \"s\" -> \"j\" to "
            + "at least 6 (it is 5)"
        let onEdge = CheckedText(
            ["s t.source", "h t.hold5", "j t.map"],
            #"{"s": ["h", {"to": "j", "queue_size": 5}], "h": ["j"]}"#)
        #expect(onEdge.messages == ["5:20: \(message)"])
        let onNode = CheckedText(
            ["s t.source", "h t.hold5", "j t.map \"properties\": {\"queue_size\": 5}"],
            #"{"s": ["h", "j"], "h": ["j"]}"#)
        #expect(onNode.messages == ["4:39: \(message)"])
        let enough = CheckedText(
            ["s t.source", "h t.hold5", "j t.map \"properties\": {\"queue_size\": 6}"],
            #"{"s": ["h", "j"], "h": ["j"]}"#)
        #expect(enough.messages == [])
    }

    @Test("what holds all its rows can't be joined by key with what goes beside it")
    func holdsAll() {
        let text = CheckedText(
            ["s t.source", "w t.sort", "j t.map"], #"{"s": ["w", "j"], "w": ["j"]}"#)
        #expect(
            text.messages == [
                "5:13: error: node \"j\": joins by key with what \"w\" yields, which holds all its rows "
                    + "until its input ends: the rows of \"s\" would need unbounded room till then. "
                    + "Join before \"w\", or set \"aggregate_inputs\": false"
            ])
    }
}
