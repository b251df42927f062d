import Foundation
import Testing

@Suite("run")
struct RunCommandTests {
    /// `flow.range` through `flow.fault` to `io.print`.
    private static func faulty(_ args: String, on error: String = "{}") -> String {
        """
        {
          "name": "faulty",
          "nodes": {
            "inp": {"coro": "flow.range", "args": {"end": 6}},
            "bad": {"coro": "flow.fault", "args": \(args), "properties": {"on_error": \(error)}},
            "out": {"coro": "io.print"}
          },
          "graph": {"inp": ["bad"], "bad": ["out"]}
        }
        """
    }

    private func run(
        _ graph: String, _ options: [String] = [], input: String = "",
        environment: [String: String] = [:], in scratch: Scratch? = nil
    ) async throws -> Command.Outcome {
        let scratch = try scratch ?? Scratch()
        try scratch.write(graph, to: "graph.json")
        return try await Command.host(
            ["run", "graph.json"] + options, input: input, environment: environment,
            in: scratch.folder
        ).outcome()
    }

    private func json(_ text: String) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    // MARK: Exit codes

    @Test("rows that failed leave dead letters on standard error, and exit code 2")
    func failedRows() async throws {
        let outcome = try await run(Self.faulty("{\"every\": 3}"), ["--progress", "never"])
        #expect(outcome.output == "0\n1\n3\n4\n")
        #expect(outcome.code == 2)
        let letters = try outcome.errors.split(separator: "\n").map { try json(String($0)) }
        #expect(letters.count == 2)
        let first = try #require(letters.first)
        #expect(
            Set(first.keys)
                == ["time", "graph", "node", "key", "attempts", "message", "row"])
        #expect(first["graph"] as? String == "faulty")
        #expect(first["node"] as? String == "bad")
        #expect(first["key"] as? [Int] == [2])
        #expect(first["attempts"] as? Int == 1)
        #expect(first["row"] as? [Int] == [2])
        let time = try #require(first["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test("a processor that is broken stops the graph, with exit code 3")
    func stopped() async throws {
        let outcome = try await run(
            Self.faulty("{\"every\": 3, \"how\": \"fatal\"}"), ["--progress", "never"])
        #expect(outcome.errors.contains("node \"bad\""))
        #expect(outcome.code == 3)
    }

    @Test("on_error stop stops the graph, with exit code 3")
    func stoppedByPolicy() async throws {
        let outcome = try await run(
            Self.faulty("{\"every\": 3}", on: "{\"then\": \"stop\"}"), ["--progress", "never"])
        #expect(outcome.errors.contains("node \"bad\""))
        #expect(outcome.code == 3)
    }

    @Test("what can't be opened is told at its place, and nothing runs: exit code 1")
    func failedOpen() async throws {
        let graph = """
            {
              "nodes": {
                "inp": {"coro": "io.lines", "args": {"path": "nowhere.txt"}},
                "out": {"coro": "io.print"}
              },
              "graph": {"inp": ["out"]}
            }
            """
        let outcome = try await run(graph)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("graph.json:3:21: error: node \"inp\": "))
        #expect(outcome.errors.contains("nowhere.txt"))
        #expect(outcome.code == 1)
    }

    // MARK: Options

    private static let texts = """
        {
          "env": {"greeting": "hello"},
          "nodes": {
            "inp": {"coro": "strings.random", "args": {"num": 2, "seed": 1}},
            "both": {"coro": "strings.concat", "args": {"separator": "/"}},
            "out": {"coro": "io.print"}
          },
          "graph": {"inp": ["both"], "both": ["out"]}
        }
        """

    @Test(
        "a value that does not fit is told at its option, not at the file",
        arguments: [
            ("--set", "inp.num=true", "node \"inp\": param \"num\" wants INT, got BOOL"),
            ("--env", "count=true", "the value is BOOL, and that of the file is INT"),
        ])
    func unfit(option: String, setting: String, message: String) async throws {
        let graph = """
            {"env": {"count": 1}, "nodes": {"inp": {"coro": "strings.random"},
             "out": {"coro": "io.print"}}, "graph": {"inp": ["out"]}}
            """
        let outcome = try await run(graph, [option, setting])
        #expect(outcome.code == 1)
        #expect(outcome.errors == "\(option) \(setting): error: \(message)\n")
    }

    @Test("--set gives a STRING as it is and other kinds as JSON")
    func setsArgs() async throws {
        let graph = """
            {
              "nodes": {
                "the.lines": {"coro": "io.lines"},
                "both": {"coro": "strings.split"},
                "out": {"coro": "io.print"}
              },
              "graph": {"the.lines": ["both"], "both": ["out"]}
            }
            """
        let scratch = try Scratch()
        try scratch.write("1=2=3\n", to: "lines.txt")
        let outcome = try await run(
            graph, ["--set", "the.lines.path=lines.txt", "--set", "both.separator=="],
            in: scratch)
        #expect(outcome.output == "1\n2\n3\n")
        #expect(outcome.code == 0)

        let one = try await run(Self.texts, ["--set", "inp.num=1"])
        #expect(one.output.split(separator: "\n").count == 1)
    }

    @Test(
        "a setting that is wrong is told with what would be right, and nothing runs",
        arguments: [
            (
                "ipn.num=1",
                "there is no node \"ipn\" in graph.json. Did you mean \"inp\"?"
            ),
            (
                "inp.nmu=1",
                "node \"inp\": no arg \"nmu\" in strings.random; it has num, seed. "
                    + "Did you mean \"num\"?"
            ),
        ])
    func wrongSetting(setting: String, message: String) async throws {
        let outcome = try await run(Self.texts, ["--set", setting])
        #expect(outcome.output == "")
        #expect(outcome.errors == "--set \(setting): error: \(message)\n")
        #expect(outcome.code == 1)
    }

    @Test("a setting that is no JSON where JSON must be is told")
    func settingIsNoJSON() async throws {
        let outcome = try await run(Self.texts, ["--set", "inp.num=many"])
        #expect(
            outcome.errors.hasPrefix(
                "--set inp.num=many: error: the value is INT and must be written as JSON: "))
        #expect(outcome.code == 1)
    }

    @Test("--dead-letter names a file that is appended to")
    func deadLetterFile() async throws {
        let scratch = try Scratch()
        for count in 1...2 {
            let outcome = try await run(
                Self.faulty("{\"every\": 6}"),
                ["--dead-letter", "letters.jsonl", "--progress", "never"], in: scratch)
            #expect(outcome.errors == "")
            #expect(outcome.code == 2)
            #expect(try scratch.read("letters.jsonl").split(separator: "\n").count == count)
        }
    }

    @Test(
        "a file that can't be written is told before anything runs",
        arguments: [
            ("--dead-letter", "as the file of dead letters"), ("--report", "as the report"),
        ])
    func unwritable(option: String, purpose: String) async throws {
        let outcome = try await run(Self.texts, [option, "no/such/folder"])
        #expect(outcome.output == "")
        #expect(
            outcome.errors
                == "no/such/folder: error: can't be written, \(purpose): "
                + "No such file or directory\n")
        #expect(outcome.code == 1)
    }

    @Test("--report writes the ledger as JSON, and the ledger balances")
    func report() async throws {
        let scratch = try Scratch()
        let outcome = try await run(
            Self.faulty("{\"every\": 3}"), ["--report", "report.json"], in: scratch)
        #expect(outcome.code == 2)
        let report = try json(try scratch.read("report.json"))
        #expect(Set(report.keys) == ["graph", "status", "seconds", "nodes", "edges"])
        #expect(report["graph"] as? String == "faulty")
        #expect(report["status"] as? String == "failed_rows")
        let nodes = try #require(report["nodes"] as? [String: [String: Any]])
        #expect(Set(nodes.keys) == ["inp", "bad", "out"])
        for (name, node) in nodes {
            #expect(
                Set(node.keys) == [
                    "in", "out", "skipped", "failed", "missing", "unsettled", "retries",
                    "seconds", "metrics",
                ])
            if name != "inp" {
                let parts = try ["out", "skipped", "failed", "unsettled"].map {
                    try #require(node[$0] as? Int)
                }
                #expect(node["in"] as? Int == parts.reduce(0, +))
            }
        }
        #expect(nodes["bad"]?["failed"] as? Int == 2)
        #expect(nodes["out"]?["out"] as? Int == 4)
        let edges = try #require(report["edges"] as? [[String: Any]])
        #expect(edges.map { $0["from"] as? String } == ["inp", "bad"])
        #expect(Set(edges[0].keys) == ["from", "to", "rows", "peak", "waits", "dropped", "grown"])
    }

    @Test("--report - is standard output; without a name the graph has its file's")
    func reportOnOutput() async throws {
        let outcome = try await run(
            Self.texts, ["--report", "-", "--set", "inp.num=0", "--progress", "never"])
        #expect(try json(outcome.output)["graph"] as? String == "graph")
        #expect(outcome.errors == "")
    }

    // MARK: Progress

    @Test("without a terminal there is one line at the end")
    func line() async throws {
        let outcome = try await run(Self.texts)
        let pattern =
            /graph: clean, \d+\.\d{3} s; inp 0 in 2 out; both 2 in 2 out; out 2 in 2 out\n/
        #expect(outcome.errors.wholeMatch(of: pattern) != nil, "\(outcome.errors)")
    }

    @Test("--progress always leaves the ledger as a table, also without a terminal")
    func table() async throws {
        let outcome = try await run(Self.texts, ["--progress", "always"])
        let words = outcome.errors.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(words.count == 5)
        #expect(words[0].prefix(2) == ["graph:", "clean,"])
        #expect(
            words[1] == [
                "node", "in", "out", "skipped", "failed", "missing", "unsettled", "retries",
                "seconds",
            ])
        #expect(words[2].prefix(8) == ["inp", "0", "2", "0", "0", "0", "0", "0"])
        #expect(words[4].prefix(8) == ["out", "2", "2", "0", "0", "0", "0", "0"])
    }

    @Test("--progress never says nothing of a clean run")
    func silence() async throws {
        let outcome = try await run(Self.texts, ["--progress", "never"])
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }
}
