import Foundation
import Testing

@Suite("test")
struct TestCommandTests {
    private static func graph(_ tests: String, reverse: String = "{}") -> String {
        """
        {
          "name": "pairs",
          "nodes": {
            "inp": {"coro": "strings.random"},
            "rev": {"coro": "strings.reverse", "properties": \(reverse)},
            "out": {"coro": "io.print"}
          },
          "graph": {"inp": ["rev", "out"], "rev": ["out"]},
          "tests": [
        \(tests)
          ]
        }
        """
    }

    private static let ticks = """
        {
          "nodes": {
            "tick": {"coro": "flow.tick", "args": {"interval": "1m"}},
            "late": {"coro": "flow.delay", "args": {"time": "90s"}, "properties": {"concurrency": 4}},
            "out": {"coro": "io.print"}
          },
          "graph": {"tick": ["late"], "late": ["out"]},
          "tests": [
            {"name": "an hour", "for": "1h", "expect": {"tick": {"count": 60}, "out": {"count": 60}}},
            {"name": "three", "args": {"tick": {"count": 3}}, "expect": {"out": [0, 1, 2]}}
          ]
        }
        """

    /// A map, a split and a map that defers: each may take two seconds for a row.
    private static func timeouts(_ tests: String) -> String {
        """
        {
          "nodes": {
            "inp": {"coro": "io.lines"},
            "rev": {"coro": "strings.reverse", "properties": {"timeout": "2s"}},
            "words": {"coro": "strings.split", "properties":
              {"timeout": "2s", "on_error": {"retry": {"max": 1, "backoff": "1m..1m"}}}},
            "late": {"coro": "flow.delay", "args": {"time": "1s"}, "properties": {"timeout": "2s"}},
            "out": {"coro": "io.print"}
          },
          "graph": {"inp": ["rev"], "rev": ["words"], "words": ["late"], "late": ["out"]},
          "tests": [\(tests)]
        }
        """
    }

    private func test(
        _ graph: String, _ options: [String] = [], in scratch: Scratch? = nil
    ) async throws -> Command.Outcome {
        let scratch = try scratch ?? Scratch()
        try scratch.write(graph, to: "graph.json")
        return try await Command.host(["test", "graph.json"] + options, in: scratch.folder)
            .outcome()
    }

    @Test("tests that pass are a line each, and what sinks would print is not printed")
    func passes() async throws {
        let outcome = try await test(
            Self.graph(
                """
                {"name": "pairs", "sources": {"inp": ["abc", "xy"]},
                 "expect": {"out": [["abc", "cba"], ["xy", "yx"]], "rev": ["cba", "yx"]}},
                {"name": "by number", "args": {"inp": {"num": 3}}, "expect": {"out": {"count": 3}}}
                """))
        #expect(
            outcome.output == """
                ok    pairs
                ok    by number
                graph.json: 2 tests, 2 passed, 0 failed

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("a test that fails shows expected and got side by side, with the line in the file")
    func fails() async throws {
        let outcome = try await test(
            Self.graph(
                """
                {"name": "pairs", "sources": {"inp": ["abc", "xy", "z"]},
                 "expect": {"out": [["abc", "cba"],
                                    ["xy", "yz"],
                                    ["z", "z"]]}}
                """))
        #expect(
            outcome.output == """
                FAIL  pairs
                graph.json:12:21: error: test "pairs": node "out": 1 row expected did not come, 1 row \
                came that was not expected
                       expected       got
                       ["abc","cba"]  ["abc","cba"]
                    !  ["xy","yz"]    ["xy","yx"]
                       ["z","z"]      ["z","z"]
                graph.json: 1 test, 0 passed, 1 failed

                """)
        #expect(outcome.code == 1)
    }

    @Test("an hour of ticks takes no time")
    func hour() async throws {
        let start = ContinuousClock.now
        let outcome = try await test(Self.ticks)
        #expect(
            outcome.output == """
                ok    an hour
                ok    three
                graph.json: 2 tests, 2 passed, 0 failed

                """)
        #expect(outcome.errors == "")
        #expect(ContinuousClock.now - start < .seconds(900))
    }

    @Test("a crash is a line in the report, and the other tests go on")
    func crashes() async throws {
        let outcome = try await test(
            Self.graph(
                """
                {"name": "crash", "sources": {"inp": ["a"]}, "faults": {"rev": {"at": 0, "how": "crash"}}},
                {"name": "crash as expected", "sources": {"inp": ["a"]}, "status": "crashed",
                 "faults": {"rev": {"at": 0, "how": "crash"}}},
                {"name": "none", "sources": {"inp": []}, "expect": {"out": []}}
                """))
        #expect(
            outcome.output == """
                FAIL  crash
                graph.json:10:1: error: test "crash": its process died of signal 6 (Aborted)
                ok    crash as expected
                ok    none
                graph.json: 3 tests, 2 passed, 1 failed

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 1)
    }

    @Test("a processor that can't be opened refuses the run")
    func refused() async throws {
        let graph = """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": 3}},
                       "text": {"coro": "json.format"},
                       "some": {"coro": "strings.match", "args": {"pattern": "1"}},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["text"], "text": ["some"], "some": ["out"]},
             "tests": [
               {"name": "one", "expect": {"out": ["1"]}, "skipped": {"some": 2}},
               {"name": "no pattern", "args": {"some": {"pattern": "("}}, "status": "refused"},
               {"name": "no pattern, clean", "args": {"some": {"pattern": "("}}}
             ]}
            """
        let outcome = try await test(graph)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.prefix(3) == ["ok    one", "ok    no pattern", "FAIL  no pattern, clean"])
        #expect(
            lines[3].hasPrefix(
                "graph.json:9:4: error: test \"no pattern, clean\": the run should have ended clean, "
                    + "and ended refused: node \"some\": can't open strings.match: "))
        #expect(outcome.code == 1)
    }

    @Test("a sink that is real does what it does, on standard error where it prints")
    func realSinks() async throws {
        let outcome = try await test(
            Self.graph(
                """
                {"name": "real", "sources": {"inp": ["ab"]}, "real_sinks": ["out"],
                 "expect": {"out": [["ab", "ba"]]}}
                """))
        #expect(
            outcome.output == "ok    real\ngraph.json: 1 test, 1 passed, 0 failed\n")
        #expect(outcome.errors == "ab\tba\n")
    }

    @Test("what only the processors can tell is found before anything runs, by check too")
    func mistakes() async throws {
        let graph = Self.graph(
            """
            {"name": "t", "sources": {"rev": [], "inp": ["a", 7]},
             "args": {"inp": {"nun": 3}}, "real_sinks": ["rev"],
             "expect": {"rev": {"outputs": {"rest": []}}, "out": {"outputs": {"a": []}}},
             "faults": {"inp": {"at": 0, "how": "reject"}}}
            """)
        let scratch = try Scratch()
        let outcome = try await test(graph, in: scratch)
        #expect(
            outcome.errors == """
                graph.json:10:27: error: test "t": node "rev" is no source: its rows come from its \
                inputs
                graph.json:10:51: error: test "t": source "inp" yields STRING, and this row is INT
                graph.json:11:19: error: test "t": node "inp": no param "nun"; strings.random takes \
                num, seed. Did you mean "num"?
                graph.json:11:46: error: test "t": node "rev" is no sink, so it runs as it is anyway; \
                take it out
                graph.json:12:33: error: test "t": node "rev" has no output "rest"; it has text.
                graph.json:12:67: error: test "t": node "out" is a sink and has no outputs; its rows \
                are those that reach it
                graph.json:13:37: error: test "t": node "inp" is a source: it is given no row that \
                could be rejected; leave the row out of "sources"

                """)
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
        let check = try await Command.host(["check", "graph.json"], in: scratch.folder).outcome()
        #expect(check.errors == outcome.errors)
        #expect(check.code == 1)
    }

    @Test("what --help shows of tests is what a graph file can hold")
    func help() async throws {
        let help = try await Command.host(["test", "--help"]).outcome().output
        let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex(of: "  \"tests\": ["))
        let last = try #require(lines.firstIndex(of: "  ]"))
        let outcome = try await test(
            """
            {"nodes": {"inp": {"coro": "io.lines"}, "rev": {"coro": "strings.reverse"},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["rev"], "rev": ["out"]},
            \(lines[first...last].joined(separator: "\n"))}
            """)
        #expect(
            outcome.output == """
                ok    each text is turned round
                graph.json: 1 test, 1 passed, 0 failed

                """)
        #expect(outcome.errors == "")
    }

    @Test("--only runs one test, and a name that there is not is told with the nearest")
    func only() async throws {
        let outcome = try await test(Self.ticks, ["--only", "three"])
        #expect(outcome.output == "ok    three\ngraph.json: 1 test, 1 passed, 0 failed\n")
        let unknown = try await test(Self.ticks, ["--only", "thre"])
        #expect(
            unknown.errors
                == "--only thre: error: there is no such test in graph.json. Did you mean \"three\"?\n"
        )
        #expect(unknown.code == 1)
    }

    @Test("a graph without tests, and one on standard input, are told")
    func nothingToTest() async throws {
        let without = try await test("{\"nodes\": {\"inp\": {\"coro\": \"strings.random\"}}}")
        #expect(
            without.errors
                == "graph.json: error: has no \"tests\"; pipes-host test --help shows how to write them\n"
        )
        #expect(without.code == 1)
        let input = try await Command.host(["test", "-"], input: Self.ticks).outcome()
        #expect(
            input.errors == "-: error: each test reads the graph in a process of its own, so it "
                + "can't come from standard input; write it to a file\n")
        #expect(input.code == 1)
    }

    @Test("--time-limit ends a test that hangs")
    func timeLimit() async throws {
        let graph = """
            {"nodes": {"inp": {"coro": "io.lines", "args": {"path": "/dev/ptmx"}},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["out"]}, "tests": [{"name": "hangs"}]}
            """
        let outcome = try await test(graph, ["--time-limit", "300ms"])
        #expect(
            outcome.output == """
                FAIL  hangs
                graph.json:3:39: error: test "hangs": it took longer than 0.3 seconds and was ended; \
                see --time-limit
                graph.json: 1 test, 0 passed, 1 failed

                """)
        #expect(outcome.code == 1)
    }

    @Test("--junit - puts nothing but XML on standard output")
    func junitAlone() async throws {
        let outcome = try await test(
            Self.graph("{\"name\": \"good\", \"sources\": {\"inp\": []}}"), ["--junit", "-"])
        let times = /time="[0-9.e-]+"/
        #expect(
            outcome.output.replacing(times, with: "time") == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites tests="1" failures="0" errors="0" time>
                  <testsuite name="graph.json" tests="1" failures="0" errors="0" time>
                    <testcase classname="graph.json" name="good" file="graph.json" line="10" time/>
                  </testsuite>
                </testsuites>

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("--json and --junit say the same to programs")
    func forPrograms() async throws {
        let scratch = try Scratch()
        let outcome = try await test(
            Self.graph(
                """
                {"name": "good", "sources": {"inp": []}},
                {"name": "bad <1>", "sources": {"inp": ["a"]}, "expect": {"rev": ["b"]}}
                """), ["--json", "--junit", "report.xml"], in: scratch)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(json["passed"] as? Int == 1 && json["failed"] as? Int == 1)
        let tests = try #require(json["tests"] as? [[String: Any]])
        #expect(tests.map { $0["name"] as? String } == ["good", "bad <1>"])
        #expect(tests.map { $0["passed"] as? Bool } == [true, false])
        #expect(tests.map { $0["line"] as? Int } == [10, 11])
        let failures = try #require(tests[1]["failures"] as? [[String: Any]])
        let rows = try #require(failures[0]["rows"] as? [[String: Any]])
        #expect(rows.count == 1 && rows[0]["expected"] as? String == "\"b\"")
        #expect(rows[0]["got"] as? String == "\"a\"" && rows[0]["same"] as? Bool == false)
        #expect(outcome.code == 1)

        let xml = try scratch.read("report.xml")
        let times = /time="[0-9.e-]+"/
        #expect(
            xml.replacing(times, with: "time") == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites tests="2" failures="1" errors="0" time>
                  <testsuite name="graph.json" tests="2" failures="1" errors="0" time>
                    <testcase classname="graph.json" name="good" file="graph.json" line="10" time/>
                    <testcase classname="graph.json" name="bad &lt;1&gt;" file="graph.json" line="11" time>
                      <failure message="node &quot;rev&quot;: 1 row expected did not come, 1 row came \
                that was not expected">FAIL  bad &lt;1&gt;
                graph.json:11:67: error: test &quot;bad &lt;1&gt;&quot;: node &quot;rev&quot;: 1 row \
                expected did not come, 1 row came that was not expected
                       expected  got
                    !  &quot;b&quot;       &quot;a&quot;
                </failure>
                    </testcase>
                  </testsuite>
                </testsuites>

                """)
    }

    @Test("a test is over when its process is, whatever a plugin started and left running")
    func forks() async throws {
        let scratch = try Scratch()
        let checkout = Command.checkout.path
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "strings.random", "args": {"num": 1}},
             "f": {"coro": "forks.same"}, "out": {"coro": "io.print"}},
             "graph": {"inp": ["f"], "f": ["out"]},
             "tests": [{"name": "one", "expect": {"out": {"count": 1}}}]}
            """, to: "graph.json")
        let outcome = try await Command.shell(
            "cc -std=gnu11 -fPIC -shared -I\(checkout)/include -DNAME='\"forks\"' -DFORKS_IN_MAP -o forks.so "
                + "\(checkout)/Tests/Fixtures/badplugins/constructor.c && "
                + "pipes-host test graph.json --plugins . --time-limit 20s",
            in: scratch.folder
        ).outcome()
        #expect(outcome.output == "ok    one\ngraph.json: 1 test, 1 passed, 0 failed\n")
        #expect(outcome.code == 0)
    }

    @Test("a delay counts as time of its row, so that a node's timeout can be tested")
    func delayedPastTimeout() async throws {
        let late = "took longer than its timeout of 2.0 seconds"
        let rows = "\"sources\": {\"inp\": [\"b a\", \"c\"]}"
        let outcome = try await test(
            Self.timeouts(
                """
                {"name": "a map", \(rows), "expect": {"out": ["c"]}, "failures": {"rev": ["\(late)"]},
                 "faults": {"rev": {"at": 0, "how": "delay", "time": "2100ms"}}},
                {"name": "a map in time", \(rows), "expect": {"out": ["a", "b", "c"]},
                 "faults": {"rev": {"at": 0, "how": "delay", "time": "1900ms"}}},
                {"name": "a split that is tried again", \(rows), "expect": {"out": ["a", "b", "c"]},
                 "faults": {"words": {"at": 0, "how": "delay", "time": "3s"}}},
                {"name": "a deferred call", \(rows), "expect": {"out": ["a", "c"]},
                 "failures": {"late": ["\(late)"]},
                 "faults": {"late": {"at": [[0, 1]], "how": "delay", "time": "1h"}}},
                {"name": "delay and call together", \(rows), "expect": {"out": ["a", "c"]},
                 "args": {"late": {"time": "1900ms"}}, "failures": {"late": ["\(late)"]},
                 "faults": {"late": [{"at": [[0, 1]], "how": "delay", "time": "1s"}]},
                 "dead_letters": [{"node": "late", "key": [0, 1], "attempts": 1}]}
                """))
        #expect(
            outcome.output == """
                ok    a map
                ok    a map in time
                ok    a split that is tried again
                ok    a deferred call
                ok    delay and call together
                graph.json: 5 tests, 5 passed, 0 failed

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }
}
