import Foundation
import Testing

/// A processor that takes few rows is checked with those of its author, or it is not checked.
@Suite("validate, with rows")
struct ValidateRowsTests {
    private static let build: String = {
        let root = Command.checkout.path
        return "cc -std=c11 -fPIC -shared -fvisibility=hidden -I'\(root)/include' "
            + "'\(root)/Tests/Fixtures/badplugins/picky.c' -o picky.so"
    }()
    private static let remedy =
        "with --rows FILE, or --graph FILE for those of a graph's tests"

    /// Its tests bring rows to `map`.
    private static let graph = """
        {
          "nodes": {
            "names": {"coro": "io.lines"},
            "low": {"coro": "strings.lower"},
            "size": {"coro": "picky.map"},
            "out": {"coro": "io.print"}
          },
          "graph": {"names": ["low"], "low": ["size"], "size": ["out"]},
          "tests": [
            {"name": "a picture", "sources": {"names": ["IN/A.PNG"]}, "expect": {"out": [1]}},
            {"name": "none", "sources": {"names": ["b"]}, "failures": {"size": 1}}
          ]
        }
        """

    private func validate(
        _ options: String, rows: String = "[\"in/a.png\"]\n[\"in/b.png\"]\n[\"out/c.png\"]\n",
        pairs: String = "", graph: String = "{}"
    ) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(rows, to: "rows.jsonl")
        try scratch.write(pairs, to: "pairs.jsonl")
        try scratch.write(graph, to: "graph.json")
        return try await Command.shell(
            "\(Self.build) && pipes-host validate picky.so \(options)", in: scratch.folder
        ).outcome(within: 300)
    }

    @Test("a processor that failed every row was not checked, which is told and no success")
    func rejects() async throws {
        let outcome = try await validate(
            "--processor map --only values --only life-cycle --seed 7")
        #expect(
            outcome.output == """
                picky.map: 1 of 2 checks passed
                    skipped values: it failed every row that it was given
                1 passed, 0 failed, 1 skipped; seed 7
                picky.map was not checked: it failed every row that it was given; give rows that it takes \(Self.remedy)

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 1)
    }

    @Test(
        "so is one of any other shape",
        arguments: ["later", "sink", "split", "total", "pair"])
    func shapes(processor: String) async throws {
        let outcome = try await validate(
            "--processor \(processor) --only statuses --only values --seed 7")
        #expect(
            outcome.output == """
                picky.\(processor): 0 of 2 checks passed
                    skipped all checks: it failed every row that it was given
                0 passed, 0 failed, 2 skipped; seed 7
                picky.\(processor) was not checked: it failed every row that it was given; give rows that it takes \(Self.remedy)

                """)
        #expect(outcome.code == 1)
    }

    @Test("one that yielded nothing passes, and that is told")
    func silent() async throws {
        let outcome = try await validate("--processor skip --only values --seed 7")
        #expect(
            outcome.output == """
                picky.skip: 1 of 1 checks passed
                1 passed, 0 failed, 0 skipped; seed 7
                picky.skip yielded nothing for any row that it was given; give others \(Self.remedy)

                """)
        #expect(outcome.code == 0)
        let taken = try await validate("--processor skip --only values --seed 7 --rows rows.jsonl")
        #expect(
            taken.output == """
                picky.skip: 1 of 1 checks passed
                1 passed, 0 failed, 0 skipped; seed 7

                """)
    }

    @Test("rows of the author's own find what generated ones don't, and how is told")
    func ownRows() async throws {
        let outcome = try await validate(
            "--processor map --only steady --only guard-pages --seed 7 --rows rows.jsonl")
        #expect(outcome.output.hasPrefix("picky.map: 0 of 2 checks passed\n    FAILED  steady: "))
        #expect(outcome.output.contains(" bytes of memory behind\n"))
        #expect(outcome.output.contains("\n    FAILED  guard-pages: "))
        #expect(
            outcome.output.contains(
                "signal 11 (touched memory that it may not) at one by one, before a guard: map of row "
                    + "0, \"in/a.png\"\n"))
        #expect(
            outcome.output.contains(
                "        again: validate picky.so --only guard-pages --processor map --rows rows.jsonl "
                    + "--seed 7\n"))
        #expect(outcome.code == 1)
    }

    @Test("rows that the tests of a graph bring to a processor do the same")
    func graphRows() async throws {
        let outcome = try await validate(
            "--processor map --only guard-pages --seed 7 --graph graph.json",
            graph: Self.graph)
        #expect(
            outcome.output.contains(
                "signal 11 (touched memory that it may not) at one by one, before a guard: map of row "
                    + "0, \"in/a.png\"\n"))
        #expect(
            outcome.output.contains(
                "again: validate picky.so --only guard-pages --processor map --graph graph.json "
                    + "--seed 7\n"))
        #expect(outcome.code == 1)
        let others = try await validate(
            "--processor sink --only values --graph graph.json", graph: Self.graph)
        #expect(
            others.errors == "graph.json: error: its tests bring no row to picky.sink\n")
        #expect(others.code == 1)
    }

    @Test("rows that no processor takes are told with their lines, and nothing is checked")
    func wrongRows() async throws {
        let rows = """
            ["in/a"]

            ["in/a", "b"]
            [1]
            "in/a"
            ["in/ä, "b"]
            [null]
            """
        let outcome = try await validate(
            "--processor map --processor pair --only values --rows rows.jsonl", rows: rows)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                rows.jsonl:3:1: error: this row is for no processor of picky: map takes 1 value, and it has 2; input "number" of pair wants INT, got STRING
                rows.jsonl:4:1: error: this row is for no processor of picky: input "text" of map wants STRING, got INT; pair takes 2 values, and it has 1
                rows.jsonl:5:1: error: a row is a list of its values, such as ["a"], got STRING
                rows.jsonl:6:10: error: not JSON: expected a comma or ], found "b"

                """)
        #expect(outcome.code == 1)
    }

    @Test("rows for other processors of the plugin are no mistake where one is chosen")
    func rowsOfOthers() async throws {
        for processor in ["skip", "pair"] {
            let outcome = try await validate(
                "--processor \(processor) --only values --seed 7 --rows rows.jsonl",
                rows: "[\"in/a\"]\n[\"in/a\", 1]\n")
            #expect(
                outcome.output == """
                    picky.\(processor): 1 of 1 checks passed
                    1 passed, 0 failed, 0 skipped; seed 7

                    """)
            #expect(outcome.errors == "")
            #expect(outcome.code == 0)
        }
    }

    @Test("the command that makes a check again works where several files have the rows")
    func rowsOfOthersInFiles() async throws {
        let outcome = try await validate(
            "--processor pair --only values --seed 7 --rows rows.jsonl --rows pairs.jsonl "
                + "--graph graph.json",
            rows: "[\"in/a\"]\n", pairs: "[\"in/a\", 1]\n", graph: Self.graph)
        #expect(outcome.output.hasPrefix("picky.pair: 1 of 1 checks passed\n"))
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("rows that are all for others are an error")
    func rowsOfOthersAlone() async throws {
        let outcome = try await validate(
            "--processor skip --processor map --only values --rows rows.jsonl",
            rows: "[\"in/a\", 1]\n")
        #expect(outcome.output == "")
        #expect(
            outcome.errors == "rows.jsonl: error: holds no row for picky.map, picky.skip\n")
        #expect(outcome.code == 1)
    }

    @Test(
        "a file that brings no rows is an error",
        arguments: [
            ("--rows none.jsonl", "none.jsonl: error: can't be read: No such file or directory\n"),
            (
                "--rows rows.jsonl",
                "rows.jsonl: error: holds no rows: it wants a list of values on each line, such as "
                    + "[\"a\"]\n"
            ),
            (
                "--graph graph.json",
                "graph.json:1:1: error: no \"nodes\": a graph file wants the nodes by name, such as "
                    + "{\"nodes\": {\"inp\": {\"coro\": \"io.lines\"}}}\n"
            ),
        ])
    func noRows(options: String, errors: String) async throws {
        let outcome = try await validate("--only values \(options)", rows: "\n \n")
        #expect(outcome.errors == errors)
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
    }

    @Test("in JUnit's form one that was not checked is a failure, and in JSON it has its rows")
    func forms() async throws {
        let junit = try await validate("--processor map --only values --seed 7 --junit -")
        let text = junit.output.replacing(#/time="[^"]*"/#, with: "time=\"0\"")
        let reason =
            "picky.map was not checked: it failed every row that it was given; give rows that it takes "
            + Self.remedy
        #expect(
            text == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites>
                  <testsuite name="picky.map" tests="2" failures="1" errors="0" skipped="1">
                    <testcase classname="picky.map" name="values" time="0">
                      <skipped message="it failed every row that it was given"/>
                    </testcase>
                    <testcase classname="picky.map" name="rows" time="0">
                      <failure message="\(reason)"/>
                    </testcase>
                  </testsuite>
                </testsuites>

                """)
        let json = try await validate("--processor map --only values --seed 7 --json")
        struct Report: Decodable {
            struct Result: Decodable {
                struct Rows: Decodable {
                    var given: Int
                    var taken: Int
                }
                var status: String
                var rows: Rows
            }
            var passed: Bool
            var unchecked: [String]
            var results: [Result]
        }
        let report = try JSONDecoder().decode(Report.self, from: Data(json.output.utf8))
        #expect(!report.passed && report.unchecked == [reason])
        #expect(report.results.map(\.status) == ["skipped"])
        #expect(report.results.allSatisfy { $0.rows.given > 0 && $0.rows.taken == 0 })
        #expect(json.code == 1)
    }
}
