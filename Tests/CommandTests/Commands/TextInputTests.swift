import Foundation
import Testing

/// Texts that come in another form than their reader expects.
@Suite("texts from outside")
struct TextInputTests {
    private func run(
        _ file: Data, _ args: String = "{\"path\": \"input\"}", then node: String? = nil
    ) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try file.write(to: scratch.folder.appendingPathComponent("input"))
        let (nodes, edges) =
            node.map { (#""m": \#($0), "#, #""in": ["m"], "m": ["out"]"#) }
            ?? ("", #""in": ["out"]"#)
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines", "args": \(args)}, \(nodes)
                       "out": {"coro": "io.print"}},
             "graph": {\(edges)}}
            """, to: "graph.json")
        return try await Command.host(
            ["run", "graph.json", "--progress", "never"], in: scratch.folder
        ).outcome()
    }

    private static let latin1 = Data(
        "Estagi\u{e1}rio\nplain\nStra\u{df}e 5\n".unicodeScalars.map { UInt8($0.value) })

    @Test("lines that are not UTF-8 are reported at the first and, with their number, at the end")
    func notUTF8() async throws {
        let outcome = try await run(Self.latin1)
        #expect(outcome.output == "Estagi\u{FFFD}rio\nplain\nStra\u{FFFD}e 5\n")
        #expect(
            outcome.errors == """
                warning: node "in": line 1 of "input" is not UTF-8: U+FFFD stands for what is \
                wrong; if it has another encoding, set the arg "encoding"
                warning: node "in": 2 of 3 lines of "input" are not UTF-8

                """)
        #expect(outcome.code == 0)
    }

    @Test("an encoding is read as text, without a word")
    func encoding() async throws {
        let outcome = try await run(
            Self.latin1, #"{"path": "input", "encoding": "iso-8859-1"}"#)
        #expect(outcome.output == "Estagiário\nplain\nStraße 5\n")
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("an encoding that nobody knows is an error at the arg")
    func unknownEncoding() async throws {
        let outcome = try await run(
            Self.latin1, #"{"path": "input", "encoding": "klingon"}"#)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                graph.json:1:77: error: node "in": can't open io.lines: encoding: "klingon" is not \
                an encoding that iconv knows; iconv -l lists them

                """)
        #expect(outcome.code == 1)
    }

    @Test("an arg that an option set is named by the option")
    func unknownEncodingInAnOption() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines"}, "out": {"coro": "io.print"}},
             "graph": {"in": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--set", "in.encoding=klingon"], in: scratch.folder
        ).outcome()
        #expect(
            outcome.errors.hasPrefix(
                "--set in.encoding=klingon: error: node \"in\": can't open io.lines: encoding: "))
        #expect(outcome.code == 1)
    }

    @Test("a value may begin with an accent, which goes with the character before it")
    func accent() async throws {
        let scratch = try Scratch()
        try scratch.write("one\n", to: "\u{301}x")
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines", "args": {"path": "${FILE:-none}"}},
                       "out": {"coro": "io.print"}},
             "graph": {"in": ["out"]}}
            """, to: "graph.json")
        for (options, environment) in [
            (["--set", "in.path=\u{301}x", "--env", "name=\u{301}x"], [:]),
            ([], ["FILE": "\u{301}x"]),
        ] {
            let outcome = try await Command.host(
                ["run", "graph.json", "--progress", "never"] + options, environment: environment,
                in: scratch.folder
            ).outcome()
            #expect(outcome.output == "one\n")
            #expect(outcome.errors == "")
        }
    }

    @Test("a byte order mark is no part of the first line")
    func byteOrderMark() async throws {
        let outcome = try await run(
            Data([0xEF, 0xBB, 0xBF]) + Data("id,name\r\n1,Ada\r\n".utf8),
            then: #"{"coro": "strings.match", "args": {"pattern": "^id,"}}"#)
        #expect(outcome.output == "id,name\n")
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test(
        "a pattern that other dialects read differently is an error at the arg",
        arguments: [
            (
                #"port \\d+$"#,
                #"\d has no meaning in POSIX regular expressions; write [0-9]"#
            ),
            (
                #"[\\w]"#,
                #"\w in brackets is a backslash or the letter w in POSIX regular expressions; "#
                    + #"write [:alnum:]_, or \\w if that is meant"#
            ),
        ])
    func otherDialect(pattern: String, reason: String) async throws {
        let outcome = try await run(
            Data("port 22\nport d\n".utf8),
            then: #"{"coro": "strings.match", "args": {"pattern": "\#(pattern)"}}"#)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                graph.json:1:118: error: node "m": can't open strings.match: pattern: \(reason)

                """)
        #expect(outcome.code == 1)
    }
}
