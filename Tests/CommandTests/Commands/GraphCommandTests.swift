import Testing

@Suite("graph")
struct GraphCommandTests {
    private static let graph = """
        {
          "name": "drawn \\"by hand\\"",
          "nodes": {
            "inp": {"coro": "strings.random"},
            "end": {"coro": "strings.reverse"},
            "both": {"coro": "strings.concat"},
            "out <1>": {"coro": "io.print", "properties": {"aggregate_inputs": false}}
          },
          "graph": {"inp": ["end", "both"], "end": ["both", "out <1>"], "both": ["out <1>"]}
        }
        """

    private func drawn(_ format: String...) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(Self.graph, to: "graph.json")
        return try await Command.host(["graph", "graph.json"] + format, in: scratch.folder)
            .outcome()
    }

    @Test("mermaid is the usual form, and any name can be drawn")
    func mermaid() async throws {
        let outcome = try await drawn()
        #expect(
            outcome.output == """
                flowchart LR
                    inp["inp<br/>strings.random"]
                    node1["end<br/>strings.reverse"]
                    both["both<br/>strings.concat<br/>(join)"]
                    node3["out #lt;1#gt;<br/>io.print<br/>(merge)"]
                    inp --> node1
                    inp --> both
                    node1 --> both
                    node1 --> node3
                    both --> node3

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("--plugins is taken as by the other commands")
    func plugins() async throws {
        let outcome = try await drawn("--plugins", "none")
        #expect(outcome.code == 0)
        #expect(outcome.output.hasPrefix("flowchart LR"))
    }

    @Test("dot quotes names")
    func dot() async throws {
        let outcome = try await drawn("--format", "dot")
        #expect(
            outcome.output == """
                digraph "drawn \\"by hand\\"" {
                    rankdir=LR;
                    node [shape=box];
                    "inp" [label="inp\\nstrings.random"];
                    "end" [label="end\\nstrings.reverse"];
                    "both" [label="both\\nstrings.concat\\n(join)"];
                    "out <1>" [label="out <1>\\nio.print\\n(merge)"];
                    "inp" -> "end";
                    "inp" -> "both";
                    "end" -> "both";
                    "end" -> "out <1>";
                    "both" -> "out <1>";
                }

                """)
        #expect(outcome.code == 0)
    }

    @Test("text is a table, and then how the graph will be run")
    func text() async throws {
        let outcome = try await drawn("--format", "text")
        #expect(
            outcome.output == """
                node     processor        takes             feeds
                inp      strings.random   -                 end, both
                end      strings.reverse  inp               both, out <1>
                both     strings.concat   join(inp, end)    out <1>
                out <1>  io.print         merge(end, both)  -

                stage  lanes  thread  nodes
                1      1      shared  inp, end, both
                2      1      own     out <1>

                queue            rows
                end -> out <1>   1024
                both -> out <1>  1024

                """)
        #expect(outcome.code == 0)
    }

    @Test(
        "an edge that goes back is dashed and says so",
        arguments: [
            (
                "mermaid",
                ["    b -.->|\"feedback\"| a", "    c -.->|\"again, feedback\"| b"]
            ),
            (
                "dot",
                [
                    "    \"b\" -> \"a\" [label=\"feedback\", style=dashed, constraint=false];",
                    "    \"c\" -> \"b\" [label=\"again, feedback\", style=dashed, constraint=false];",
                ]
            ),
            (
                "text",
                [
                    "a     x.y        b (feedback)                     b",
                    "b     x.y        join(a, c.again (feedback))      a (feedback), c",
                    "c     x.y        b                                again: b (feedback)",
                ]
            ),
        ])
    func feedback(format: String, expected: [String]) async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {
              "nodes": {"a": {"coro": "x.y"}, "b": {"coro": "x.y"}, "c": {"coro": "x.y"}},
              "graph": {
                "a": ["b"], "b": [{"to": "a", "feedback": {"initial": [1]}}, "c"],
                "c": {"again": [{"to": "b", "feedback": {}}]}
              }
            }
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["graph", "graph.json", "--format", format], in: scratch.folder
        ).outcome()
        for line in expected {
            #expect(
                outcome.output.split(separator: "\n").contains {
                    $0.split(separator: " ") == line.split(separator: " ")
                }, "\(outcome.output)")
        }
        #expect(outcome.code == 0)
    }

    @Test(
        "a file that can't be read is named, with the reason",
        arguments: [
            ("nowhere.json", "nowhere.json: error: can't be read: No such file or directory\n"),
            (".", ".: error: can't be read: Is a directory\n"),
            ("", ": error: is no name of a file\n"),
        ])
    func unreadable(file: String, message: String) async throws {
        let scratch = try Scratch()
        let outcome = try await Command.host(["graph", file], in: scratch.folder).outcome()
        #expect(outcome.output == "")
        #expect(outcome.errors == message)
        #expect(outcome.code == 1)
    }
}
