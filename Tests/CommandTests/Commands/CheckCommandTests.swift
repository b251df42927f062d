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
                    + "lower, split, concat, match. Did you mean \"reverse\"?\n"))
        #expect(outcome.errors.contains("Did you mean \"num\"?"))
        #expect(outcome.errors.contains("Did you mean \"out\"?"))
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
