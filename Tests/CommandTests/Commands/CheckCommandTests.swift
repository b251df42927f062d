import Foundation
import Testing

@Suite("check")
struct CheckCommandTests {
    private func check(_ graph: String) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(graph, to: "graph.json")
        return try await Command.host(["check", "graph.json"], in: scratch.folder).outcome()
    }

    @Test("a graph without a mistake is said to be ok")
    func clean() async throws {
        let outcome = try await check(
            """
            {"nodes": {"inp": {"coro": "strings.random"}, "out": {"coro": "io.print"}},
             "graph": {"inp": ["out"]}}
            """)
        #expect(outcome.output == "graph.json: ok, 2 nodes, 1 edge\n")
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("all mistakes are told at once, each at its place")
    func allMistakes() async throws {
        let outcome = try await check(
            """
            {
              "nodes": {
                "inp": {"coro": "strings.random", "args": {"nmu": 3, "seed": "x"}},
                "rev": {"coro": "strings.revrse"},
                "out": {"coro": "io.print"}
              },
              "graph": {"inp": ["rev"], "rev": ["oot"]}
            }
            """)
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
        let places = outcome.errors.split(separator: "\n").map { $0.prefix { $0 != " " } }
        #expect(
            places == [
                "graph.json:3:48:", "graph.json:3:66:", "graph.json:4:21:", "graph.json:7:37:",
            ], "\(outcome.errors)")
        #expect(
            outcome.errors.contains(
                "graph.json:4:21: error: node \"rev\": no processor \"revrse\" in plugin strings "
                    + "(\(Command.products.path)/libstrings.so); it has random, reverse, upper, "
                    + "lower, split, concat, match, text. Did you mean \"reverse\"?\n"))
        #expect(outcome.errors.contains("Did you mean \"num\"?"))
        #expect(outcome.errors.contains("Did you mean \"out\"?"))
    }

    @Test("an error in the graph hides none in its tests, and brings none that is not the user's")
    func mistakesInTestsToo() async throws {
        let outcome = try await check(
            """
            {
              "nodes": {
                "a": {"coro": "flow.range", "args": {"end": 5}},
                "b": {"coro": "flow.head", "args": {"num": "x"}},
                "c": {"coro": "flow.range"},
                "o": {"coro": "io.pritn", "properties": {"queue_sise": 3}}
              },
              "graph": {"a": ["b"], "b": ["o"], "c": ["o"]},
              "tests": [
                {"name": "x", "args": {"a": {"edn": 3}},
                 "sources": {"b": [], "a": ["one"]}},
                {"name": "y", "args": {"b": {"num": -1}, "o": {"any": 1}},
                 "expect": {"o": {"outputs": {"any": []}}}, "real_sinks": ["o", "b"]},
                {"name": "z", "args": {"c": {"end": 1}, "b": {"num": 1}}}
              ]
            }
            """)
        #expect(
            outcome.errors == """
                graph.json:4:48: error: node "b": param "num" wants INT, got STRING
                graph.json:5:5: error: node "c": flow.range needs param "end" (INT); give it in "args"
                graph.json:6:19: error: node "o": no processor "pritn" in plugin io \
                (\(Command.products.path)/libio.so); it has lines, print, write. Did you mean "print"?
                graph.json:6:46: error: node "o": unknown key "queue_sise"; a node's properties has \
                aggregate_inputs, queue_size, queue_bytes, concurrency, ordered, timeout, on_error, \
                on_missing, overflow. Did you mean "queue_size"?
                graph.json:10:34: error: test "x": node "a": no param "edn"; flow.range takes start, \
                end, step. Did you mean "end"?
                graph.json:11:18: error: test "x": node "b" is no source: its rows come from its inputs
                graph.json:11:33: error: test "x": source "a" yields INT, and this row is STRING
                graph.json:12:41: error: test "y": node "b": param "num" is -1, below its minimum 0
                graph.json:13:69: error: test "y": node "b" is no sink, so it runs as it is anyway; \
                take it out

                """)
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
    }

    @Test("a join of two sources passes with a warning")
    func warning() async throws {
        let outcome = try await check(
            """
            {
              "nodes": {"one": {"coro": "flow.range", "args": {"end": 3}},
                        "two": {"coro": "flow.range", "args": {"end": 3}},
                        "out": {"coro": "io.print"}},
              "graph": {"one": ["out"], "two": ["out"]}
            }
            """)
        #expect(outcome.output == "graph.json: ok, 3 nodes, 2 edges\n")
        #expect(outcome.errors.hasPrefix("graph.json:"))
        #expect(outcome.errors.contains(": warning: node \"out\""))
        #expect(outcome.code == 0)
    }

    @Test("text that is no JSON is told at its line and column", arguments: ["", "{", "[]"])
    func notJSON(text: String) async throws {
        let outcome = try await check(text)
        #expect(outcome.errors.hasPrefix("graph.json:1:"))
        #expect(outcome.code == 1)
    }
}
