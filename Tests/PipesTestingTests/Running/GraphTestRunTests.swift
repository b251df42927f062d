import PipesCore
import PipesRuntime
import PipesTesting
import Testing

/// Tests of a graph of closures: what comes out of them as values.
@Suite("A test of a graph")
struct GraphTestRunTests {
    private static let coros: CoroMap = [
        "source": .values([]),
        "upper": .map { row, _ in
            guard case .string(let text) = row[0] else { return nil }
            if text == "bad" { throw RetryableError("bad text") }
            return .string(text.uppercased())
        },
        "sink": .sink { _, _ in },
    ]

    private func run(_ test: String, upper: String = "{}") async throws -> GraphTestResult {
        let text = """
            {"nodes": {"inp": {"coro": "source"}, "up": {"coro": "upper", "properties": \(upper)},
                       "out": {"coro": "sink"}},
             "graph": {"inp": ["up"], "up": ["out"]},
             "tests": [\(test)]}
            """
        let (graph, diagnostics) = GraphFile.parse(
            Array(text.utf8), file: "g", environment: [:])
        #expect(diagnostics == [])
        let read = try #require(graph)
        return await GraphTestRun.run(read.tests[0], of: read, resolvers: [Self.coros])
    }

    private func messages(_ result: GraphTestResult) -> [String] { result.failures.map(\.message) }

    @Test("passes where all is as expected")
    func passes() async throws {
        let result = try await run(
            """
            {"sources": {"inp": ["a", "b", 3]}, "skipped": {"up": 1},
             "expect": {"out": ["A", "B"], "up": {"any_order": ["B", "A"]}, "inp": {"count": 3}}}
            """)
        #expect(messages(result) == [])
        #expect(result.status == .clean)
    }

    @Test("says each thing that is not")
    func fails() async throws {
        let result = try await run(
            """
            {"sources": {"inp": ["a", "b"]}, "skipped": {"up": 1}, "failures": {"up": 1},
             "expect": {"out": ["A", "C"], "inp": {"count": 3}}, "status": "stopped"}
            """)
        #expect(
            messages(result) == [
                "the run should have ended stopped, and ended clean",
                "node \"out\": 1 row expected did not come, 1 row came that was not expected",
                "node \"inp\": 3 rows expected, got 2",
                "node \"up\": 1 row expected to fail, got 0",
                "node \"up\": 1 row skipped expected, got 0",
            ])
        #expect(
            result.failures[1].comparison == [
                .init(expected: "\"A\"", got: "\"A\"", isSame: true),
                .init(expected: "\"C\"", got: "\"B\"", isSame: false),
            ])
    }

    @Test("may expect failures, their messages and their dead letters")
    func failures() async throws {
        let result = try await run(
            """
            {"sources": {"inp": ["a", "bad", "b"]}, "expect": {"out": ["A", "B"]},
             "failures": {"up": ["bad text"]}, "exit": 2,
             "dead_letters": [{"node": "up", "key": [1], "attempts": 1, "row": ["bad"]}]}
            """)
        #expect(messages(result) == [])
        let others = try await run(
            """
            {"sources": {"inp": ["bad"]}, "failures": {"up": ["good text"]},
             "dead_letters": [{"key": [7]}]}
            """)
        #expect(
            messages(others) == [
                "node \"up\": rows did not fail as expected",
                "dead letters: 1 expected did not come, 1 came that were not expected",
            ])
    }

    @Test("fails where rows fail that nobody expected to")
    func unexpectedFailures() async throws {
        let result = try await run("{\"sources\": {\"inp\": [\"bad\"]}}")
        #expect(
            messages(result) == [
                "node \"up\": 1 row failed; the first, of key [0], is \"bad\": bad text"
            ])
    }

    @Test(
        "may reject a row, have it tried again, or delay it for an hour",
        arguments: [
            ("{\"at\": 1, \"how\": \"reject\"}", "\"A\", \"C\"", ", \"failures\": {\"up\": 1}"),
            ("{\"at\": 1, \"how\": \"retry\", \"times\": 2}", "\"A\", \"B\", \"C\"", ""),
            (
                "{\"at\": 1, \"how\": \"retry\", \"times\": 3}", "\"A\", \"C\"",
                ", \"failures\": {\"up\": [\"a fault of the test\"]}"
            ),
            (
                "{\"at\": [1, 2], \"how\": \"delay\", \"time\": \"1h\"}", "\"A\", \"B\", \"C\"",
                ""
            ),
        ])
    func faults(fault: String, rows: String, more: String) async throws {
        let start = ContinuousClock.now
        let result = try await run(
            """
            {"sources": {"inp": ["a", "b", "c"]}, "faults": {"up": \(fault)},
             "expect": {"out": [\(rows)]}\(more)}
            """, upper: "{\"on_error\": {\"retry\": {\"max\": 2, \"backoff\": \"1m..1m\"}}}")
        #expect(messages(result) == [])
        #expect(ContinuousClock.now - start < .seconds(900))
    }

    @Test("fails where a fault never happens")
    func unreachedFault() async throws {
        let result = try await run(
            "{\"sources\": {\"inp\": [\"a\"]}, \"faults\": {\"up\": {\"at\": 4, \"how\": \"reject\"}}}"
        )
        #expect(
            messages(result) == [
                "node \"up\": the fault at [4] never happened: no row of that key reached it"
            ])
    }

    @Test("sees what then makes of a failure")
    func then() async throws {
        let fault = "\"faults\": {\"up\": {\"at\": 0, \"how\": \"reject\"}}"
        let skipping = try await run(
            "{\"sources\": {\"inp\": [\"a\"]}, \(fault), \"skipped\": {\"up\": 1}}",
            upper: "{\"on_error\": {\"then\": \"skip\"}}")
        #expect(messages(skipping) == [])
        let stopping = try await run(
            "{\"sources\": {\"inp\": [\"a\"]}, \(fault), \"status\": \"stopped\"}",
            upper: "{\"on_error\": {\"then\": \"stop\"}}")
        #expect(messages(stopping) == [])
        #expect(stopping.status == .stopped)
    }
}
