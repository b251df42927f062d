import Foundation
import Testing

/// How a run ends before its sources do: signals, a reader that has gone away, a terminal.
@Suite("run, ended from outside")
struct RunEndingTests {
    /// Ticks for ever; `slow` needs `time` for each row.
    private static func endless(time: String) -> String {
        """
        {
          "name": "endless",
          "nodes": {
            "tick": {"coro": "flow.tick", "args": {"interval": "1ms"}},
            "slow": {"coro": "flow.delay", "args": {"time": "\(time)"}},
            "out": {"coro": "io.print"}
          },
          "graph": {"tick": ["slow"], "slow": ["out"]}
        }
        """
    }

    /// Ticks for ever and prints that, beside a node whose first row takes an hour.
    private static let stuck = """
        {
          "nodes": {
            "tick": {"coro": "flow.tick", "args": {"interval": "1ms"}},
            "slow": {"coro": "flow.delay", "args": {"time": "1h"}},
            "out": {"coro": "io.print"}
          },
          "graph": {"tick": ["slow", "out"]}
        }
        """

    /// Starts a graph and waits until it has printed something.
    private func start(
        _ graph: String, _ options: String..., in scratch: Scratch
    ) async throws -> Command {
        try scratch.write(graph, to: "graph.json")
        let command = try Command.host(
            ["run", "graph.json", "--report", "report.json"] + options, in: scratch.folder)
        try await waitForOutput(of: command)
        return command
    }

    private func waitForOutput(of command: Command, beyond count: Int = 0) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while command.outputSoFar.count <= count {
            try #require(ContinuousClock.now < end, "\(command.errorsSoFar)")
            // There is nothing to wait for but a file that another program writes.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func report(in scratch: Scratch) throws -> [String: Any] {
        let data = Data(try scratch.read("report.json").utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test("the first signal drains: all in flight is finished, exit code 0", arguments: [1, 2, 15])
    func drain(signal: Int32) async throws {
        let scratch = try Scratch()
        let command = try await start(Self.endless(time: "2ms"), in: scratch)
        command.signal(signal)
        let outcome = await command.outcome()
        #expect(outcome.code == 0)
        let rows = outcome.output.split(separator: "\n").compactMap { Int($0) }
        #expect(rows == Array(0..<rows.count))
        let report = try report(in: scratch)
        #expect(report["status"] as? String == "clean")
        let nodes = try #require(report["nodes"] as? [String: [String: Any]])
        #expect(nodes["tick"]?["out"] as? Int == rows.count)
        #expect(nodes["slow"]?["unsettled"] as? Int == 0)
    }

    @Test("SIGHUP that was ignored when the program was started stays ignored")
    func ignoredHangup() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.endless(time: "2ms"), to: "graph.json")
        let command = try Command.shell(
            "trap '' HUP; exec pipes-host run graph.json --report report.json", in: scratch.folder)
        try await waitForOutput(of: command)
        command.signal(SIGHUP)
        let rows = command.outputSoFar.count
        try await waitForOutput(of: command, beyond: rows)
        // One that was heeded would have this one cancel.
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(outcome.code == 0)
        #expect(try report(in: scratch)["status"] as? String == "clean")
    }

    @Test("SIGQUIT ends the program at once, without a report of a crash")
    func quit() async throws {
        let scratch = try Scratch()
        let command = try await start(Self.endless(time: "2ms"), in: scratch)
        command.signal(SIGQUIT)
        let outcome = await command.outcome()
        #expect(outcome.errors == "")
        #expect(outcome.code == 128 + SIGQUIT)
    }

    /// Goes round for ever, with some time in each round.
    private static let rounds = """
        {
          "name": "endless rounds",
          "nodes": {
            "step": {"coro": "flow.delay", "args": {"time": "2ms"}},
            "other": {"coro": "strings.reverse"},
            "half": {"coro": "strings.match", "args": {"pattern": ".*"}},
            "out": {"coro": "io.print"}
          },
          "graph": {
            "step": ["other"],
            "other": ["half"],
            "half": ["out", {"to": "step", "feedback": {"initial": ["abc", "xyz"]}}]
          }
        }
        """

    @Test("a signal has the round of a loop finished, exit code 0")
    func drainOfRounds() async throws {
        let scratch = try Scratch()
        let command = try await start(Self.rounds, in: scratch)
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(outcome.code == 0)
        let rows = outcome.output.split(separator: "\n")
        let texts = (0..<rows.count).map { ["cba", "zyx", "abc", "xyz"][$0 % 4] }
        #expect(rows.count.isMultiple(of: 2))
        #expect(rows.map(String.init) == texts)
        let report = try report(in: scratch)
        #expect(report["status"] as? String == "clean")
        let edges = try #require(report["edges"] as? [[String: Any]])
        let back = try #require(edges.first { $0["rounds"] != nil })
        #expect(back["rounds"] as? Int == rows.count / 2)
        #expect(back["to"] as? String == "step")
    }

    @Test("a drain that takes too long is cancelled, exit code 4")
    func drainTimeout() async throws {
        let scratch = try Scratch()
        let command = try await start(
            Self.stuck, "--drain-timeout", "100ms", in: scratch)
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(outcome.code == 4)
        #expect(try report(in: scratch)["status"] as? String == "cancelled")
    }

    @Test("the second signal cancels, exit code 4")
    func secondSignal() async throws {
        let scratch = try Scratch()
        let command = try await start(Self.stuck, in: scratch)
        // Two of one kind could arrive as one.
        command.signal(SIGINT)
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(outcome.code == 4)
        let nodes = try #require(try report(in: scratch)["nodes"] as? [String: [String: Any]])
        let slow = try #require(nodes["slow"])
        let parts = ["out", "skipped", "failed", "unsettled"].compactMap { slow[$0] as? Int }
        #expect(slow["in"] as? Int == parts.reduce(0, +))
    }

    @Test("the third signal ends the program at once, whatever a processor does")
    func thirdSignal() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            #include <pipes/pipes.h>
            #include <unistd.h>
            static pipes_status stick(
                void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
                (void)state, (void)call, (void)row, (void)result;
                (void)!write(1, "stuck\\n", 6);
                for (;;) pause();
            }
            static const pipes_processor processors[] = {
                {.struct_size = sizeof(pipes_processor), .name = "stick", .map = stick},
            };
            PIPES_PLUGIN("stuck", "1.0.0", "Never returns.", processors)
            """, to: "stuck.c")
        let include = Command.checkout.appendingPathComponent("include").path
        let built = try await Command.shell(
            "cc -std=c11 -D_POSIX_C_SOURCE=200809L -fPIC -shared -I'\(include)' -o stuck.so stuck.c",
            in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        let graph = """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": 1}},
                       "stuck": {"coro": "stuck.stick"}},
             "graph": {"inp": ["stuck"]}}
            """
        let command = try await start(graph, "--plugins", ".", in: scratch)
        command.signal(SIGINT)
        command.signal(SIGTERM)
        // The second must have been heard: until then another would be one with it.
        let end = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < end, !command.hasEnded {
            command.signal(SIGINT)
            try await Task.sleep(for: .milliseconds(20))
        }
        let outcome = await command.outcome()
        #expect(outcome.code == 4)
        // A run that ended by itself, after its time of grace, would have written it.
        #expect(try scratch.read("report.json") == "")
    }

    @Test("a reader that has gone away ends the run quietly, exit code 0")
    func closedOutput() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {
              "nodes": {"inp": {"coro": "flow.range", "args": {"end": 100000000}},
                        "out": {"coro": "io.print"}},
              "graph": {"inp": ["out"]}
            }
            """, to: "graph.json")
        let line =
            "{ pipes-host run graph.json --progress never; echo $? > code; } | head -n 2"
        let outcome = try await Command.shell(line, in: scratch.folder).outcome()
        #expect(outcome.output == "0\n1\n")
        #expect(outcome.errors == "")
        #expect(try scratch.read("code") == "0\n")
    }

    @Test("on a terminal the table is redrawn while it runs, and the ledger is left")
    func terminal() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.endless(time: "1ms"), to: "graph.json")
        let run = "pipes-host run graph.json --set tick.count=600"
        let outcome = try await Command.shell(
            "script -qec '\(run)' /dev/null > shown; echo $?",
            environment: ["TERM": "xterm"], in: scratch.folder
        ).outcome()
        let shown = try scratch.read("shown")
        #expect(outcome.output == "0\n")
        #expect(shown.contains("rows/s"))
        // The scroll region is narrowed, and given back.
        #expect(shown.firstMatch(of: /\u{1B}\[1;\d+r/) != nil)
        #expect(shown.contains("\u{1B}[r"))
        #expect(shown.contains("\u{1B}[1mnode"))
        #expect(shown.contains("endless: clean, "))
        #expect(shown.contains("unsettled"))
    }

    @Test(
        "a dumb terminal and NO_COLOR are respected",
        arguments: [
            (["TERM": "dumb"], false), (["TERM": "xterm", "NO_COLOR": "1"], true),
        ])
    func plainTerminal(environment: [String: String], moves: Bool) async throws {
        let scratch = try Scratch()
        try scratch.write(Self.endless(time: "1ms"), to: "graph.json")
        let run = "pipes-host run graph.json --set tick.count=600"
        _ = try await Command.shell(
            "script -qec '\(run)' /dev/null > shown", environment: environment,
            in: scratch.folder
        ).outcome()
        let shown = try scratch.read("shown")
        #expect(!shown.contains("\u{1B}[1m"))
        #expect(shown.contains("\u{1B}") == moves)
        #expect(shown.contains("endless: clean, "))
    }

    @Test("a signal that comes while plugins are loaded holds for the run")
    func earlySignal() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            #include <pipes/pipes.h>
            #include <fcntl.h>
            #include <signal.h>
            #include <unistd.h>
            // The first time it is loaded only to be looked at.
            __attribute__((constructor)) static void stop(void) {
                if (access("looked-at", F_OK) == 0) kill(getpid(), SIGTERM);
                else close(creat("looked-at", 0600));
            }
            static pipes_status tick(void *state, pipes_call *call) {
                (void)state;
                return pipes_emit(call, PIPES_NO_ROW, pipes_int(1));
            }
            static const pipes_processor processors[] = {
                {.struct_size = sizeof(pipes_processor), .name = "tick", .produce = tick},
            };
            PIPES_PLUGIN("endless", "1.0.0", "Asks for an end before it has begun.", processors)
            """, to: "endless.c")
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "endless.tick"}, "out": {"coro": "io.print"}},
             "graph": {"inp": ["out"]}}
            """, to: "graph.json")
        let include = Command.checkout.appendingPathComponent("include").path
        let build =
            "cc -std=c11 -D_POSIX_C_SOURCE=200809L -fPIC -shared -I'\(include)' -o endless.so endless.c"
        let outcome = try await Command.shell(
            "\(build) && pipes-host run graph.json --plugins . --report report.json",
            in: scratch.folder
        ).outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(try report(in: scratch)["status"] as? String == "clean")
    }

    @Test("a run that can't start is reported all the same, with nothing in it")
    func unopened() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "io.lines", "args": {"path": "none.txt"}},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--report", "report.json"], in: scratch.folder
        ).outcome()
        #expect(outcome.code == 1)
        let report = try report(in: scratch)
        #expect(report["status"] as? String == "stopped")
        let nodes = try #require(report["nodes"] as? [String: [String: Any]])
        #expect(Set(nodes.keys) == ["inp", "out"])
        #expect(nodes["inp"]?["out"] as? Int == 0)
    }
}
