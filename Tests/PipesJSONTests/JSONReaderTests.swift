import PipesJSON
import Testing

@Suite("JSONReader")
struct JSONReaderTests {
    @Test(
        "a text is read token by token",
        arguments: [
            ("null", "null@0"),
            (" true ", "true@1"),
            ("[]", "[@0 ]@1"),
            ("{}", "{@0 }@1"),
            ("\u{FEFF}[1]", "[@3 1@4 ]@5"),
            ("[1,-2 ,3]", "[@0 1@1 -2@3 3@7 ]@8"),
            (
                #"{"a":{"b":[null,false]},"c":"d"}"#,
                "{@0 a:@1 {@5 b:@6 [@10 null@11 false@16 ]@21 }@22 c:@24 'd'@28 }@31"
            ),
            ("\t[\r\n\"x\"\n]", "[@1 'x'@4 ]@8"),
        ])
    func tokens(text: String, tokens: String) throws {
        #expect(try describeTokens(text) == tokens)
    }

    @Test(
        "strings are decoded",
        arguments: [
            (#""""#, ""),
            (#""plain""#, "plain"),
            (
                #""a longer text without any escapes, ünïcödé 🎉""#,
                "a longer text without any escapes, ünïcödé 🎉"
            ),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u20AC\uD83C\uDF89\u0000""#, "Aé€🎉\0"),
            (
                #""a long text in which an escape stands late: \n and more""#,
                "a long text in which an escape stands late: \n and more"
            ),
        ])
    func strings(text: String, decoded: String) throws {
        let bytes = Array(text.utf8)
        try bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(buffer)
            guard case .string(let string)? = try reader.next() else {
                Issue.record("not a string")
                return
            }
            #expect(string.string == decoded)
            var appended = Array("> ".utf8)
            string.append(to: &appended)
            #expect(appended == Array("> \(decoded)".utf8))
        }
    }

    @Test(
        "integers are exact, and beyond Int64 they are reals",
        arguments: [
            ("0", "0"), ("-0", "0"), ("7", "7"), ("-1", "-1"),
            ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775808", "9.223372036854775808e18~"),
            ("-9223372036854775809", "-9.223372036854775808e18~"),
            ("123456789012345678901234567890", "1.2345678901234568e29~"),
        ])
    func integers(text: String, expected: String) throws {
        if expected.hasSuffix("~") {
            #expect(try real(text) == Double(expected.dropLast()))
        } else {
            #expect(try describeTokens(text) == "\(expected)@0")
        }
    }

    @Test(
        "reals are rounded once",
        arguments: [
            "0.5", "-0.0", "3.0", "1e3", "1E+3", "1e-3", "2.5e-7", "0.1", "123456.789", "1e22",
            "1e23",
            "9007199254740993.0", "5e-324", "2e-324", "1e-400", "1.7976931348623157e308",
            "0.30000000000000004", "8.41e21", "2.2250738585072011e-308",
            "3.14159265358979323846264338327950288", "0e999999999999999999999",
        ])
    func reals(text: String) throws {
        let expected = try #require(Double(text))
        #expect(try real(text).bitPattern == expected.bitPattern)
    }

    @Test(
        "what is not JSON is an error with its place",
        arguments: [
            ("", 0, "expected a value, found the end of the text"),
            ("  ", 2, "expected a value, found the end of the text"),
            ("nul", 0, "expected a value, found \"nul\""),
            ("nulls", 0, "expected a value, found \"nulls\""),
            ("[None]", 1, "expected a value or ], found \"None\""),
            ("[1,]", 2, "a comma before ] is not allowed"),
            ("[1 2]", 3, "expected a comma or ], found \"2\""),
            ("[1", 2, "expected a comma or ], found the end of the text"),
            ("[,1]", 1, "expected a value or ], found \",\""),
            ("[}", 1, "expected a value or ], found \"}\""),
            ("{1:2}", 1, "expected a key in quotes or }, found \"1\""),
            (#"{"a":1,}"#, 6, "a comma before } is not allowed"),
            (#"{"a" 1}"#, 5, "expected a colon after the key, found \"1\""),
            (#"{"a":}"#, 5, "expected a value, found \"}\""),
            (#"{"a":1 "b":2}"#, 7, "expected a comma or }, found a string"),
            (#"{"a":1]"#, 6, "expected a comma or }, found \"]\""),
            ("1 2", 2, "expected the end: a text holds one value, found \"2\""),
            ("{} x", 3, "expected the end: a text holds one value, found \"x\""),
            ("é", 0, "expected a value, found \"é\""),
            ("[\u{1}]", 1, "expected a value or ], found byte 0x1"),
            ("01", 0, "a number with a leading zero"),
            ("-01", 0, "a number with a leading zero"),
            ("-", 0, "\"-\" is not a number: expected a digit, found the end of the text"),
            (
                "[-Infinity]", 1,
                "\"-Infinity\" is not a number: expected a digit, found \"Infinity\""
            ),
            ("[1,-.5]", 3, "\"-.5\" is not a number: expected a digit, found \".\""),
            ("[NaN]", 1, "expected a value or ], found \"NaN\""),
            ("+1", 0, "expected a value, found \"+\""),
            (".5", 0, "expected a value, found \".\""),
            (
                "1.", 0,
                "\"1.\" is not a number: expected a digit after the point, found the end of the text"
            ),
            (
                "1e", 0,
                "\"1e\" is not a number: expected a digit in the exponent, found the end of the text"
            ),
            ("0x10", 0, "\"0x10\" is not a number: expected the end of the number, found \"x10\""),
            (#""abc"#, 0, "a string without its closing quote"),
            (#""abc\"#, 4, "an escape that is cut by the end"),
            (
                #""\x""#, 1,
                "no such escape; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX"
            ),
            (#""\u12""#, 1, "\\u must be followed by four hexadecimal digits"),
            (#""\uD800""#, 1, "half of a surrogate pair: \\uD800 to \\uDFFF come in pairs"),
            (#""\uDC00""#, 1, "half of a surrogate pair: \\uD800 to \\uDFFF come in pairs"),
            (#""\uD800\u0041""#, 1, "half of a surrogate pair: \\uD800 to \\uDFFF come in pairs"),
            ("\"a\nb\"", 2, "a line end inside a string; write it as an escape"),
            ("\"a long text and then a \t\"", 24, "a tab inside a string; write it as an escape"),
            ("\"\0\"", 1, "a control character inside a string; write it as an escape"),
        ])
    func errors(text: String, offset: Int, message: String) {
        #expect(throws: JSONError(offset: offset, message: message)) { try describeTokens(text) }
    }

    @Test("a number beyond FLOAT is JSON, and an error at its start")
    func beyondFloat() {
        let message = "the number -1e999 is beyond the range of a FLOAT, which ends at 1.8e308"
        #expect(throws: JSONError(offset: 1, message: message, isJSON: true)) {
            try describeTokens("[-1e999]")
        }
    }

    @Test(
        "invalid UTF-8 in a string is an error with its place",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
        ])
    func invalidUTF8(sequence: [UInt8]) {
        let text = Array("\"0123456789".utf8) + sequence + Array("\"".utf8)
        #expect(throws: JSONError(offset: 11, message: "not valid UTF-8")) {
            try describeTokens(text)
        }
    }

    @Test("any cut of a text is an error and never a crash")
    func cuts() {
        let text = Array(#"{"a\u00e9":[1.5e3,-2,"é🎉\uD83C\uDF89",true,null],"b":{}}"#.utf8)
        for end in 0..<text.count {
            #expect(throws: JSONError.self) { try describeTokens(Array(text[..<end])) }
        }
    }

    @Test("random bytes are never a crash")
    func randomBytes() {
        var random = SplitMix(state: 7)
        let alphabet =
            Array("{}[],:\"\\u0129eE+-.truefalsn \n\u{E9}\u{20AC}".utf8) + [0xFF, 0, 0xD8]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0..<24, using: &random)
            let text = (0..<count).compactMap { _ in alphabet.randomElement(using: &random) }
            _ = try? describeTokens(text)
        }
    }

    @Test("a text that is nested a million deep is an error")
    func deep() {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        let error = JSONError(offset: 512, message: "nested too deep: at most 512 levels are read")
        #expect(throws: error) { try describeTokens(text) }
    }

    @Test("a container can be skipped, and an error comes again")
    func skipping() throws {
        let text = Array(#"[[1,{"a":[2]},[]],3,]"#.utf8)
        try text.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(buffer)
            _ = try reader.next()
            _ = try reader.next()
            try reader.skipContainer()
            guard case .integer(3)? = try reader.next() else {
                Issue.record("not what follows the container")
                return
            }
            let error = JSONError(offset: 19, message: "a comma before ] is not allowed")
            #expect(throws: error) { try reader.next() }
            #expect(throws: error) { try reader.next() }
        }
    }
}

/// All tokens of a text, each with its offset.
func describeTokens(_ text: String) throws -> String {
    try describeTokens(Array(text.utf8))
}

@discardableResult
func describeTokens(_ text: [UInt8]) throws -> String {
    try text.withUnsafeBufferPointer { buffer in
        var reader = JSONReader(buffer)
        var words: [String] = []
        while let token = try reader.next() {
            let word =
                switch token {
                case .beginObject: "{"
                case .endObject: "}"
                case .beginArray: "["
                case .endArray: "]"
                case .key(let key): "\(key.string):"
                case .string(let string): "'\(string.string)'"
                case .integer(let integer): "\(integer)"
                case .real(let real): "\(real)"
                case .bool(let bool): "\(bool)"
                case .null: "null"
                }
            words.append("\(word)@\(reader.tokenOffset)")
        }
        return words.joined(separator: " ")
    }
}

private func real(_ text: String) throws -> Double {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBufferPointer { buffer in
        var reader = JSONReader(buffer)
        guard case .real(let real)? = try reader.next() else {
            Issue.record("not a real: \(text)")
            return .nan
        }
        return real
    }
}

/// Repeatable random numbers (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
