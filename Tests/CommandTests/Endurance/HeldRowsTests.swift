import Foundation
import Testing

/// A node that keeps rows back while the join behind it waits: there is room for what the others
/// send, or it is said before the run that there is none. No run hangs.
@Suite("A node that holds rows before a join")
struct HeldRowsTests {
    private static let held = 5000

    private static func graph(
        _ coro: String, concurrency: Int = held, receiver: String = "{}"
    ) -> String {
        """
        {"nodes": {
           "numbers": {"coro": "flow.range", "args": {"end": \(2 * held)}},
           "keep": {"coro": "\(coro)", "properties": {"concurrency": \(concurrency)}},
           "out": {"coro": "io.print", "properties": \(receiver)}},
         "graph": {"numbers": ["keep", "out"], "keep": ["out"]}}
        """
    }

    private static let pairs = (0..<2 * held).map { "\($0)\t\($0)\n" }.joined()

    /// A folder with the plugin `keeper` and this graph in it.
    private func scratch(_ graph: String) async throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write(graph, to: "graph.json")
        let root = Command.checkout.path
        let built = try await Command.shell(
            "cc -std=c11 -fPIC -shared -I'\(root)/include' -o keeper.so "
                + "'\(root)/Tests/Fixtures/badplugins/keeper.c'",
            in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        return scratch
    }

    private func host(_ command: String, in scratch: Scratch) async throws -> Command.Outcome {
        var arguments = [command, "graph.json", "--plugins", "."]
        if command == "run" { arguments += ["--report", "report.json", "--progress", "never"] }
        return try await Command.host(arguments, in: scratch.folder).outcome()
    }

    @Test("is given room for them, aloud")
    func enlarged() async throws {
        let scratch = try await scratch(Self.graph("keeper.keep"))
        let warning = """
            graph.json:5:32: warning: node "out": "keep" may hold 5000 rows of "numbers" while \
            those that come by "numbers" wait, and there is room for 1024: the queue "numbers" -> \
            "out" is enlarged from 1024 to 5001 rows

            """
        let checked = try await host("check", in: scratch)
        #expect(checked.code == 0)
        #expect(checked.errors == warning)
        let outcome = try await host("run", in: scratch)
        #expect(outcome.code == 0)
        #expect(outcome.errors == warning)
        let isRight = outcome.output == Self.pairs
        #expect(isRight)
    }

    @Test("is refused with the numbers where the user fixed the room", arguments: ["check", "run"])
    func refused(command: String) async throws {
        let scratch = try await scratch(
            Self.graph("keeper.keep", receiver: #"{"queue_size": 16}"#))
        let outcome = try await host(command, in: scratch)
        #expect(outcome.code == 1)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                graph.json:4:47: error: node "out": "keep" may hold 5000 rows of "numbers" while \
                those that come by "numbers" wait, and there is room for 16: the join would be \
                stuck. Set the "queue_size" of "numbers" -> "out" to at least 5001 (it is 16)

                """)
    }

    @Test("is warned of where it may not have so many rows at once")
    func concurrency() async throws {
        let scratch = try await scratch(Self.graph("keeper.keep", concurrency: 10))
        let outcome = try await host("check", in: scratch)
        #expect(outcome.code == 0)
        #expect(
            outcome.errors.contains(
                """
                graph.json:3:51: warning: node "keep": may hold 5000 rows before it yields the \
                first, but its "concurrency" lets it have 10 at once, and it could wait for ever: \
                set it to at least 5000

                """))
    }

    @Test("and does not say so is found out, and the queue beside it grows", arguments: [16, 1024])
    func hoard(queueSize: Int) async throws {
        let scratch = try await scratch(
            Self.graph("keeper.hoard", receiver: #"{"queue_size": \#(queueSize)}"#))
        let outcome = try await host("run", in: scratch)
        #expect(outcome.code == 0)
        let isRight = outcome.output == Self.pairs
        #expect(isRight)
        let warnings = outcome.errors.split(separator: "\n")
        #expect(!warnings.isEmpty)
        let form = try Regex(
            #"warning: nothing moves: keep holds \d+ rows and waits for more \(its description "#
                + #"says 0\), while numbers waits for room in numbers -> out\. That queue is "#
                + #"grown to \d+ rows"#)
        for warning in warnings { #expect(warning.wholeMatch(of: form) != nil) }
        let edges = try #require(try scratch.report()["edges"] as? [[String: Any]])
        let grown = try #require(edges[1]["grown"] as? Int)
        #expect(queueSize + grown > Self.held)
        #expect(edges[0]["grown"] as? Int == 0)
    }

    @Test("of an aggregate can't be joined with its own source, whatever the room is")
    func aggregate() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"defaults": {"queue_size": 16}, "nodes": {
               "numbers": {"coro": "flow.range", "args": {"end": 10000}},
               "batch": {"coro": "flow.batch", "args": {"size": 5000}},
               "out": {"coro": "io.print"}},
             "graph": {"numbers": ["batch", "out"], "batch": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["check", "graph.json"], in: scratch.folder
        ).outcome()
        #expect(outcome.code == 1)
        #expect(
            outcome.errors == """
                graph.json:5:51: error: node "out": the rows of "numbers" and "batch" go back to \
                "numbers" but share no key, since "batch" aggregates, and numbers what it yields \
                anew: pairing them could need unbounded room. Join before that, or set \
                "aggregate_inputs": false to take them one by one

                """)
    }
}
