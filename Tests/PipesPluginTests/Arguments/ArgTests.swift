import PipesPlugin
import Testing

private enum Form: String, CaseIterable, ArgConvertible {
    case text
    case json
}

private struct Configured: SourceProcessor {
    static let summary = "Yields its args."
    // One that may block yields what it has after a millisecond.
    static let nonblocking = true

    @Arg("How many.") var times = 1
    @Arg("What to look for.") var pattern: String
    @Arg("A share.", range: 0...1) var share = 0.5
    @Arg("At least one.", range: 1...) var size: Int
    @Arg("May be left out.") var seed: Int?
    @Arg("May be left out, up to nine.", range: ...9) var limit: Int?
    @Arg("How.", choices: ["fast", "good"]) var way = "good"
    @Arg("In which form.") var form = Form.json
    @Arg("On or off.") var isLoud = true
    @Arg("A key.") var key: [UInt8] = [1, 2, 3, 4]
    @Arg("Names.") var names = ["a\"b", "c\n\u{1}"]
    @Arg("Weights.") var weights = ["x": 1.5]
    private var passed = false

    mutating func next() -> [String]? {
        defer { passed = true }
        guard !passed else { return nil }
        return [
            "\(times)", pattern, "\(share)", "\(size)", "\(seed as Any)", "\(limit as Any)", way,
            "\(form)", "\(isLoud)", "\(key)", "\(names)", "\(weights)",
        ]
    }
}

@Suite("Args")
struct ArgTests {
    private static var plugin: UnsafePointer<pipes_plugin>? {
        Plugin("args", version: "1.0.0", processors: [Configured.self]).descriptor
    }

    private struct Described: Equatable {
        var name: String
        var kind: Int
        var help: String
        var fallback: String?
        var choices: String?
        var minimum: String?
        var maximum: String?
    }

    @Test("a property declares name, kind, help, default, choices and range of its param")
    func descriptions() throws {
        let processor = try #require(Self.plugin?.processors.first)
        let params = UnsafeBufferPointer(
            start: processor.params, count: Int(processor.param_count))
        let described = params.map { param in
            Described(
                name: String(cString: param.name), kind: Int(param.kind),
                help: String(cString: param.help), fallback: text(param.fallback),
                choices: text(param.choices), minimum: text(param.minimum),
                maximum: text(param.maximum))
        }
        #expect(
            described == [
                Described(name: "times", kind: PIPES_INT, help: "How many.", fallback: "1"),
                Described(name: "pattern", kind: PIPES_STRING, help: "What to look for."),
                Described(
                    name: "share", kind: PIPES_FLOAT, help: "A share.", fallback: "0.5",
                    minimum: "0.0", maximum: "1.0"),
                Described(name: "size", kind: PIPES_INT, help: "At least one.", minimum: "1"),
                Described(
                    name: "seed", kind: PIPES_INT, help: "May be left out.", fallback: "null"),
                Described(
                    name: "limit", kind: PIPES_INT, help: "May be left out, up to nine.",
                    fallback: "null", maximum: "9"),
                Described(
                    name: "way", kind: PIPES_STRING, help: "How.", fallback: "\"good\"",
                    choices: "[\"fast\", \"good\"]"),
                Described(
                    name: "form", kind: PIPES_STRING, help: "In which form.",
                    fallback: "\"json\"", choices: "[\"text\", \"json\"]"),
                Described(name: "isLoud", kind: PIPES_BOOL, help: "On or off.", fallback: "true"),
                Described(
                    name: "key", kind: PIPES_BYTES, help: "A key.", fallback: "\"AQIDBA==\""),
                Described(
                    name: "names", kind: PIPES_LIST, help: "Names.",
                    fallback: #"["a\"b", "c\n\u0001"]"#),
                Described(
                    name: "weights", kind: PIPES_MAP, help: "Weights.",
                    fallback: #"{"x": 1.5}"#),
            ])
        #expect(params.allSatisfy { $0.struct_size == MemoryLayout<pipes_param>.size })
    }

    private func text(_ text: UnsafePointer<CChar>?) -> String? { text.map { String(cString: $0) } }

    private static let args: [Value] = [
        .int(3), .string("p"), .int(1), .int(7), .null, .int(2), .string("fast"), .string("text"),
        .bool(false), .bytes([9]), .list([.string("n")]), .map([.init("w", .int(2))]),
    ]

    @Test("args are in place when the first row is made, in each node its own")
    func values() async throws {
        let node = try OpenNode("configured", of: Self.plugin, args: Self.args)
        defer { node.close() }
        var others = Self.args
        others[0] = .int(4)
        let other = try OpenNode("configured", of: Self.plugin, args: others)
        defer { other.close() }
        let answer = await node.produce()
        let expected = [
            "3", "p", "1.0", "7", "nil", "Optional(2)", "fast", "text", "false", "[9]",
            "[\"n\"]", "[\"w\": 2.0]",
        ]
        #expect(answer.emitted == [.list(expected.map { .string($0) })])
        #expect(answer.status == PIPES_END)
    }

    @Test("an arg of the wrong kind, and one of no known case, fail open by name")
    func wrongArgs() {
        var args = Self.args
        args[3] = .string("seven")
        #expect(failure(args) == ["arg 'size': wanted INT, got STRING"])
        args = Self.args
        args[7] = .string("yaml")
        #expect(failure(args) == [#"arg 'form': wanted one of "text", "json", got "yaml""#])
        #expect(failure([]) == ["wanted 12 args, got 0"])
    }

    private func failure(_ args: [Value]) -> [String] {
        do {
            try OpenNode("configured", of: Self.plugin, args: args).close()
            return []
        } catch let error as OpenNode.OpenFailed {
            return error.noted
        } catch {
            return ["\(error)"]
        }
    }
}
