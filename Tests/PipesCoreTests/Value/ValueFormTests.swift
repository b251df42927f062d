import PipesCore
import Testing

@Suite("The JSON form of values")
struct ValueFormTests {
    private static func value(_ json: String) throws -> Value {
        try Value(form: Value(json: Array(json.utf8)))
    }

    private static func tensor(
        _ code: UInt8, _ bits: UInt8, lanes: UInt16 = 1, _ shape: [Int64], _ data: [UInt8]?
    ) -> Value {
        Tensor(ElementType(code: code, bits: bits, lanes: lanes), shape: shape, data: data)
            .map { .tensor($0) } ?? .null
    }

    @Test(
        "a value is read and written the same",
        arguments: [
            (#"{"$bytes":"AP8="}"#, .bytes([0, 255])),
            (#"{"$float":"Infinity"}"#, .float(.infinity)),
            (#"[{"$float":"-Infinity"}]"#, .list([.float(-.infinity)])),
            (#"{"a":{"$bytes":""}}"#, .map([.init("a", .bytes([]))])),
            (
                #"{"$bytes":"AP8=","a":1}"#,
                .map([.init("$bytes", .string("AP8=")), .init("a", .int(1))])
            ),
            (#"{"$map":{"$bytes":1}}"#, .map([.init("$bytes", .int(1))])),
            (
                #"{"$map":{"$map":{"$bytes":"AP8="}}}"#,
                .map([.init("$map", .bytes([0, 255]))])
            ),
            (#"{"$other":1}"#, .map([.init("$other", .int(1))])),
            (
                #"{"$tensor":{"dtype":"u8","shape":[2,1],"data":[1,255]}}"#,
                tensor(1, 8, [2, 1], [1, 255])
            ),
            (
                #"{"$tensor":{"dtype":"i16","shape":[2],"data":[-2,256]}}"#,
                tensor(0, 16, [2], [254, 255, 0, 1])
            ),
            (
                #"{"$tensor":{"dtype":"u64","shape":[1],"data":["18446744073709551615"]}}"#,
                tensor(1, 64, [1], Array(repeating: 255, count: 8))
            ),
            (
                #"{"$tensor":{"dtype":"f16","shape":[],"data":[1.5]}}"#,
                tensor(2, 16, [], [0, 0x3E])
            ),
            (
                #"{"$tensor":{"dtype":"bf16","shape":[2],"data":[1.5,{"$float":"-Infinity"}]}}"#,
                tensor(4, 16, [2], [0xC0, 0x3F, 0x80, 0xFF])
            ),
            (
                #"{"$tensor":{"dtype":"f32","shape":[1],"data":[0.1]}}"#,
                tensor(2, 32, [1], [0xCD, 0xCC, 0xCC, 0x3D])
            ),
            (
                #"{"$tensor":{"dtype":"c64","shape":[1],"data":[1.0,0.0]}}"#,
                tensor(5, 64, [1], [0, 0, 0x80, 0x3F, 0, 0, 0, 0])
            ),
            (
                #"{"$tensor":{"dtype":"u8x2","shape":[1],"data":[1,2]}}"#,
                tensor(1, 8, lanes: 2, [1], [1, 2])
            ),
            (
                #"{"$tensor":{"dtype":"bool","shape":[2],"data":[true,false]}}"#,
                tensor(6, 8, [2], [1, 0])
            ),
            (
                #"{"$tensor":{"dtype":"type17.4","shape":[3],"bytes":"AQI="}}"#,
                tensor(17, 4, [3], [1, 2])
            ),
            (#"{"$tensor":{"dtype":"f64","shape":[0,2],"data":[]}}"#, tensor(2, 64, [0, 2], [])),
            (#"{"$tensor":{"dtype":"f64","shape":[2]}}"#, tensor(2, 64, [2], nil)),
        ] as [(String, Value)])
    func both(json: String, value: Value) throws {
        #expect(try Self.value(json) == value)
        var bytes: [UInt8] = []
        value.appendJSON(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == json)
    }

    @Test("NaN is written as such, and read as NaN")
    func notANumber() throws {
        #expect(Value.float(.nan).json == #"{"$float":"NaN"}"#)
        guard case .float(let real) = try Self.value(#"{"$float":"NaN"}"#) else {
            Issue.record("not a FLOAT")
            return
        }
        #expect(real.isNaN)
    }

    @Test(
        "an object that looks like a form and is not one is told, and how to write a MAP of it",
        arguments: [
            (
                #"{"$bytes":1}"#,
                #""$bytes" wants base64 in a string, got INT; a MAP with this one key is written "#
                    + #"{"$map": {"$bytes": ...}}"#
            ),
            (#"[{"$bytes":"x"}]"#, #""$bytes" wants base64, got "x"; "#),
            (
                #"{"$float":"nan"}"#,
                #""$float" is "NaN", "Infinity" or "-Infinity", got "nan"; "#
            ),
            (#"{"$map":1}"#, #""$map" wants the object that is the MAP, got INT"#),
            (
                #"{"$tensor":[]}"#,
                #""$tensor" wants an object of dtype, shape and data, got LIST; "#
            ),
            (
                #"{"$tensor":{"dtype":"u9","shape":[]}}"#,
                #""$tensor" knows no dtype "u9"; it can be i8, i16, i32, i64, u8, u16, u32, u64, "#
                    + "f16, f32, f64, bf16, c32, c64, c128, bool; "
            ),
            (
                #"{"$tensor":{"shape":[1]}}"#,
                #""$tensor" wants a dtype, such as "u8" or "f32"; "#
            ),
            (
                #"{"$tensor":{"dtype":"u8","shape":[-1]}}"#,
                #""$tensor" wants a shape, a list of sizes such as [2, 3]; "#
            ),
            (
                #"{"$tensor":{"dtype":"u16","shape":[2,2],"data":[1,2,3]}}"#,
                #""$tensor" of u16 and shape [2, 2] has 4 numbers, got 3; "#
            ),
            (
                #"{"$tensor":{"dtype":"u8","shape":[2],"data":[1,300]}}"#,
                #""$tensor" has 300 as item 1 of its data, which is not u8; "#
            ),
            (
                #"{"$tensor":{"dtype":"u8","shape":[2],"first":[1]}}"#,
                #""$tensor" has no key "first"; it has dtype, shape and data; "#
            ),
            (
                #"{"$tensor":{"dtype":"u8","shape":[1],"data":3}}"#,
                #""$tensor" wants its data as a list of numbers, or its bytes as base64; "#
            ),
            (
                #"{"$tensor":{"dtype":"u8","shape":[4294967296,4294967296]}}"#,
                #""$tensor" is too large for any memory; "#
            ),
        ])
    func mistakes(json: String, message: String) {
        let error = #expect(throws: FormMistake.self) { try Self.value(json) }
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }

    @Test("of a large tensor a message has the first numbers, and a dead letter none")
    func large() {
        let value = Self.tensor(1, 8, [4097], Array(repeating: 7, count: 4097))
        let sevens = Array(repeating: "7", count: 16).joined(separator: ",")
        #expect(
            value.shown == #"{"$tensor":{"dtype":"u8","shape":[4097],"first":["# + sevens + "]}}")
        let small = Self.tensor(1, 8, [4096], Array(repeating: 7, count: 4096))
        #expect(small.shown == small.json)
    }
}
