import Foundation
import Testing

@Suite("run --watch")
struct WatchTests {
    /// Numbered rows, ten milliseconds apart, through a node that can be changed.
    private static func graph(_ coro: String, count: Int = -1, pattern: String = ".") -> String {
        """
        {
          "nodes": {
            "tick": {"coro": "flow.tick", "args": {"interval": "10ms", "count": \(count)}},
            "late": {"coro": "flow.delay", "args": {"time": "25ms"}, "properties": {"concurrency": 4}},
            "text": {"coro": "json.format"},
            "some": {"coro": "strings.match", "args": {"pattern": "\(pattern)"}},
            "mark": {"coro": "\(coro)"},
            "out": {"coro": "io.print"},
            "n": {"coro": "flow.count"},
            "count": {"coro": "io.write", "args": {"path": "count.txt"}}
          },
          "graph": {"tick": ["late", "n"], "late": ["text"], "text": ["some"], "some": ["mark"],
                    "mark": ["out"], "n": ["count"]}
        }
        """
    }

    /// Rows through the processor of a plugin that `build` makes.
    private static let marking = """
        {
          "nodes": {
            "tick": {"coro": "flow.tick", "args": {"interval": "10ms"}},
            "mark": {"coro": "marks.mark"},
            "out": {"coro": "io.print"}
          },
          "graph": {"tick": ["mark"], "mark": ["out"]}
        }
        """

    /// Gives a file its new content in one step, as editors do.
    private func replace(_ name: String, with text: String, in scratch: Scratch) throws {
        let new = try scratch.write(text, to: "\(name).new")
        let file = scratch.folder.appendingPathComponent(name)
        try #require(rename(new.path, file.path) == 0)
    }

    private func start(
        _ graph: String, _ options: String..., in scratch: Scratch
    ) async throws -> Command {
        try scratch.write(graph, to: "graph.json")
        let command = try Command.host(
            ["run", "--watch", "graph.json"] + options, in: scratch.folder)
        try await wait(for: command) { !$0.outputSoFar.isEmpty }
        return command
    }

    private func wait(
        for command: Command, _ condition: (Command) -> Bool
    ) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !condition(command) {
            try #require(ContinuousClock.now < end && !command.hasEnded, "\(command.errorsSoFar)")
            // There is nothing to wait for but a file that another program writes.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private let tookOver = "graph.json: the changed graph has taken over\n"
    private let goesOn = "graph.json: the graph that runs goes on unchanged\n"

    @Test("a changed graph takes over between two rows: none is lost, none comes twice")
    func takesOver() async throws {
        let scratch = try Scratch()
        let command = try await start(Self.graph("strings.upper"), in: scratch)
        try replace("graph.json", with: Self.graph("strings.reverse"), in: scratch)
        try await wait(for: command) { $0.errorsSoFar.contains(tookOver) }
        try replace("graph.json", with: Self.graph("strings.lower"), in: scratch)
        try await wait(for: command) { $0.errorsSoFar == tookOver + tookOver }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        #expect(outcome.code == 0)
        let rows = outcome.output.split(separator: "\n").map(String.init)
        for (number, row) in rows.enumerated() {
            let text = String(number)
            #expect(row == text || row == String(text.reversed()))
        }
        // A node that is the same goes on counting.
        let count = rows.count
        #expect(try scratch.read("count.txt") == "\(count)\n")
        #expect(outcome.errors.contains("; tick 0 in \(count) out; "))
        #expect(outcome.errors.contains("; out \(count) in \(count) out; n \(count) in 1 out; "))
    }

    @Test("a change that is wrong leaves the graph running, and says why")
    func staysWithTheOld() async throws {
        let scratch = try Scratch()
        let command = try await start(Self.graph("strings.upper"), in: scratch)
        try replace("graph.json", with: Self.graph("strings.uper"), in: scratch)
        try await wait(for: command) { $0.errorsSoFar.contains(goesOn) }
        #expect(
            command.errorsSoFar.contains(
                "graph.json:7:22: error: node \"mark\": no processor \"uper\" in plugin strings ("))
        try replace("graph.json", with: Self.graph("strings.upper", pattern: "("), in: scratch)
        try await wait(for: command) { $0.errorsSoFar.contains("can't open strings.match") }
        try replace("graph.json", with: "{", in: scratch)
        try await wait(for: command) { $0.errorsSoFar.contains("not JSON") }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        let rows = outcome.output.split(separator: "\n").compactMap { Int($0) }
        #expect(rows == Array(0..<rows.count))
        #expect(!outcome.errors.contains(tookOver))
        #expect(outcome.code == 0)
    }

    @Test("a plugin that is replaced takes over with its new code")
    func replacesPlugins() async throws {
        let scratch = try Scratch()
        try await build(adding: 1000, in: scratch)
        let command = try await start(Self.marking, "--plugins", ".", in: scratch)
        try await build(adding: 2000, in: scratch)
        try await wait(for: command) { $0.errorsSoFar.contains(tookOver) }
        try await build(adding: 3000, in: scratch)
        try await wait(for: command) { $0.errorsSoFar == tookOver + tookOver }
        try await wait(for: command) { $0.outputSoFar.contains(#/\n3[0-9]{3}/#) }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        let rows = outcome.output.split(separator: "\n").compactMap { Int($0) }
        let code = rows.enumerated().map { ($1 - $0) / 1000 }
        #expect(rows.enumerated().allSatisfy { ($1 - $0) % 1000 == 0 })
        #expect(Set(code) == [1, 2, 3] && code == code.sorted())
        #expect(outcome.code == 0)
    }

    /// - Parameter folder: made where it is missing.
    private func build(
        adding number: Int, in scratch: Scratch, folder: String = "."
    ) async throws {
        try scratch.write(
            """
            #include <pipes/pipes.h>
            static pipes_status mark(
                void *state, pipes_call *call, const pipes_value *row, pipes_value *result) {
                (void)state, (void)call;
                *result = pipes_int(row->integer + \(number));
                return PIPES_OK;
            }
            static const pipes_port number[] = {PIPES_PORT(PIPES_INT, "number", "a number")};
            static const pipes_processor processors[] = {
                {.struct_size = sizeof(pipes_processor), .flags = PIPES_NONBLOCKING, .name = "mark",
                 .input_count = 1, .inputs = number, .output_count = 1, .outputs = number,
                 .map = mark},
            };
            PIPES_PLUGIN("marks", "1.0.0", "Adds a number.", processors)
            """, to: "marks.c")
        let include = Command.checkout.appendingPathComponent("include").path
        let built = try await Command.shell(
            """
            mkdir -p \(folder) && cc -std=c11 -fPIC -shared -I'\(include)' -o marks.tmp marks.c \
                && mv marks.tmp \(folder)/marks.so
            """,
            in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
    }

    /// How often something was told.
    private func count(_ text: String, in command: Command) -> Int {
        command.errorsSoFar.components(separatedBy: text).count - 1
    }

    private func run(_ script: String, in scratch: Scratch) async throws {
        let outcome = try await Command.shell(script, in: scratch.folder).outcome()
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    @Test("a folder that is made anew is watched like the one before, and so is one that comes")
    func foldersMadeAnew() async throws {
        let scratch = try Scratch()
        try await build(adding: 1000, in: scratch, folder: "second")
        let command = try await start(
            Self.marking, "--plugins", "first", "--plugins", "second", in: scratch)
        for number in 1...2 {
            try await run("rm -rf second", in: scratch)
            try await wait(for: command) { count(goesOn, in: $0) == number }
            #expect(command.errorsSoFar.contains("error: node \"mark\": no plugin \"marks\": "))
            try await build(adding: (1 + number) * 1000, in: scratch, folder: "second")
            try await wait(for: command) { count(tookOver, in: $0) == number }
        }
        // The earlier folder wins.
        try await build(adding: 4000, in: scratch, folder: "first")
        try await wait(for: command) { count(tookOver, in: $0) == 3 }
        try await run("cp first/marks.so first/libmarks.so", in: scratch)
        try await wait(for: command) { $0.errorsSoFar.contains("two files for plugin marks") }
        try await wait(for: command) { $0.outputSoFar.contains(#/\n4[0-9]{3}/#) }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        let rows = outcome.output.split(separator: "\n").compactMap { Int($0) }
        let code = rows.enumerated().map { ($1 - $0) / 1000 }
        #expect(rows.enumerated().allSatisfy { ($1 - $0) % 1000 == 0 })
        #expect(Set(code) == [1, 2, 3, 4] && code == code.sorted())
        #expect(outcome.code == 0)
    }

    @Test("links are followed: one that leads elsewhere, and a file that one leads to")
    func links() async throws {
        let scratch = try Scratch()
        try await build(adding: 1000, in: scratch, folder: "build")
        try await run(
            """
            mkdir -p plugins v1 v2 && ln -s ../build/marks.so plugins/marks.so
            ln -s v1 now && ln -s now/graph.json graph.json
            """, in: scratch)
        try scratch.write(Self.marking, to: "v2/graph.json")
        try scratch.write(
            Self.marking.replacingOccurrences(of: "marks.mark", with: "flow.delay"),
            to: "v1/graph.json")
        let command = try Command.host(["run", "--watch", "graph.json"], in: scratch.folder)
        try await wait(for: command) { !$0.outputSoFar.isEmpty }
        try await run("ln -s v2 new && mv -T new now", in: scratch)
        try await wait(for: command) { count(tookOver, in: $0) == 1 }
        try await build(adding: 2000, in: scratch, folder: "build")
        try await wait(for: command) { count(tookOver, in: $0) == 2 }
        try await wait(for: command) { $0.outputSoFar.contains(#/\n2[0-9]{3}/#) }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        let rows = outcome.output.split(separator: "\n").compactMap { Int($0) }
        let code = rows.enumerated().map { ($1 - $0) / 1000 }
        #expect(Set(code) == [0, 1, 2] && code == code.sorted())
        #expect(outcome.code == 0)
    }

    @Test("what is wrong is told once, also where the file is gone")
    func toldOnce() async throws {
        let scratch = try Scratch()
        let command = try await start(Self.graph("strings.upper"), in: scratch)
        try await run("rm graph.json", in: scratch)
        try await wait(for: command) { count(goesOn, in: $0) == 1 }
        #expect(command.errorsSoFar.contains("graph.json: error: "))
        try await run("echo '{' > graph.json; touch graph.json; touch graph.json", in: scratch)
        try await wait(for: command) { count(goesOn, in: $0) == 2 }
        try replace("graph.json", with: Self.graph("strings.lower"), in: scratch)
        try await wait(for: command) { count(tookOver, in: $0) == 1 }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        #expect(count(goesOn, in: command) == 2)
        #expect(count("not JSON", in: command) == 1)
        #expect(outcome.code == 0)
    }

    @Test("nodes that have ended stay so, whatever changes among them")
    func endedNodes() async throws {
        let scratch = try Scratch()
        func graph(_ coro: String) -> String {
            """
            {
              "nodes": {
                "ten": {"coro": "flow.range", "args": {"end": 10}},
                "mark": {"coro": "\(coro)"},
                "count": {"coro": "flow.count"},
                "out": {"coro": "io.print"},
                "tick": {"coro": "flow.tick", "args": {"interval": "10ms"}},
                "file": {"coro": "io.write", "args": {"path": "ticks.txt"}}
              },
              "graph": {"ten": ["mark"], "mark": ["count"], "count": ["out"], "tick": ["file"]}
            }
            """
        }
        let command = try await start(graph("json.format"), in: scratch)
        for (number, coro) in ["flow.delay", "json.format", "flow.delay"].enumerated() {
            try replace("graph.json", with: graph(coro), in: scratch)
            try await wait(for: command) { count(tookOver, in: $0) == number + 1 }
        }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        #expect(outcome.output == "10\n")
        #expect(outcome.errors.contains("; count 10 in 1 out; out 1 in 1 out; "))
        #expect(outcome.code == 0)
        let ticks = try scratch.read("ticks.txt").split(separator: "\n").compactMap { Int($0) }
        #expect(ticks == Array(0..<ticks.count))
    }

    @Test("a source that waits for input is not disturbed, and its next row meets the new graph")
    func waitingSource() async throws {
        let scratch = try Scratch()
        func graph(_ coro: String) -> String {
            """
            {"nodes": {"inp": {"coro": "io.lines"}, "mark": {"coro": "\(coro)"},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["mark"], "mark": ["out"]}}
            """
        }
        try scratch.write(graph("strings.upper"), to: "graph.json")
        try scratch.write(graph("strings.reverse"), to: "next.json")
        let outcome = try await Command.shell(
            """
            { echo one
              until grep -q ONE out.txt; do sleep 0.05; done
              mv next.json graph.json
              until grep -q 'taken over' err.txt; do sleep 0.05; done
              echo two
            } | pipes-host run --watch graph.json > out.txt 2> err.txt
            """, in: scratch.folder
        ).outcome()
        #expect(outcome.code == 0)
        #expect(try scratch.read("out.txt") == "ONE\nowt\n")
    }

    @Test("a source that changes starts anew, and a signal still drains")
    func changedSource() async throws {
        let scratch = try Scratch()
        let command = try await start(Self.graph("strings.upper", count: -1), in: scratch)
        try replace("graph.json", with: Self.graph("strings.upper", count: 3), in: scratch)
        let outcome = await command.outcome()
        let rows = outcome.output.split(separator: "\n").compactMap { Int($0) }
        #expect(rows == Array(0..<rows.count - 3) + [0, 1, 2])
        #expect(outcome.code == 0)

        let other = try await start(Self.graph("strings.upper", count: -1), in: scratch)
        try replace(
            "graph.json", with: Self.graph("strings.lower", count: -1), in: scratch)
        try await wait(for: other) { $0.errorsSoFar.contains(tookOver) }
        other.signal(SIGINT)
        let drained = await other.outcome()
        let drainedRows = drained.output.split(separator: "\n").compactMap { Int($0) }
        #expect(drainedRows == Array(0..<drainedRows.count))
        #expect(drained.code == 0)
    }

    @Test("what waits for a partner or goes round is neither lost nor repeated")
    func waitingRows() async throws {
        let scratch = try Scratch()
        // "fast" brings more rows than "slow", so that some always wait for a partner.
        func graph(_ coro: String) -> String {
            """
            {
              "nodes": {
                "fast": {"coro": "flow.tick", "args": {"interval": "2ms"}},
                "slow": {"coro": "flow.tick", "args": {"interval": "10ms"}},
                "mark": {"coro": "\(coro)"},
                "out": {"coro": "io.print"},
                "wait": {"coro": "flow.delay", "args": {"time": "5ms"}},
                "more": {"coro": "libc.so.6:labs", "signature": "(in:long) -> long pure"},
                "rounds": {"coro": "io.write", "args": {"path": "rounds.txt"}}
              },
              "graph": {"fast": ["out"], "slow": ["mark"], "mark": ["out"],
                        "wait": ["more"],
                        "more": ["rounds", {"to": "wait", "feedback": {"initial": [7, 8]}}]}
            }
            """
        }
        let command = try await start(graph("flow.delay"), in: scratch)
        for coro in ["json.format", "flow.delay", "json.format"] {
            let count = command.errorsSoFar.components(separatedBy: tookOver).count
            try replace("graph.json", with: graph(coro), in: scratch)
            try await wait(for: command) {
                $0.errorsSoFar.components(separatedBy: tookOver).count > count
            }
        }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        let pairs = outcome.output.split(separator: "\n").map(String.init)
        for (number, pair) in pairs.enumerated() {
            #expect(pair == "\(number)\t\(number)")
        }
        let rounds = try scratch.read("rounds.txt").split(separator: "\n")
        for (number, round) in rounds.enumerated() {
            #expect(round == (number % 2 == 0 ? "7" : "8"))
        }
        #expect(pairs.count > 3 && rounds.count > 3)
        #expect(outcome.code == 0)
    }

    @Test("a graph that has no place for rows that wait is refused, and so is standard input")
    func refusals() async throws {
        let scratch = try Scratch()
        func graph(_ first: String, _ second: String) -> String {
            """
            {"nodes": {"a": {"coro": "flow.tick", "args": {"interval": "10ms"}},
                       "b": {"coro": "flow.tick", "args": {"interval": "10ms"}},
                       "out": {"coro": "io.print"}},
             "graph": {"\(first)": ["out"], "\(second)": ["out"]}}
            """
        }
        let command = try await start(graph("a", "b"), in: scratch)
        try replace("graph.json", with: graph("b", "a"), in: scratch)
        try await wait(for: command) { $0.errorsSoFar.contains(goesOn) }
        command.signal(SIGINT)
        let outcome = await command.outcome()
        #expect(
            outcome.errors.contains(
                "graph.json: error: node \"out\" pairs rows of different sources by position, and "
                    + "does not pair the same ones in the changed graph, so rows that wait for a "
                    + "partner would be lost; start the run again\n" + goesOn))
        #expect(outcome.code == 0)
        let input = try await Command.host(["run", "--watch", "-"]).outcome()
        #expect(input.code == 64)
        #expect(input.errors.contains("--watch needs a graph file, not standard input"))
    }
}
