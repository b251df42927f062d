import PipesCore
import PipesJSON
import Testing

@Suite("Value as JSON")
struct ValueJSONTests {
    @Test(
        "a value is read and written the same",
        arguments: [
            ("null", .null), ("true", .bool(true)), ("-7", .int(-7)), ("3.0", .float(3)),
            ("1e+20", .float(1e20)), (#""a\nb""#, .string("a\nb")), ("[]", .list([])),
            ("{}", .map([])),
            (
                "[1,[2.5,\"x\"],{}]",
                .list([.int(1), .list([.float(2.5), .string("x")]), .map([])])
            ),
            (
                #"{"b":[null],"a":{"c":1},"b":2}"#,
                .map([
                    Value.Pair("b", .list([.null])),
                    Value.Pair("a", .map([Value.Pair("c", .int(1))])),
                    Value.Pair("b", .int(2)),
                ])
            ),
        ] as [(String, Value)])
    func both(json: String, value: Value) throws {
        #expect(try Value(json: Array(json.utf8)) == value)
        var bytes: [UInt8] = Array("> ".utf8)
        value.appendJSON(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "> \(json)")
    }

    @Test("an integer beyond INT becomes a FLOAT")
    func large() throws {
        #expect(
            try Value(json: Array("9223372036854775808".utf8)) == .float(9_223_372_036_854_775_808))
    }

    @Test("what is not JSON is an error")
    func error() {
        #expect(throws: JSONError.self) { try Value(json: Array("[1,".utf8)) }
        #expect(throws: JSONError.self) {
            try Value(json: [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
        }
    }
}
