import Foundation
import Testing

/// What a library does to the whole process: the run ends as it should, and the node is named.
@Suite("Libraries that change the whole process")
struct WholeProcessTests {
    /// A plugin `acts` whose processor `pass` runs `open` when it is opened, and `row` at a row
    /// `three`.
    private func build(open: String = "", row: String = "", in scratch: Scratch) async throws {
        try scratch.write(
            """
            #define _GNU_SOURCE
            #include <pipes/pipes.h>
            #include <locale.h>
            #include <signal.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/wait.h>
            #include <unistd.h>
            static pipes_status start(const pipes_host *host, pipes_node *node,
                                      const pipes_value *args, size_t count, void **state) {
                (void)host, (void)node, (void)args, (void)count, (void)state;
                \(open);
                return PIPES_OK;
            }
            static pipes_status pass(void *state, pipes_call *call, const pipes_value *row,
                                     pipes_value *result) {
                (void)state, (void)call;
                if (row->size == 5 && !memcmp(row->text, "three", 5)) { \(row); }
                *result = *row;
                return PIPES_OK;
            }
            static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};
            static const pipes_processor processors[] = {
                {.struct_size = sizeof(pipes_processor), .name = "pass", .summary = "Acts.",
                 .input_count = 1, .inputs = text, .output_count = 1, .outputs = text,
                 .open = start, .map = pass},
            };
            PIPES_PLUGIN("acts", "1.0.0", "Acts.", processors)
            """, to: "acts.c")
        let built = try await Command.shell(
            "cc -std=c11 -fPIC -shared -I'\(Command.checkout.path)/include' -o acts.so acts.c",
            in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
    }

    private func write(
        to scratch: Scratch, source: String = #"{"coro": "io.lines", "args": {"path": "in.txt"}}"#,
        sink: String = #"{"coro": "io.print"}"#
    ) throws {
        try scratch.write("one\ntwo\nthree\nfour\n", to: "in.txt")
        try scratch.write(
            """
            {"name": "acts",
             "nodes": {"in": \(source), "a": {"coro": "acts.pass"}, "out": \(sink)},
             "graph": {"in": ["a"], "a": ["out"]}}
            """, to: "graph.json")
    }

    private let options = [
        "run", "graph.json", "--plugins", ".", "--progress", "never", "--report", "report.json",
        "--dead-letter", "letters",
    ]

    // MARK: exit

    @Test("exit in a row stops the run, names the node and leaves no half-written file")
    func exitInRow() async throws {
        let scratch = try Scratch()
        try await build(row: "exit(0)", in: scratch)
        try write(
            to: scratch, sink: #"{"coro": "io.write", "args": {"path": "out.txt"}}"#)
        let outcome = try await Command.host(options, in: scratch.folder).outcome()
        #expect(
            outcome
                == .init(
                    output: "",
                    errors: "error: node \"a\" (acts.pass) ended the process: exit(0) was called "
                        + "in a row\n", code: 3))
        let report = try scratch.report()
        #expect(report["status"] as? String == "stopped")
        let node = try #require((report["nodes"] as? [String: [String: Any]])?["a"])
        #expect(node["in"] as? Int == 3)
        #expect(node["out"] as? Int == 2)
        #expect(node["failed"] as? Int == 1)
        #expect(try scratch.read("letters").contains(#""row":["three"]"#))
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path)
        #expect(!files.contains { $0.contains("out.txt") })
    }

    @Test("exit in open is an error that names the node, and nothing runs")
    func exitInOpen() async throws {
        let scratch = try Scratch()
        try await build(open: "exit(7)", in: scratch)
        try write(
            to: scratch, sink: #"{"coro": "io.write", "args": {"path": "out.txt"}}"#)
        let outcome = try await Command.host(options, in: scratch.folder).outcome()
        #expect(
            outcome
                == .init(
                    output: "",
                    errors: "graph.json: error: node \"a\" (acts.pass) ended the process: exit(7) "
                        + "was called in open\n", code: 1))
        let files = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path)
        #expect(!files.contains { $0.contains("out.txt") })
    }

    @Test("exit in a plain function stops the run")
    func exitInFunction() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "flow.range", "args": {"end": 3}},
                       "f": {"coro": "libc.so.6:exit", "signature": "(in:int) -> void"},
                       "out": {"coro": "io.print"}},
             "graph": {"in": ["f"], "f": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--progress", "never", "--dead-letter", "letters"],
            in: scratch.folder
        ).outcome()
        #expect(
            outcome
                == .init(
                    output: "",
                    errors: "error: node \"f\" (libc.so.6:exit) ended the process: exit(0) was "
                        + "called in a row\n", code: 3))
    }

    @Test("a child process of a library may exit as it likes")
    func exitInChild() async throws {
        let scratch = try Scratch()
        try await build(row: "if (!fork()) exit(0)", in: scratch)
        try write(to: scratch)
        let outcome = try await Command.host(options, in: scratch.folder).outcome()
        #expect(outcome == .init(output: "one\ntwo\nthree\nfour\n", errors: "", code: 0))
    }

    // MARK: Signals

    @Test(
        "a library that takes the host's signals is named, and a run is drained all the same",
        arguments: ["SIG_IGN", "SIG_DFL"], [true, false])
    func takenSignals(handler: String, inOpen: Bool) async throws {
        let scratch = try Scratch()
        let taking = "signal(SIGTERM, \(handler)); signal(SIGINT, \(handler))"
        try await build(open: inOpen ? taking : "", row: inOpen ? "" : taking, in: scratch)
        try write(to: scratch, source: #"{"coro": "io.lines"}"#)
        // Standard input stays open.
        let command = try Command.shell(
            """
            mkfifo rows; exec 3<> rows; cat in.txt >&3
            exec pipes-host \(options.joined(separator: " ")) < rows
            """, in: scratch.folder)
        let end = ContinuousClock.now + .seconds(30)
        while !command.outputSoFar.hasSuffix("four\n") {
            try #require(ContinuousClock.now < end, "\(command.errorsSoFar)")
            // There is nothing to wait for but a file that another program writes.
            try await Task.sleep(for: .milliseconds(5))
        }
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(
            outcome
                == .init(
                    output: "one\ntwo\nthree\nfour\n",
                    errors: "graph.json: warning: node \"a\" (acts.pass) took SIGINT, SIGTERM from "
                        + "the host, which took it back; a library must leave it alone\n", code: 0))
    }

    @Test("a library that takes SIGPIPE does not change how a closed output ends a run")
    func takenPipe() async throws {
        let scratch = try Scratch()
        try await build(open: "signal(SIGPIPE, SIG_DFL)", in: scratch)
        try write(to: scratch, source: #"{"coro": "io.lines"}"#)
        let outcome = try await Command.shell(
            """
            yes 2> /dev/null \
            | { pipes-host run graph.json --plugins . --progress never; echo $? > code; } \
            | head -n 1
            """, in: scratch.folder
        ).outcome()
        #expect(outcome.output == "y\n")
        #expect(
            outcome.errors
                == "graph.json: warning: node \"a\" (acts.pass) took SIGPIPE from the host, which "
                + "took it back; a library must leave it alone\n")
        #expect(try scratch.read("code") == "0\n")
    }

    @Test("a program that a library forks and executes ends by a signal as usual")
    func signalsInChild() async throws {
        let scratch = try Scratch()
        try await build(
            row: #"""
                int status = 0;
                if (!fork()) execlp("sh", "sh", "-c", "kill -TERM $$", (char *)0);
                wait(&status);
                printf("%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
                fflush(stdout)
                """#, in: scratch)
        try write(to: scratch, sink: #"{"coro": "io.write", "args": {"path": "out.txt"}}"#)
        let outcome = try await Command.host(options, in: scratch.folder).outcome()
        #expect(outcome == .init(output: "\(SIGTERM)\n", errors: "", code: 0))
    }

    // MARK: Descriptors and crashes

    @Test("rows that can't be printed, since a library closed standard output, stop the run")
    func closedOutput() async throws {
        let scratch = try Scratch()
        try await build(row: "close(1)", in: scratch)
        try write(to: scratch)
        let outcome = try await Command.host(options, in: scratch.folder).outcome()
        // Why depends on what has taken its number by then, if anything has.
        #expect(outcome.errors.contains("error: node \"out\": can't write standard output: "))
        #expect(outcome.code == 3)
    }

    @Test(
        "a crash is followed by a line that names the node, also where the stack has run over",
        arguments: [
            ("*(volatile int *)0 = 1", "11 (Segmentation fault)", SIGSEGV),
            ("abort()", "6 (Aborted)", SIGABRT),
            (
                "volatile char all[1 << 26]; all[0] = 1; all[sizeof all - 1] = all[0]",
                "11 (Segmentation fault)", SIGSEGV
            ),
        ])
    func crash(row: String, signal: String, number: Int32) async throws {
        let scratch = try Scratch()
        try await build(row: row, in: scratch)
        try write(to: scratch)
        let outcome = try await Command.host(options, in: scratch.folder).outcome()
        #expect(
            outcome.errors.split(separator: "\n").last
                == "graph.json: error: node \"a\" (acts.pass) crashed in ./acts.so: signal \(signal)"
        )
        #expect(outcome.code == 128 + number)
    }

    @Test("a crash that is no node's says so")
    func crashOfHost() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "flow.tick", "args": {"interval": "1ms"}},
                       "out": {"coro": "io.print"}}, "graph": {"in": ["out"]}}
            """, to: "graph.json")
        let command = try Command.host(options, in: scratch.folder)
        let end = ContinuousClock.now + .seconds(30)
        while command.outputSoFar.isEmpty {
            try #require(ContinuousClock.now < end, "\(command.errorsSoFar)")
            // There is nothing to wait for but a file that another program writes.
            try await Task.sleep(for: .milliseconds(5))
        }
        command.signal(SIGSEGV)
        let outcome = await command.outcome()
        #expect(
            outcome.errors
                == "error: pipes-host crashed, in no node's call: signal 11 (Segmentation fault)\n")
        #expect(outcome.code == 128 + SIGSEGV)
    }

    // MARK: The locale and memory

    private static let hasLocales =
        access("/usr/bin/localedef", X_OK) == 0
        && access("/usr/share/i18n/locales/de_DE", R_OK) == 0

    @Test(
        "a library's setlocale does not change how others read numbers",
        .enabled(if: hasLocales, "there is no localedef here, or no de_DE to make a locale of"))
    func locale() async throws {
        let scratch = try Scratch()
        try await build(
            open: #"if (!setlocale(LC_ALL, "de_DE.UTF-8")) abort()"#, in: scratch)
        try scratch.write("1.5\n2.25\n", to: "in.txt")
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines", "args": {"path": "in.txt"}},
                       "a": {"coro": "acts.pass"},
                       "n": {"coro": "libc.so.6:atof", "signature": "(in.cstr) -> f64"},
                       "out": {"coro": "io.print"}},
             "graph": {"in": ["a"], "a": ["n"], "n": ["out"]}}
            """, to: "graph.json")
        let line =
            "localedef -i de_DE -f UTF-8 ./de_DE.UTF-8 && LOCPATH=. pipes-host run graph.json "
            + "--plugins . --progress never"
        let outcome = try await Command.shell(line, in: scratch.folder).outcome()
        #expect(outcome == .init(output: "1.5\n2.25\n", errors: "", code: 0))
    }

    @Test(
        "too little memory is an error, at once", arguments: ["-d 16000", "-d 4000", "-v 150000"],
        ["--version", "run Examples/readme/graph.json"])
    func littleMemory(limit: String, command: String) async throws {
        let outcome = try await Command.shell("ulimit \(limit); exec pipes-host \(command)")
            .outcome()
        #expect(
            outcome
                == .init(
                    output: "",
                    errors: "error: there is too little memory for pipes-host: it takes 48 MiB of "
                        + "data (ulimit -d) and 200 MiB of addresses (ulimit -v); raise what is "
                        + "lower\n", code: 1))
    }
}
