import Testing

/// What a graph takes from the process environment.
@Suite("numbers from the environment")
struct EnvironmentTests {
    private func run(
        _ args: String, _ environment: [String: String], properties: String = "{}",
        command: String = "run"
    ) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(
            """
            {
              "nodes": {
                "in": {"coro": "flow.range", "args": \(args)},
                "out": {"coro": "io.print", "properties": \(properties)}
              },
              "graph": {"in": ["out"]}
            }
            """, to: "graph.json")
        return try await Command.host(
            [command, "graph.json"] + (command == "run" ? ["--progress", "never"] : []),
            environment: environment, in: scratch.folder
        ).outcome()
    }

    @Test("a variable alone is a number where the param wants one, and so is its default")
    func number() async throws {
        let set = try await run(#"{"end": "${END:-3}"}"#, ["END": "4"])
        #expect(set.output == "0\n1\n2\n3\n")
        #expect(set.errors == "")
        #expect(set.code == 0)
        let unset = try await run(#"{"end": "${END:-3}"}"#, [:])
        #expect(unset.output == "0\n1\n2\n")
        let required = try await run(#"{"end": "${END}"}"#, ["END": "1"])
        #expect(required.output == "0\n")
    }

    @Test(
        "what is not such a number is named, with the variable and the param",
        arguments: [
            (#""${END:-3}""#, "x", #"wants INT, and the environment variable END is "x""#),
            (#""${END}""#, "", #"wants INT, and the environment variable END is """#),
            (
                #""${END:-three}""#, nil,
                "wants INT, and the default of the environment variable END, which has no value, is "
                    + #""three""#
            ),
            (
                #""${END}""#, "2.5",
                #"wants INT, got FLOAT 2.5; the environment variable END is "2.5""#
            ),
            (
                #""${END}""#, "true",
                #"wants INT, got BOOL; the environment variable END is "true""#
            ),
            (#""${END}0""#, "1", "wants INT, got STRING"),
        ] as [(String, String?, String)])
    func notANumber(text: String, value: String?, reason: String) async throws {
        for command in ["run", "check"] {
            let outcome = try await run(
                "{\"end\": \(text)}", value.map { ["END": $0] } ?? [:], command: command)
            #expect(outcome.output == "")
            #expect(
                outcome.errors
                    == "graph.json:3:50: error: node \"in\": param \"end\" \(reason)\n")
            #expect(outcome.code == 1)
        }
    }

    @Test("properties take numbers and truth values from the environment too")
    func properties() async throws {
        let properties = #"{"queue_size": "${SIZE}", "aggregate_inputs": "${JOIN:-false}"}"#
        let right = try await run(#"{"end": 2}"#, ["SIZE": "7"], properties: properties)
        #expect(right.output == "0\n1\n")
        #expect(right.errors == "")
        let wrong = try await run(
            #"{"end": 2}"#, ["SIZE": "x", "JOIN": "maybe"], properties: properties)
        #expect(
            wrong.errors == """
                graph.json:4:62: error: node "out": "queue_size" wants an integer, and the \
                environment variable SIZE is "x"
                graph.json:4:93: error: node "out": "aggregate_inputs" wants true or false, and the \
                environment variable JOIN is "maybe"

                """)
        #expect(wrong.code == 1)
    }

    @Test("an arg of a plain function is such a param, also when its examples are tried")
    func plainFunction() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {
               "in": {"coro": "io.lines"},
               "crc": {"coro": "libz.so.1:crc32", "args": {"crc": "${CRC:-0}"},
                       "signature": "(crc:ulong, in.ptr, in.len:uint) -> ulong pure",
                       "examples": [{"in": ["hello"], "out": 907060870}]},
               "out": {"coro": "io.print"}},
             "graph": {"in": ["crc"], "crc": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--progress", "never"], input: "hello\n", in: scratch.folder
        ).outcome()
        #expect(outcome.output == "907060870\n")
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }
}
