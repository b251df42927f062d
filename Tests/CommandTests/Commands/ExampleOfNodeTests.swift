import Testing

@Suite("Examples of nodes")
struct ExampleOfNodeTests {
    private func check(
        _ node: String, command: String = "check",
        source: String = #"{"coro": "strings.random", "args": {"num": 1}}"#
    ) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"inp": \(source),
             "f": \(node),
             "out": {"coro": "io.print"}},
             "graph": {"inp": ["f"], "f": ["out"]}}
            """, to: "graph.json")
        return try await Command.host([command, "graph.json"], in: scratch.folder).outcome()
    }

    @Test(
        "examples that hold say nothing",
        arguments: [
            #"{"coro": "libz.so.1:crc32", "signature": "(crc:ulong=0, in.ptr, in.len:uint) -> ulong", "examples": [{"in": ["hello"], "out": 907060870}]}"#,
            #"{"coro": "libc.so.6:strlen", "signature": "(in.cstr) -> size", "examples": [{"in": [""], "out": 0}, {"in": ["abc"], "out": 3}]}"#,
            #"{"coro": "strings.reverse", "examples": [{"in": ["abc"], "out": "cba"}]}"#,
            #"{"coro": "strings.match", "args": {"pattern": "a"}, "examples": [{"in": ["b"], "out": null}]}"#,
        ])
    func hold(_ node: String) async throws {
        let outcome = try await check(node)
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("an example that does not hold is an error at its line, in check and in run")
    func wrong() async throws {
        let node =
            #"{"coro": "libc.so.6:strlen", "signature": "(in.cstr) -> size", "examples": [{"in": ["abc"], "out": 3}, {"in": ["abc"], "out": 4}]}"#
        for command in ["check", "run"] {
            let outcome = try await check(node, command: command)
            #expect(
                outcome.errors
                    == "graph.json:2:110: error: node \"f\": the example yields 3, and should yield 4\n"
            )
            #expect(outcome.output == "")
            #expect(outcome.code == 1)
        }
    }

    @Test("an example that ends the process, whatever its exit code, is an error at its line")
    func exit() async throws {
        let outcome = try await check(
            #"{"coro": "libc.so.6:exit", "signature": "(in:int) -> void", "examples": [{"in": [0], "out": null}, {"in": [3], "out": null}]}"#,
            source: #"{"coro": "flow.range", "args": {"end": 3}}"#)
        #expect(
            outcome.errors == """
                graph.json:2:80: error: node "f": the example ends the process with exit code 0
                graph.json:2:106: error: node "f": the example ends the process with exit code 3

                """)
        #expect(outcome.code == 1)
    }

    @Test("an example has as many inputs as the processor")
    func inputCount() async throws {
        let outcome = try await check(
            #"{"coro": "libc.so.6:strlen", "signature": "(in.cstr) -> size", "examples": [{"in": ["abc", "d"], "out": 3}, {"in": [], "out": 4}]}"#
        )
        #expect(
            outcome.errors == """
                graph.json:2:83: error: node "f": the example failed: it has 2 inputs, and libc.so.6:strlen takes 1
                graph.json:2:115: error: node "f": the example failed: it has 0 inputs, and libc.so.6:strlen takes 1

                """)
        #expect(outcome.code == 1)
    }

    @Test("an example that crashes is an error at its line")
    func crash() async throws {
        let outcome = try await check(
            #"{"coro": "libc.so.6:strdup", "signature": "(in.ptr, in.len:size, n:size=8) -> cstr", "examples": [{"in": ["a"], "out": "a"}]}"#
                .replacing("strdup", with: "abort"))
        #expect(
            outcome.errors
                == "graph.json:2:104: error: node \"f\": the example crashes with signal 6; is the "
                + "signature right?\n")
        #expect(outcome.code == 1)
    }
}
