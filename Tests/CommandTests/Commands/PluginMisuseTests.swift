import Foundation
import Testing

/// A plugin that breaks the contract in ways that only its own C can.
@Suite("run, with a plugin that breaks the contract")
struct PluginMisuseTests {
    private static let code = """
        #include <pipes/pipes.h>
        static pipes_status twice(void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
            (void)state, (void)result;
            const pipes_host *host = call->host;
            pipes_ticket ticket = host->defer(call, NULL), invented = {ticket.id + 1000000};
            host->complete(host, ticket, PIPES_OK, row);
            host->complete(host, ticket, PIPES_REJECT, NULL);
            host->complete(host, invented, PIPES_OK, row);
            return PIPES_DEFERRED;
        }
        static const pipes_port port[] = {PIPES_PORT(PIPES_INT, "number", "any")};
        static const pipes_processor processors[] = {
            {.struct_size = sizeof(pipes_processor), .flags = PIPES_DEFERS, .name = "twice", .summary = "",
             .input_count = 1, .inputs = port, .output_count = 1, .outputs = port, .map = twice}};
        PIPES_PLUGIN("bad", "1.0.0", "", processors)
        """

    @Test("a second completion is refused, named and counted; an invented ticket is told")
    func completions() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.code, to: "bad.c")
        try scratch.write(
            """
            {"nodes": {"numbers": {"coro": "flow.range", "args": {"end": 1}}, "bad": {"coro": "bad.twice"},
            "out": {"coro": "io.print"}}, "graph": {"numbers": ["bad"], "bad": ["out"]}}
            """, to: "graph.json")
        let include = Command.checkout.appendingPathComponent("include").path
        let build = "cc -std=c11 -fPIC -shared -I\(include) -o bad.so bad.c"
        let run = "pipes-host run graph.json --plugins . --report report.json"
        let outcome = try await Command.shell("\(build) && \(run)", in: scratch.folder).outcome()
        #expect(outcome.code == 0)
        #expect(outcome.output == "0\n")
        let errors = outcome.errors.split(separator: "\n")
        #expect(
            errors.first
                == "error: node \"bad\": bad.twice: completed a call that was completed or given up before"
        )
        #expect(
            errors.dropFirst().first?.hasPrefix(
                "error: node \"bad\": bad.twice: completed ticket 1000001") == true)
        #expect(try scratch.read("report.json").contains("\"misuses\": 2"))
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
