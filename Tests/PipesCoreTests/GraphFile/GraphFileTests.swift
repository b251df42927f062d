import PipesCore
import Testing

@Suite("GraphFile")
struct GraphFileTests {
    @Test("the example of the first page is read")
    func example() throws {
        let graph = try read(
            """
            {
              "name": "readme",
              "nodes": {
                "inp": {"coro": "StringFuncs.input_coro", "args": {"num": 20}},
                "rev": {"coro": "strings.reverse"},
                "crc": {"coro": "libz.so.1:crc32", "signature": "(crc:ulong=0) -> ulong"},
                "out": {"coro": "io.print", "properties": {"aggregate_inputs": false}}
              },
              "graph": {"inp": ["rev", "out"], "rev": ["out", "crc"], "crc": null, "out": null}
            }
            """)
        #expect(graph.name == "readme")
        #expect(graph.file == "folder/graph.json")
        #expect(!graph.hasErrors && !graph.edgesAreIncomplete)
        #expect(graph.nodes.map(\.name) == ["inp", "rev", "crc", "out"])
        #expect(graph.nodes.map(\.signature) == [nil, nil, "(crc:ulong=0) -> ulong", nil])
        let inp = graph.nodes[0]
        #expect(inp.coro == "StringFuncs.input_coro")
        #expect(inp.args.map(\.name) == ["num"] && inp.args.map(\.value) == [.int(20)])
        #expect(inp.args[0].namePlace == Place(line: 4, column: 56))
        #expect(inp.args[0].valuePlace == Place(line: 4, column: 63))
        #expect(inp.places.name == Place(line: 4, column: 5))
        #expect(graph.nodes[1].places.coro == Place(line: 5, column: 21))
        #expect(graph.nodes[3].properties.aggregateInputs == false)
        #expect(
            graph.nodes[3].places.properties["aggregate_inputs"] == Place(line: 7, column: 48))
        #expect(
            graph.edges.map { "\($0.from) \($0.to)" }
                == ["inp rev", "inp out", "rev out", "rev crc"])
        #expect(graph.edges[1].place == Place(line: 9, column: 28))
        #expect(graph.edges[1].fromPlace == Place(line: 9, column: 13))
    }

    @Test("a file without a name is called by its own")
    func names() throws {
        #expect(try read(#"{"nodes": {"a": {"coro": "x.y"}}}"#).name == "graph")
        let text = Array(#"{"nodes": {"a": {"coro": "x.y"}}}"#.utf8)
        #expect(GraphFile.parse(text, file: "a/b.txt", environment: [:]).graph?.name == "b.txt")
    }

    @Test("defaults hold for all nodes, wherever they stand, and a node's properties go before")
    func properties() throws {
        let graph = try read(
            """
            {"nodes": {
              "a": {"coro": "x.y", "properties": {
                "queue_bytes": "4KiB", "ordered": false, "timeout": "1.5s", "concurrency": 8,
                "on_missing": "null", "overflow": "drop_newest",
                "on_error": {"retry": {"max": 3, "backoff": "1.5ms..2m"}, "then": "stop"}}},
              "b": {"coro": "x.y"}
             },
             "defaults": {"queue_size": 16, "timeout": "1h", "on_error": {"then": "skip"}}}
            """)
        let a = graph.nodes[0].properties
        #expect(a.queueSize == 16 && a.queueSizeIsFixed && a.queueBytes == 4096)
        #expect(!a.ordered && a.timeout == .milliseconds(1500) && a.concurrency == 8)
        #expect(a.overflow == .dropNewest)
        #expect(a.onMissing == .null && a.then == .stop && a.retry.max == 3)
        #expect(a.retry.shortestPause == .microseconds(1500))
        #expect(a.retry.longestPause == .seconds(120))
        let b = graph.nodes[1].properties
        #expect(b.queueSize == 16 && b.timeout == .seconds(3600) && b.then == .skip)
        #expect(b.retry == NodeProperties.Retry() && b.ordered && b.aggregateInputs)
        #expect(graph.nodes[1].places.properties["queue_size"] == Place(line: 8, column: 15))
    }

    @Test("edges can have sizes of their own and leave by named outputs")
    func edges() throws {
        let graph = try read(
            """
            {"nodes": {"a": {"coro": "x.y"}, "b": {"coro": "x.y"}, "c": {"coro": "x.y"}},
             "graph": {"a": {"ok": [{"to": "b", "queue_size": 2, "queue_bytes": "1MB",
                                    "overflow": "drop_oldest"}, "c"],
                             "bad": ["b"], "worse": null}, "b": []}}
            """)
        let edges = graph.edges
        #expect(edges.map(\.to) == ["b", "c", "b"])
        #expect(edges.map(\.output) == ["ok", "ok", "bad"])
        #expect(edges[0].queueSize == 2 && edges[0].queueBytes == 1_000_000)
        #expect(edges[0].overflow == .dropOldest)
        #expect(edges[1].queueSize == nil && edges[1].queueBytes == nil)
        #expect(edges[1].overflow == nil)
        #expect(edges[0].place == Place(line: 2, column: 32))
        #expect(edges[2].outputPlace == Place(line: 4, column: 18))
    }

    @Test("env, dead letters, examples, a schema and tests are read")
    func rest() throws {
        let graph = try read(
            """
            {"$schema": "x", "env": {"url": "http://x", "n": [1, 2.0, {"a": null}]},
             "dead_letter": "dead.jsonl", "tests": [],
             "nodes": {"a": {"coro": "x.y", "examples": [{"in": ["hello", 2], "out": true}]}}}
            """)
        #expect(graph.deadLetter == "dead.jsonl")
        #expect(graph.env["url"] == .string("http://x"))
        #expect(
            graph.env["n"] == .list([.int(1), .float(2), .map([Value.Pair("a", .null)])]))
        let example = try #require(graph.nodes[0].examples.first)
        #expect(example.inputs == [.string("hello"), .int(2)] && example.output == .bool(true))
        #expect(example.place == Place(line: 3, column: 46))
    }

    @Test("strings are filled in from the environment")
    func environment() throws {
        let graph = try read(
            """
            {"nodes": {"a": {"coro": "${P}.y", "args": {
              "x": ["<${P}>", "${NO:-d}", "${EMPTY:-e}", "${EMPTY}", "$${P}", "$P $$ $", "${P:-}",
                    "${NO:-\u{301}x}"]
            }}, "b": {"coro": "x.y"}}, "graph": {"a": ["${B}"]}}
            """, environment: ["P": "p$Q", "EMPTY": "", "B": "b"])
        #expect(graph.nodes[0].coro == "p$Q.y")
        let texts = ["<p$Q>", "d", "e", "", "${P}", "$P $$ $", "p$Q", "\u{301}x"]
        #expect(graph.nodes[0].args[0].value == .list(texts.map { .string($0) }))
        #expect(graph.edges[0].to == "b")
    }

    @Test("tabs, CRLF and a byte order mark are no obstacle, and places count characters")
    func layout() {
        let text = "\u{FEFF}{\r\n\t\"nodes\": {\"é🎉\": {\"coro\": \"x.y\", \"no\": 1}}\r\n}"
        #expect(
            messages(text) == [
                "2:34: error: node \"é🎉\": unknown key \"no\"; a node has coro, args, signature, "
                    + "properties, examples."
            ])
        let first = "\u{FEFF}[1]"
        #expect(messages(first) == ["1:1: error: a graph file wants an object, got a list"])
    }

    @Test("a file that is nested a million deep is an error")
    func deep() {
        let text = String(repeating: "{\"a\":", count: 1_000_000)
        #expect(
            messages(text) == [
                "1:2561: error: not JSON: nested too deep: at most 512 levels are read"
            ])
    }

    @Test("a hundred thousand nodes are read, and ten thousand with a mistake in each")
    func large() throws {
        let clock = ContinuousClock()
        let text = chain(of: 100_000, key: "coro")
        let elapsed = try clock.measure {
            let graph = try #require(GraphFile.parse(text, file: "g", environment: [:]).graph)
            #expect(graph.nodes.count == 100_000 && graph.edges.count == 99_999)
        }
        let wrong = chain(of: 10_000, key: "cora")
        let elapsedWrong = clock.measure {
            let diagnostics = GraphFile.parse(wrong, file: "g", environment: [:]).diagnostics
            #expect(diagnostics.count == 10_000)
        }
        // Far above what it takes, and far below what anything quadratic would.
        #expect(elapsed < .seconds(200) && elapsedWrong < .seconds(400))
    }

    private func chain(of count: Int, key: String) -> [UInt8] {
        var text = "{\"nodes\": {"
        for index in 0..<count {
            text += "\(index > 0 ? "," : "")\"node\(index)\": {\"\(key)\": \"x.y\", "
            text += "\"args\": {\"num\": \(index)}}"
        }
        text += "}, \"graph\": {"
        for index in 1..<count {
            text += "\(index > 1 ? "," : "")\"node\(index - 1)\": [\"node\(index)\"]"
        }
        return Array((text + "}}").utf8)
    }

    private func read(
        _ text: String, environment: [String: String] = [:]
    ) throws -> Graph {
        let (graph, diagnostics) = GraphFile.parse(
            Array(text.utf8), file: "folder/graph.json", environment: environment)
        #expect(diagnostics == [])
        return try #require(graph)
    }
}

/// What is said of a file, without its name.
func messages(_ text: String) -> [String] {
    GraphFile.parse(Array(text.utf8), file: "g", environment: ["SET": "s"]).diagnostics.map {
        String($0.description.dropFirst(2))
    }
}
