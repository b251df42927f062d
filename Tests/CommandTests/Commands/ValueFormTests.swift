import Foundation
import Testing

/// Values that JSON doesn't have, in tests of a graph and in dead letters.
@Suite("Values that JSON doesn't have")
struct ValueFormTests {
    private static func scratch() async throws -> Scratch {
        let scratch = try Scratch()
        let include = Command.checkout.appendingPathComponent("include").path
        let source = Command.checkout.appendingPathComponent("Tests/Fixtures/values.c").path
        let built = try await Command.shell(
            "cc -std=c11 -fPIC -shared -I'\(include)' '\(source)' -o values.so", in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        return scratch
    }

    /// Values number `start` to `end` of the plugin `values`, as a source of a graph.
    private static func graph(_ start: Int, _ end: Int, tests: String = "") -> String {
        """
        {"nodes": {
            "numbers": {"coro": "flow.range", "args": {"start": \(start), "end": \(end)}},
            "values": {"coro": "values.make"},
            "refuse": {"coro": "values.refuse"}},
         "graph": {"numbers": ["values"], "values": ["refuse"], "refuse": null},
         "tests": [\(tests)]}
        """
    }

    private static let forms = [
        #"{"$tensor":{"dtype":"u8","shape":[2,2,3],"data":[1,2,3,4,5,6,7,8,9,10,11,12]}}"#,
        #"{"$tensor":{"dtype":"f32","shape":[2],"data":[0.1,{"$float":"NaN"}]}}"#,
        #"{"$tensor":{"dtype":"i64","shape":[2,2],"data":[1,3,-2,4]}}"#,
        #"{"$tensor":{"dtype":"u8","shape":[100,100]}}"#,
        #"{"$tensor":{"dtype":"u64","shape":[2],"data":[1,"18446744073709551615"]}}"#,
        #"{"$tensor":{"dtype":"bool","shape":[2],"data":[true,false]}}"#,
        #"{"$tensor":{"dtype":"type10.8","shape":[2],"bytes":"B/8="}}"#,
        #"{"$bytes":"AP8="}"#,
        #"{"$float":"NaN"}"#,
        #"[{"$bytes":"AP8="},{"$float":"-Infinity"}]"#,
        #"{"$map":{"$bytes":1}}"#,
    ]

    private func test(_ graph: String) async throws -> Command.Outcome {
        let scratch = try await Self.scratch()
        try scratch.write(graph, to: "graph.json")
        return try await Command.host(
            ["test", "graph.json", "--plugins", "."], in: scratch.folder
        ).outcome()
    }

    @Test("a test that expects null fails where a TENSOR comes, and shows it")
    func isNotNull() async throws {
        let outcome = try await test(
            Self.graph(
                0, 1,
                tests: #"{"name": "null", "failures": {"refuse": 1}, "expect": {"values": [null]}}"#
            ))
        #expect(
            outcome.output == """
                FAIL  null
                graph.json:6:78: error: test "null": node "values": 1 row expected did not come, \
                1 row came that was not expected
                    !  expected     null
                       got          {"$tensor":{"dtype":"u8","shape":[2,2,3],"data":[1,2,3,4,5,6,\
                7,8,9,10,11,12]}}
                graph.json: 1 test, 0 passed, 1 failed

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 1)
    }

    @Test("of a large TENSOR a test that fails shows the first numbers")
    func isLarge() async throws {
        let outcome = try await test(
            Self.graph(
                3, 4,
                tests: #"{"name": "null", "failures": {"refuse": 1}, "expect": {"values": [null]}}"#
            ))
        #expect(
            outcome.output.contains(
                #"{"$tensor":{"dtype":"u8","shape":[100,100],"first":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,"#
                    + "0,0]}}\n"))
        #expect(outcome.code == 1)
    }

    @Test("a test that expects each value in its form passes, as does one that gives them")
    func passes() async throws {
        let all = Self.forms.joined(separator: ",\n")
        let outcome = try await test(
            Self.graph(
                0, 11,
                tests: """
                    {"name": "forms", "failures": {"refuse": 11}, "expect": {"values": [\(all)]}},
                    {"name": "any order", "failures": {"refuse": 11},
                     "expect": {"values": {"any_order": [\(all)]}}}
                    """))
        #expect(
            outcome.output == """
                ok    forms
                ok    any order
                graph.json: 2 tests, 2 passed, 0 failed

                """)
        #expect(outcome.code == 0)
    }

    @Test("a dead letter has each value in its form, and of a large TENSOR type and shape")
    func deadLetters() async throws {
        let scratch = try await Self.scratch()
        try scratch.write(Self.graph(0, 11), to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--plugins", ".", "--dead-letter", "failed.jsonl"],
            in: scratch.folder
        ).outcome()
        let rows = try scratch.read("failed.jsonl").split(separator: "\n").map { line in
            line.components(separatedBy: #""message":"refused","row":"#).last ?? ""
        }
        #expect(rows == Self.forms.map { "[\($0)]}" })
        #expect(outcome.code == 2)
    }

    @Test("a row that is not the form of a value is a mistake at its place")
    func mistake() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines"}, "out": {"coro": "io.print"}},
             "graph": {"in": ["out"]},
             "tests": [{"name": "t", "sources": {"in": ["a",
              {"$bytes": 1}]}, "expect": {"out": [
              {"$tensor": {"dtype": "u8", "shape": [2], "data": [1]}}]}}]}
            """, to: "graph.json")
        let outcome = try await Command.host(["check", "graph.json"], in: scratch.folder).outcome()
        #expect(
            outcome.errors == """
                graph.json:4:3: error: test "t": "$bytes" wants base64 in a string, got INT; a MAP \
                with this one key is written {"$map": {"$bytes": ...}}
                graph.json:5:3: error: test "t": "$tensor" of u8 and shape [2] has 2 numbers, got 1; \
                a MAP with this one key is written {"$map": {"$tensor": ...}}

                """)
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
    }

    @Test("a TENSOR in place of a source needs its data")
    func withoutData() async throws {
        let scratch = try await Self.scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "values.source"}, "out": {"coro": "io.print"}},
             "graph": {"in": ["out"]},
             "tests": [
              {"name": "t", "sources": {"in": [{"$tensor": {"dtype": "u8", "shape": [2]}}]}},
              {"name": "u", "sources": {"in": [
                {"$tensor": {"dtype": "u8", "shape": [2], "data": [3, 4]}}]},
               "expect": {"out": [{"$tensor": {"dtype": "u8", "shape": [2], "data": [3, 4]}}]}}]}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["test", "graph.json", "--plugins", "."], in: scratch.folder
        ).outcome()
        #expect(
            outcome.errors == """
                graph.json:4:36: error: test "t": source "in" yields a TENSOR, and this one has no \
                data

                """)
        #expect(outcome.code == 1)
    }
}
