import Testing

@Suite("docs/testing.md")
struct TestingPageTests {
    private let page: Page
    private let graph: String

    init() throws {
        page = try Page("docs/testing.md")
        graph = try page.block("json", with: "\"nodes\"")
    }

    private func test(_ graph: String) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(graph, to: "graph.json")
        return try await Command.host(["test", "graph.json"], in: scratch.folder).outcome()
    }

    @Test("its first graph comes to what it shows")
    func passes() async throws {
        let shown = try page.block("", with: "$ pipes-host test graph.json\n")
        let outcome = try await test(graph)
        #expect(shown == "$ pipes-host test graph.json\n" + outcome.output)
        #expect(outcome.code == 0)
    }

    @Test("a wrong row in it is shown as the page shows it")
    func fails() async throws {
        let shown = try page.block("", with: "FAIL")
        let outcome = try await test(graph.replacing("\"yx\"", with: "\"yz\""))
        #expect(
            outcome.output == shown + "graph.json: 1 test, 0 passed, 1 failed\n")
        #expect(outcome.code == 1)
    }

    @Test("its test of time is one that passes")
    func time() async throws {
        let aTest = try page.block("json", with: "a tick a minute")
        let outcome = try await test(
            """
            {"nodes": {"tick": {"coro": "flow.tick", "args": {"interval": "1m"}},
                       "out": {"coro": "io.print"}},
             "graph": {"tick": ["out"]}, "tests": [\(aTest)]}
            """)
        #expect(outcome.output.hasPrefix("ok    a tick a minute\n"))
        #expect(outcome.code == 0)
    }
}
