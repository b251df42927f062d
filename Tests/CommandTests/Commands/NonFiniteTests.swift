import Foundation
import Testing

/// NaN and the infinities, which are no numbers of JSON.
@Suite("A FLOAT that JSON can't hold")
struct NonFiniteTests {
    private static let remedy =
        " is not a number that JSON can hold; set \\\"non_finite\\\" to \\\"null\\\" or "
        + "\\\"text\\\" to write it"

    /// Reads numbers with `strtod`, and lets `sink` and what stands before it write them.
    private func run(
        _ nodes: String, edges: String, reading text: String = "1.5\nnan\n-inf\n2\n"
    ) async throws -> (Command.Outcome, Scratch) {
        let scratch = try Scratch()
        try scratch.write(text, to: "input.txt")
        try scratch.write(
            """
            {"nodes": {
                "in": {"coro": "io.lines", "args": {"path": "input.txt"}},
                "n": {"coro": "libc.so.6:strtod", "signature": "(in.cstr, null) -> f64"},
                \(nodes)},
             "graph": {"in": ["n"], \(edges)}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--dead-letter", "failed.jsonl"], in: scratch.folder
        ).outcome()
        return (outcome, scratch)
    }

    /// What a dead letter says behind its time.
    private func letters(_ scratch: Scratch) throws -> [String] {
        try scratch.read("failed.jsonl").split(separator: "\n").map { line in
            String(line.split(separator: ",", maxSplits: 2).last ?? "")
        }
    }

    @Test("is rejected by io.print, and the others are printed")
    func print() async throws {
        let (outcome, scratch) = try await run(
            #""out": {"coro": "io.print"}"#, edges: #""n": ["out"]"#)
        #expect(outcome.output == "1.5\n2.0\n")
        #expect(
            try letters(scratch) == [
                #""node":"out","key":[1],"attempts":1,"message":"NaN\#(Self.remedy)","#
                    + #""row":[{"$float":"NaN"}]}"#,
                #""node":"out","key":[2],"attempts":1,"message":"-Infinity\#(Self.remedy)","#
                    + #""row":[{"$float":"-Infinity"}]}"#,
            ])
        #expect(outcome.errors.hasPrefix("graph: rows failed, "))
        #expect(outcome.errors.hasSuffix("out 4 in 2 out, 2 failed\n"))
        #expect(outcome.code == 2)
    }

    @Test("is rejected by io.write and json.format too, in a LIST with its place")
    func writeAndFormat() async throws {
        let (outcome, scratch) = try await run(
            """
            "batch": {"coro": "flow.batch", "args": {"size": 2}},
            "text": {"coro": "json.format"},
            "out": {"coro": "io.write", "args": {"path": "out.txt"}},
            "texts": {"coro": "io.write", "args": {"path": "texts.txt"}}
            """, edges: #""n": ["batch"], "batch": ["text", "out"], "text": ["texts"]"#,
            reading: "1\nnan\n3\n4\n")
        #expect(try scratch.read("out.txt") == "[3.0,4.0]\n")
        #expect(try scratch.read("texts.txt") == "[3.0,4.0]\n")
        let row = #""row":[[1.0,{"$float":"NaN"}]]}"#
        #expect(
            try letters(scratch).sorted() == [
                #""node":"out","key":[0],"attempts":1,"message":"NaN at /1\#(Self.remedy)",\#(row)"#,
                #""node":"text","key":[0],"attempts":1,"message":"NaN at /1\#(Self.remedy)",\#(row)"#,
            ])
        #expect(outcome.code == 2)
    }

    @Test(
        "is written as the arg non_finite says",
        arguments: [("null", "1.5\nnull\nnull\n2.0\n"), ("text", "1.5\nNaN\n-Infinity\n2.0\n")])
    func told(word: String, printed: String) async throws {
        let (outcome, _) = try await run(
            #""out": {"coro": "io.print", "args": {"non_finite": "\#(word)"}}"#,
            edges: #""n": ["out"]"#)
        #expect(outcome.output == printed)
        #expect(outcome.code == 0)
    }

    @Test("another word for it is a mistake of the arg")
    func wrongWord() async throws {
        let (outcome, _) = try await run(
            #""out": {"coro": "io.print", "args": {"non_finite": "NULL"}}"#,
            edges: #""n": ["out"]"#)
        #expect(
            outcome.errors == """
                graph.json:4:56: error: node "out": param "non_finite" is "NULL"; it can be \
                "reject", "null", "text". Did you mean "null"?

                """)
        #expect(outcome.code == 1)
    }
}
