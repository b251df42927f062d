import Testing

@Suite("Usage")
struct UsageTests {
    @Test("--version says the host's version and the ABI's")
    func version() async throws {
        let outcome = try await Command.host(["--version"]).outcome()
        #expect(outcome.output == "pipes-host 0.1.0 (ABI 1.0)\n")
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test(
        "every command explains itself",
        arguments: ["run", "check", "graph", "plugins", "inspect", "schema", "new"])
    func help(command: String) async throws {
        let outcome = try await Command.host([command, "--help"]).outcome()
        #expect(outcome.output.contains("USAGE: pipes-host \(command)"))
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("the values of validate's options are named for what they are")
    func valueNames() async throws {
        let help = try await Command.host(["validate", "--help"]).outcome().output
        #expect(help.contains("[--json] [--junit <file>] [--seed <n>] [--only <check> ...]"))
    }

    @Test(
        "a --plugins that names no folder is told by every command, which goes on",
        arguments: [
            ["run", "graph.json", "--progress", "never"], ["check", "graph.json"],
            ["graph", "graph.json"], ["plugins"], ["inspect", "strings"], ["schema"],
            ["new", "c", "shouter"], ["test", "graph.json"],
        ])
    func missingFolders(command: [String]) async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": 1}},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["out"]},
             "tests": [{"name": "one"}, {"name": "two"}]}
            """, to: "graph.json")
        let outcome = try await Command.host(
            command + ["--plugins", "nowhere", "--plugins", "graph.json", "--plugins", "."],
            in: scratch.folder
        ).outcome()
        #expect(
            outcome.errors == """
                warning: --plugins nowhere: no such folder
                warning: --plugins graph.json: not a folder

                """)
        #expect(outcome.output != "")
        #expect(outcome.code == 0)
    }

    @Test(
        "wrong usage is told on standard error, with exit code 64",
        arguments: [
            (["frobnicate"], "Unexpected argument 'frobnicate'"),
            (["run"], "Missing expected argument '<graph>'"),
            (["run", "a.json", "b.json"], "Unexpected argument 'b.json'"),
            (["run", "a.json", "--frobnicate"], "Unknown option '--frobnicate'"),
            (["run", "a.json", "--drain-timeout", "soon"], "'soon'"),
            (["run", "a.json", "--drain-timeout", "-1s"], "'--drain-timeout"),
            (["run", "a.json", "--progress", "loud"], "'loud'"),
            (["run", "a.json", "--log-level", "loud"], "'loud'"),
            (["run", "a.json", "--set", "inp=3"], "'inp=3'"),
            (["run", "a.json", "--set", "inp.num"], "'inp.num'"),
            (["run", "a.json", "--set", ".num=3"], "'.num=3'"),
            (["run", "a.json", "--env", "=3"], "'=3'"),
            (["graph", "a.json", "--format", "png"], "'png'"),
            (["inspect"], "Missing expected argument '<name>'"),
            (["new", "rust", "x"], "'rust'"),
            (
                ["test", "a.json", "--json", "--junit", "-"],
                "Error: --json and --junit - both want standard output; give --junit a file\n"
            ),
            (
                ["validate", "a.so", "--json", "--junit", "-"],
                "Error: --json and --junit - both want standard output; give --junit a file\n"
            ),
            (["new", "c"], "Missing expected argument '<name>'"),
        ])
    func wrongUsage(arguments: [String], mentioned: String) async throws {
        let outcome = try await Command.host(arguments).outcome()
        #expect(outcome.output == "")
        #expect(outcome.errors.contains(mentioned))
        #expect(outcome.code == 64)
    }
}
