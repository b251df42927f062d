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
                == "error: node \"bad\": completed a call that was completed or given up before")
        #expect(
            errors.dropFirst().first?.hasPrefix("error: a plugin completed ticket 1000001") == true)
        #expect(try scratch.read("report.json").contains("\"misuses\": 1"))
    }
}
