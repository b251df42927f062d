import PipesPlugin
import Testing

@Suite("The json plugin")
struct JSONPluginTests {
    private func map(_ processor: String, _ row: Value, args: Value...) async throws -> Answer {
        let node = try OpenNode(processor, of: BuiltPlugin.load("json"), args: args)
        defer { node.close() }
        return try await node.map(row)
    }

    @Test(
        "parse makes the value of a text",
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("-9223372036854775808", .int(Int.min)),
            ("9223372036854775808", .float(0x1p63)), ("1e2", .float(100)), ("\"\"", .string("")),
            (#""a\n\u00e9\ud83d\ude00é""#, .string("a\né😀é")), ("[]", .list([])),
            ("{}", .map([])), ("\u{FEFF}1", .int(1)),
            (
                #"{"a":[1,[2.5,{"b":null}],"x"],"c":{}}"#,
                .map([
                    .init(
                        "a",
                        .list([
                            .int(1), .list([.float(2.5), .map([.init("b", .null)])]), .string("x"),
                        ])),
                    .init("c", .map([])),
                ])
            ),
        ] as [(String, Value)])
    func parse(text: String, value: Value) async throws {
        let answer = try await map("parse", .string(text))
        #expect(answer.status == PIPES_OK)
        #expect(answer.value == value)
    }

    @Test("of two equal keys the last counts, where the first stood", arguments: [3, 300])
    func equalKeys(count: Int) async throws {
        let keys = (0..<count).map { "k\($0)" } + ["k1", "\\u006b1"]
        let text = keys.enumerated().map { #""\#($1)":\#($0)"# }.joined(separator: ",")
        var pairs = (0..<count).map { Value.Pair("k\($0)", .int($0)) }
        pairs[1].value = .int(count + 1)
        #expect(try await map("parse", .string("{\(text)}")).value == .map(pairs))
    }

    @Test(
        "what is no JSON is rejected with its place",
        arguments: [
            ("", "byte 0: expected a value, found the end of the text"),
            ("[1,]", "byte 2: a comma before ] is not allowed"),
            ("{\"a\":1} x", "byte 8: expected the end: a text holds one value, found \"x\""),
            (
                String(repeating: "[", count: 1_000_000),
                "byte 512: nested too deep: at most 512 levels are read"
            ),
        ])
    func rejected(text: String, message: String) async throws {
        let answer = try await map("parse", .string(text))
        #expect(answer.status == PIPES_REJECT)
        #expect(answer.why == message)
    }

    @Test(
        "format makes the text of a value",
        arguments: [
            (.null, "null"), (.int(-1), "-1"), (.float(3), "3.0"),
            (.string("a\"\n\u{1}é"), #""a\"\n\u0001é""#), (.bytes([1, 2, 3, 4]), #""AQIDBA==""#),
            (.list([.bool(true), .list([])]), "[true,[]]"),
            (.map([.init("k", .int(1)), .init("l", .map([]))]), #"{"k":1,"l":{}}"#),
        ] as [(Value, String)])
    func format(value: Value, text: String) async throws {
        #expect(
            try await map("format", value, args: .string("reject")).value == .string(text))
    }

    private static let numbers = Value.map([
        .init("a/b", .list([.int(1), .map([.init("~", .float(-.infinity))])]))
    ])

    @Test("format writes what JSON has no number for as it is told")
    func nonFinite() async throws {
        for (word, nan, nested) in [
            ("null", "null", #"{"a/b":[1,{"~":null}]}"#),
            ("text", #""NaN""#, #"{"a/b":[1,{"~":"-Infinity"}]}"#),
        ] {
            let alone = try await map("format", .float(.nan), args: .string(word))
            #expect(alone.value == .string(nan))
            let inside = try await map("format", Self.numbers, args: .string(word))
            #expect(inside.value == .string(nested))
        }
    }

    @Test("format rejects what JSON has no number for, and names it and its place")
    func rejectsNonFinite() async throws {
        let rest =
            " is not a number that JSON can hold; set \"non_finite\" to \"null\" or \"text\" to "
            + "write it"
        let alone = try await map("format", .float(.nan), args: .string("reject"))
        #expect(alone.status == PIPES_REJECT)
        #expect(alone.why == "NaN" + rest)
        let inside = try await map("format", Self.numbers, args: .string("reject"))
        #expect(inside.status == PIPES_REJECT)
        #expect(inside.why == "-Infinity at /a~1b/1/~0" + rest)
    }

    private static let document = Value.map([
        .init("a", .list([.int(0), .map([.init("x/y", .int(1)), .init("m~n", .int(2))])])),
        .init("", .int(3)), .init("0", .int(4)), .init("twice", .int(5)), .init("twice", .int(6)),
    ])

    @Test(
        "get follows a JSON Pointer, and skips where there is nothing",
        arguments: [
            ("/a/0", .int(0)), ("/a/1/x~1y", .int(1)), ("/a/1/m~0n", .int(2)), ("/", .int(3)),
            ("/0", .int(4)), ("/twice", .int(6)), ("", document), ("/a/2", nil), ("/a/00", nil),
            ("/a/-", nil), ("/a/99999999999999999999", nil), ("/a/", nil), ("/b", nil),
            ("/a/0/x", nil),
        ] as [(String, Value?)])
    func get(path: String, value: Value?) async throws {
        let answer = try await map("get", Self.document, args: .string(path))
        #expect(answer.status == (value == nil ? PIPES_SKIP : PIPES_OK))
        #expect(answer.value == value)
    }

    @Test(
        "a path that is no JSON Pointer fails open",
        arguments: [
            ("a/b", "'a/b' is not a JSON Pointer: it begins with / or is empty; is '/a/b' meant?"),
            (
                "/a~2",
                "'/a~2' is not a JSON Pointer: ~ is followed by 0 or 1, as ~0 stands for ~ and "
                    + "~1 for /"
            ),
        ])
    func badPath(path: String, message: String) async throws {
        await #expect {
            try await map("get", .null, args: .string(path))
        } throws: { error in
            (error as? OpenNode.OpenFailed)?.noted == [message]
        }
    }
}
