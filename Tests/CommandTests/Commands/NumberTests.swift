import Foundation
import Testing

@Suite("Numbers that JSON, or a FLOAT, does not have")
struct NumberTests {
    private static func graph(_ count: String) -> String {
        """
        {"nodes": {"in": {"coro": "flow.head", "args": {"num": \(count)}}},
         "graph": {}}
        """
    }

    @Test(
        "in a graph file are errors at their first character",
        arguments: [
            (
                "-Infinity",
                "not JSON: \"-Infinity\" is not a number: expected a digit, found \"Infinity\""
            ),
            ("NaN", "not JSON: expected a value, found \"NaN\""),
            (
                "0x10",
                "not JSON: \"0x10\" is not a number: expected the end of the number, found \"x10\""
            ),
            ("1e999", "the number 1e999 is beyond the range of a FLOAT, which ends at 1.8e308"),
        ])
    func inFile(_ number: String, _ message: String) async throws {
        let scratch = try Scratch()
        try scratch.write(Self.graph(number), to: "graph.json")
        let outcome = try await Command.host(["check", "graph.json"], in: scratch.folder).outcome()
        #expect(outcome.errors == "graph.json:1:56: error: \(message)\n")
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
    }

    @Test(
        "behind --set are errors that name it",
        arguments: [
            (
                "-Infinity",
                "the value is INT and must be written as JSON: \"-Infinity\" is not a number: expected a "
                    + "digit, found \"Infinity\""
            ),
            ("1e999", "the number 1e999 is beyond the range of a FLOAT, which ends at 1.8e308"),
        ])
    func inSetting(_ number: String, _ message: String) async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "flow.range", "args": {"end": 3}}, "out": {"coro": "io.print"}},
             "graph": {"in": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["check", "graph.json", "--set", "in.end=\(number)"], in: scratch.folder
        ).outcome()
        #expect(outcome.errors == "--set in.end=\(number): error: \(message)\n")
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
    }

    @Test("in a text for json.parse reject the row, with the number's place")
    func inRow() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines"}, "p": {"coro": "json.parse"}, "out": {"coro": "io.print"}},
             "graph": {"in": ["p"], "p": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--dead-letter", "lost.jsonl"],
            input: "[1,-Infinity]\n[1e999]\n2\n",
            in: scratch.folder
        ).outcome()
        #expect(outcome.output == "2\n")
        #expect(outcome.code == 2)
        let messages = try scratch.read("lost.jsonl").split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }.map { $0?["message"] as? String }
        #expect(
            messages == [
                "byte 3: \"-Infinity\" is not a number: expected a digit, found \"Infinity\"",
                "byte 1: the number 1e999 is beyond the range of a FLOAT, which ends at 1.8e308",
            ])
    }
}
