import Foundation
import Testing

/// Plugins that break the contract in ways that only a call shows: each is named with what it did
/// and counted, its rows come to what the policy says, and the host goes on.
@Suite("run, with a plugin that breaks the contract")
struct PluginMisuseTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var processor: String
        var code: Int32 = 2
        /// That the node is given. What is said of a call is said once where there is one row: how
        /// many a call is for depends on how quickly they pass.
        var rows = 6
        var out = 0
        var failed = 6
        var misuses: Int
        var errors: [String]

        var testDescription: String { processor }
    }

    private static let twice = "completed a call that was completed or given up before"

    @Test(
        "names the node, counts what it did and goes on where it can",
        arguments: [
            Case(
                processor: "liar.completes_twice", code: 0, out: 6, failed: 0, misuses: 6,
                errors: Array(repeating: twice, count: 6)),
            Case(
                processor: "liar.invents_tickets", code: 0, out: 6, failed: 0, misuses: 6,
                errors: Array(
                    repeating: "completed ticket 1234567890123, which it never had or closed long "
                        + "ago", count: 6)),
            Case(
                processor: "liar.answers_nonsense", code: 3, out: 3, failed: 3, misuses: 1,
                errors: ["answered the unknown status 77"]),
            Case(
                processor: "liar.emits_from_map", out: 5, failed: 1, misuses: 1,
                errors: ["emitted from map"]),
            Case(
                processor: "liar.forgets_its_ticket", code: 3, out: 3, failed: 3, misuses: 1,
                errors: ["deferred the call and then answered 0"]),
            Case(
                processor: "liar.yields_nonsense", out: 5, failed: 1, misuses: 1,
                errors: ["yielded a value of the unknown kind 99"]),
            Case(
                processor: "liar.yields_the_moon", out: 5, failed: 1, misuses: 1,
                errors: [
                    "yielded a STRING of 18446744073709551615 bytes"
                ]),
            Case(
                processor: "liar.chooses_no_output", out: 5, failed: 1, misuses: 1,
                errors: ["chose output 9; it has 1"]),
            Case(
                processor: "liar.emits_twice", rows: 1, failed: 1, misuses: 1,
                errors: ["emitted two values for one row although rows keep their keys"]),
            Case(
                processor: "liar.emits_for_strangers", rows: 1, failed: 1, misuses: 1,
                errors: [
                    "emitted a value of row 8; the batch has 1"
                ]),
            Case(
                processor: "liar.settles_strangers", rows: 1, failed: 1, misuses: 1,
                errors: ["settled row 8 with -2, which it may not"]),
            Case(
                processor: "liar.processes_last", code: 3, misuses: 1,
                errors: ["answered LAST, which process may not"]),
            Case(
                processor: "liar.sleeps", code: 0, out: 6, failed: 0, misuses: 1,
                errors: [
                    "said that it never blocks (PIPES_NONBLOCKING), but sleeps in a call; "
                        + "without that flag it has a thread of its own"
                ]),
        ])
    func misuse(_ expected: Case) async throws {
        try await misuse(expected, try await Self.scratch())
    }

    @Test("a call without the flag for it can't be deferred, and ends the run")
    func unasked() async throws {
        let scratch = try await Self.scratch()
        let (outcome, _) = try await Self.run("liar.defers_unasked", in: scratch)
        #expect(outcome.code == 3)
        let errors = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(
            errors == [
                "error: node \"bad\": liar.defers_unasked: deferred a call without the flag "
                    + "PIPES_DEFERS",
                "error: a plugin completed ticket 0, which it never had or closed long ago; the "
                    + "nodes that defer calls: none",
                "error: node \"bad\": liar.defers_unasked: answered DEFERRED without a ticket",
            ])
    }

    @Test("a ticket that is never completed holds its row up to the timeout, and no longer")
    func leak() async throws {
        let scratch = try await Self.scratch()
        let (outcome, node) = try await Self.run(
            "liar.leaks_its_ticket",
            properties: """
                {"timeout": "50ms", "concurrency": 6,
                 "on_error": {"retry": {"max": 1, "backoff": "1ms..2ms"}}}
                """, in: scratch)
        #expect(outcome.code == 2)
        #expect(node["failed"] as? Int == 6)
        #expect(node["retries"] as? Int == 6)
        #expect(
            outcome.errors.contains(
                "error: node \"bad\": liar.leaks_its_ticket: did not complete a call after it was asked to stop\n"
            ))
        #expect(outcome.errors.contains("\"message\":\"took longer than its timeout of 0.05"))
    }

    @Test("a ticket that is never completed holds the run up to the end of a drain, and no longer")
    func leakWithoutTimeout() async throws {
        let scratch = try await Self.scratch()
        try scratch.write(
            """
            {"nodes": {"numbers": {"coro": "flow.range", "args": {"end": 6}},
                       "bad": {"coro": "liar.leaks_its_ticket"}, "out": {"coro": "io.print"}},
             "graph": {"numbers": ["bad", "out"]}}
            """, to: "graph.json")
        let command = try Command.host(
            [
                "run", "graph.json", "--plugins", ".", "--report", "report.json",
                "--drain-timeout", "200ms",
            ], in: scratch.folder)
        let end = ContinuousClock.now + .seconds(60)
        while command.outputSoFar.isEmpty {
            try #require(ContinuousClock.now < end, "\(command.errorsSoFar)")
            // There is nothing to wait for but a file that another program writes.
            try await Task.sleep(for: .milliseconds(5))
        }
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(outcome.code == 4)
        #expect(
            outcome.errors.contains(
                "node \"bad\": liar.leaks_its_ticket: did not complete a call after it was asked to stop\n"
            ))
        let report = try scratch.report()
        #expect(report["status"] as? String == "cancelled")
    }

    @Test(
        "a C++ exception that comes out of a call fails its rows, with what it says",
        .enabled(if: PluginMisuseTests.hasCPlusPlus, "there is no C++ compiler here"),
        arguments: [
            Case(
                processor: "thrower.throws", out: 4, failed: 2, misuses: 2,
                errors: [
                    "threw a C++ exception: three is too much",
                    "threw a C++ exception: no std::exception",
                ]),
            Case(
                processor: "thrower.throws_from_process", rows: 1, failed: 1, misuses: 1,
                errors: [
                    "threw a C++ exception: no batches today"
                ]),
        ])
    func exceptions(_ expected: Case) async throws {
        let scratch = try await Self.scratch()
        let built = try await Command.shell(
            "c++ -std=c++17 -fPIC -shared \(Self.fixture("thrower.cpp")) -o thrower.so",
            in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        try await misuse(expected, scratch)
    }

    @Test(
        "a C++ exception that comes out of open ends the run before it starts",
        .enabled(if: PluginMisuseTests.hasCPlusPlus, "there is no C++ compiler here"))
    func exceptionInOpen() async throws {
        let scratch = try await Self.scratch()
        let built = try await Command.shell(
            "c++ -std=c++17 -fPIC -shared \(Self.fixture("thrower.cpp")) -o thrower.so",
            in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        try scratch.write(Self.graph("thrower.throws_from_open"), to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--plugins", "."], in: scratch.folder
        ).outcome()
        #expect(outcome.code == 1)
        #expect(
            outcome.errors
                == "graph.json:1:83: error: node \"bad\": can't open thrower.throws_from_open: "
                + "threw a C++ exception: not today\n")
    }

    // MARK: Running

    static let hasCPlusPlus = ["/usr/bin/c++", "/usr/local/bin/c++"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private func misuse(_ expected: Case, _ scratch: Scratch) async throws {
        let (outcome, node) = try await Self.run(
            expected.processor, rows: expected.rows, in: scratch)
        #expect(outcome.code == expected.code)
        #expect(node["out"] as? Int == expected.out)
        #expect(node["failed"] as? Int == expected.failed)
        #expect(node["unsettled"] as? Int == 0)
        let metrics = try #require(node["metrics"] as? [String: Int])
        #expect(metrics["misuses"] == expected.misuses)
        let errors = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("error: ") }
        #expect(
            errors == expected.errors.map { "error: node \"bad\": \(expected.processor): \($0)" })
    }

    private static func fixture(_ name: String) -> String {
        let root = Command.checkout.path
        return "-I'\(root)/include' '\(root)/Tests/Fixtures/badplugins/\(name)'"
    }

    /// A folder with the plugin `liar` in it.
    private static func scratch() async throws -> Scratch {
        let scratch = try Scratch()
        let built = try await Command.shell(
            "cc -std=c11 -fPIC -shared \(fixture("liar.c")) -o liar.so", in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        return scratch
    }

    private static func graph(
        _ processor: String, rows: Int = 6, properties: String = "{}"
    ) -> String {
        """
        {"nodes": {"numbers": {"coro": "flow.range", "args": {"end": \(rows)}}, "bad": {"coro": \
        "\(processor)", "properties": \(properties)}, "out": {"coro": "io.print"}},
         "graph": {"numbers": ["bad"], "bad": ["out"]}}
        """
    }

    private static func run(
        _ processor: String, rows: Int = 6, properties: String = "{}", in scratch: Scratch
    ) async throws -> (Command.Outcome, node: [String: Any]) {
        try scratch.write(
            graph(processor, rows: rows, properties: properties), to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--plugins", ".", "--report", "report.json"],
            in: scratch.folder
        ).outcome()
        let nodes = try #require(try scratch.report()["nodes"] as? [String: [String: Any]])
        return (outcome, try #require(nodes["bad"]))
    }

    /// Emits when all is over, and lends the memory of its rows.
    private static let flushing = """
        #include <pipes/pipes.h>
        #include <stdio.h>
        static int lent, released;
        static void release(void *context) { (void)context, released++; }
        static pipes_status lend(void *state, pipes_call *call) {
            (void)state;
            pipes_value text = pipes_string("lent", 4);
            if (call->host->adopt(call, 4, release, NULL)) return PIPES_FATAL;
            pipes_status status = pipes_emit(call, PIPES_NO_ROW, text);
            return status ? status : ++lent == 40 ? PIPES_END : PIPES_OK;
        }
        static void count(void *state) { (void)state, fprintf(stderr, "%d of %d released\\n", released, lent); }
        static pipes_status pass(void *state, pipes_call *call, const pipes_batch *batch) {
            (void)state;
            for (uint64_t row = 0; row < batch->count; row++) pipes_emit(call, row, batch->columns[0][row]);
            return PIPES_OK;
        }
        static pipes_status late(void *state, pipes_call *call) {
            (void)state;
            return pipes_emit(call, PIPES_NO_ROW, pipes_string("late", 4));
        }
        static const pipes_port port[] = {PIPES_PORT(PIPES_STRING, "text", "any")};
        static const pipes_processor processors[] = {
            {.struct_size = sizeof(pipes_processor), .name = "lend", .summary = "", .output_count = 1,
             .outputs = port, .produce = lend, .close = count},
            {.struct_size = sizeof(pipes_processor), .name = "late", .summary = "", .rate = PIPES_RATE_KEEPS,
             .input_count = 1, .inputs = port, .output_count = 1, .outputs = port, .process = pass,
             .flush = late}};
        PIPES_PLUGIN("bad", "1.0.0", "", processors)
        """

    @Test("a value in flush from rows that keep their keys is failed; lent memory is released once")
    func flush() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.flushing, to: "bad.c")
        try scratch.write(
            """
            {"nodes": {"lend": {"coro": "bad.lend"}, "late": {"coro": "bad.late"},
            "out": {"coro": "io.print"}}, "graph": {"lend": ["late"], "late": ["out"]}}
            """, to: "graph.json")
        let include = Command.checkout.appendingPathComponent("include").path
        let build = "cc -std=c11 -fPIC -shared -I\(include) -o bad.so bad.c"
        let run = "pipes-host run graph.json --plugins . --progress never --dead-letter dead"
        let outcome = try await Command.shell("\(build) && \(run)", in: scratch.folder).outcome()
        #expect(outcome.code == 2)
        #expect(outcome.output == String(repeating: "lent\n", count: 40))
        #expect(
            outcome.errors == """
                error: node "late": bad.late: emitted in flush although it keeps keys
                40 of 40 released

                """)
        let letters = try scratch.read("dead").split(separator: "\n")
        #expect(letters.count == 1)
        #expect(letters[0].contains("\"row\":[\"late\"]"))
    }
}
