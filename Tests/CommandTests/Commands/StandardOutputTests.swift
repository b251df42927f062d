import Foundation
import Testing

/// Where what was asked for can't be written.
@Suite("Standard output")
struct StandardOutputTests {
    /// Every command that prints what it was asked for, and what the parser of arguments prints.
    private static let commands = [
        "check Examples/readme/graph.json", "graph Examples/readme/graph.json", "plugins",
        "plugins --json", "inspect strings", "inspect strings.split --json",
        "inspect libc.so.6:abs --signature '(in:int) -> int'", "schema",
        "test Examples/word-count/graph.json", "test Examples/word-count/graph.json --json",
        "test Examples/word-count/graph.json --junit -", "--version", "--help", "help run",
        "run --help", "--generate-completion-script bash", "--experimental-dump-help",
    ]

    private static let full =
        "error: can't write to standard output: No space left on device\n"

    @Test("a full disk is told, with exit code 1", arguments: commands)
    func full(_ command: String) async throws {
        let outcome = try await Command.shell("pipes-host \(command) > /dev/full").outcome()
        #expect(outcome.errors == Self.full)
        #expect(outcome.code == 1)
    }

    @Test("a full disk is told by new and validate too, which make something before")
    func fullAtTheEnd() async throws {
        let scratch = try Scratch()
        let made = try await Command.shell(
            "pipes-host new c shouter > /dev/full", in: scratch.folder
        ).outcome()
        #expect(made.errors == Self.full)
        #expect(made.code == 1)
        let plugin = Command.products.appendingPathComponent("libstrings.so").path
        for form in ["", "--json", "--junit -"] {
            let outcome = try await Command.shell(
                "pipes-host validate \(plugin) --only entry \(form) > /dev/full"
            ).outcome()
            #expect(outcome.errors == Self.full)
            #expect(outcome.code == 1)
        }
    }

    @Test("a reader that has gone away is none of the command's business", arguments: commands)
    func closed(_ command: String) async throws {
        // The reader opens first, and has closed before anything is written.
        let outcome = try await Command.shell(
            """
            mkfifo "$FIFO" && { : < "$FIFO" & }
            { wait $!; pipes-host \(command); echo $? >&2; } > "$FIFO"
            """,
            environment: ["FIFO": try Scratch().folder.appendingPathComponent("fifo").path]
        ).outcome()
        #expect(outcome.errors == "0\n")
    }

    @Test("a report that can't be written to its end is told: exit code 3 of a run")
    func report() async throws {
        let message =
            "/dev/full: error: can't be written, as the report: No space left on device\n"
        let run = try await Command.shell(
            "pipes-host run Examples/readme/graph.json --progress never --report /dev/full"
        ).outcome()
        #expect(run.errors == message)
        #expect(run.code == 3)
        let tested = try await Command.shell(
            "pipes-host test Examples/word-count/graph.json --junit /dev/full"
        ).outcome()
        #expect(tested.errors == message)
        #expect(tested.code == 1)
    }

    @Test("a report that can't be written wins over rows that failed: exit code 3")
    func reportOfFailedRows() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": 3}},
                       "bad": {"coro": "flow.fault", "args": {"every": 2}},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["bad"], "bad": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            [
                "run", "graph.json", "--progress", "never", "--report", "/dev/full",
                "--dead-letter", "letters.jsonl",
            ], in: scratch.folder
        ).outcome()
        #expect(
            outcome.errors
                == "/dev/full: error: can't be written, as the report: No space left on device\n")
        #expect(outcome.code == 3)
    }

    @Test("a report in a folder that isn't there is found before the run: exit code 1")
    func reportNowhere() async throws {
        let outcome = try await Command.host(
            ["run", "Examples/readme/graph.json", "--report", "none/report.json"]
        ).outcome()
        #expect(
            outcome
                == .init(
                    output: "",
                    errors: "none/report.json: error: can't be written, as the report: "
                        + "No such file or directory\n", code: 1))
    }
}
