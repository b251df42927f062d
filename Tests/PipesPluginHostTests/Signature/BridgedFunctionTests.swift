import CPipes
import Glibc
import PipesPluginHost
import Testing

@Suite("BridgedFunction")
struct BridgedFunctionTests {
    typealias Row = CallBench.Row

    private let bench = CallBench()

    private func call(
        _ library: String, _ symbol: String, _ signature: String, args: [pipes_value] = [],
        _ row: [Row]
    ) throws -> CallBench.Outcome {
        let handle = try #require(dlopen(library, RTLD_NOW))
        let address = try #require(dlsym(handle, symbol))
        let function = try BridgedFunction(
            name: symbol, signature: try Signature(signature), function: UnsafeRawPointer(address))
        let state = try args.withUnsafeBufferPointer {
            try function.open(args: $0.baseAddress, count: $0.count)
        }
        let outcome = bench.run(BridgedFunction.map, state, row)
        BridgedFunction.close(state)
        return outcome
    }

    private static func ok(_ value: Row) -> CallBench.Outcome {
        CallBench.Outcome(status: pipes_status(PIPES_OK), value: value, message: nil)
    }

    private static func reject(_ message: String) -> CallBench.Outcome {
        CallBench.Outcome(status: pipes_status(PIPES_REJECT), value: .null, message: message)
    }

    @Test(
        "functions of libraries that everyone has give what they give in C",
        arguments: [
            (
                "libz.so.1", "crc32", "(ulong=0, in.ptr, in.len:uint) -> ulong pure",
                [.string("hello")], .int(907_060_870)
            ),
            (
                "libz.so.1", "crc32", "(ulong=0, in.ptr, in.len:uint) -> ulong pure", [.bytes([])],
                .int(0)
            ),
            (
                "libm.so.6", "pow", "(in0:f64, in1:f64) -> f64 pure", [.float(2), .int(10)],
                .float(1024)
            ),
            ("libm.so.6", "cosf", "(in:f32) -> f32", [.int(0)], .float(1)),
            ("libc.so.6", "strdup", "(in.cstr) -> cstr.free", [.string("grün")], .string("grün")),
            ("libc.so.6", "strlen", "(in.cstr) -> size", [.string("four")], .int(4)),
            ("libc.so.6", "toupper", "(in:int) -> int", [.int(97)], .int(65)),
            ("libc.so.6", "getenv", "(in.cstr) -> cstr", [.string("NO_SUCH_NAME_HERE")], .null),
            (
                "libc.so.6", "strchr", "(in.cstr, c:int=99) -> cstr", [.string("abcd")],
                .string("cd")
            ),
            // What comes back lies in the row's bytes, behind which there is no NUL.
            (
                "libc.so.6", "memchr", "(in.ptr, int=99, in.len:size) -> cstr", [.string("abcd")],
                .string("cd")
            ),
            (
                "libc.so.6", "mempcpy", "(in0.ptr[2], in1.ptr, in1.len:size) -> cstr",
                [.string("ab"), .string("xy")], .string("")
            ),
            ("libc.so.6", "atoi", "(in.cstr) -> i8", [.string("-2")], .int(-2)),
            ("libc.so.6", "atoi", "(in.cstr) -> u8", [.string("-2")], .int(254)),
            ("libc.so.6", "atoi", "(in.cstr) -> u32", [.string("-2")], .int(4_294_967_294)),
            ("libc.so.6", "isalpha", "(in:int) -> bool", [.int(48)], .bool(false)),
            (
                "libc.so.6", "memcmp", "(in0.ptr[2], in1.ptr[2], size=2) -> int",
                [.string("aa"), .bytes([97, 97])], .int(0)
            ),
            ("libc.so.6", "free", "(null) -> void", [.int(1)], .null),
            (
                "libc.so.6", "memcpy", "(out.ptr[4], in.ptr[4], in.len:size) -> void",
                [.string("abcd")], .bytes([97, 98, 99, 100])
            ),
            ("libc.so.6", "iconv_close", "(isize=-1) -> status:int ok=-1 fail=0", [.int(0)], .null),
            (
                "libc.so.6", "confstr", "(in:int, out.ptr, out.cap:size) -> out.len:size",
                [.int(0)], .bytes(Array("/bin:/usr/bin".utf8) + [0])
            ),
        ] as [(String, String, String, [Row], Row)])
    func calls(
        _ library: String, _ symbol: String, _ signature: String, _ row: [Row], _ expected: Row
    ) throws {
        let args = signature.contains("c:int=99") ? [pipes_int(99)] : []
        #expect(try call(library, symbol, signature, args: args, row) == Self.ok(expected))
    }

    @Test(
        "each way of calling hands over args and results of each type as they are",
        arguments: [
            (
                "six", "(in0:i8, in1:u8, in2:i16, in3:u16, in4:i32, in5:u32) -> i64",
                [.int(-128), .int(255), .int(-32768), .int(65535), .int(-5), .int(4_294_967_295)],
                .int(-128 + 255_000 - 32_768_000_000 + 65535 - 5 + 4_294_967_295)
            ),
            (
                "seven", "(in0:i8, in1:u8, in2:i16, in3:u16, in4:i32, in5:u32, in6:i64) -> i64",
                [.int(-1), .int(1), .int(-1), .int(1), .int(-1), .int(1), .int(-9)],
                .int(-1 + 1000 - 1_000_000 + 1 - 1 + 1 - 9)
            ),
            ("low_byte", "(in:i32) -> i8", [.int(0x1ff)], .int(-1)),
            ("low_half", "(in:i64) -> u16", [.int(-1)], .int(65535)),
            ("is_odd", "(in:u8) -> bool", [.int(255)], .bool(true)),
            ("negated", "(in:bool) -> bool", [.bool(true)], .bool(false)),
            ("fixed", "() -> i32", [.null], .int(-7)),
            (
                "three", "(in0:f64, in1:f64, in2:f64) -> f64", [.float(0.5), .float(1), .int(2)],
                .float(210.5)
            ),
            (
                "four", "(in0:f64, in1:f64, in2:f64, in3:f64) -> f64",
                [.float(0.5), .float(1), .float(2), .float(3)], .float(3210.5)
            ),
            ("scaled", "(in0:f64, in1:i32) -> f64", [.float(1.5), .int(-2)], .float(-3)),
            ("singly", "(in0:f32, in1:f32) -> f32", [.float(1.5), .float(0.25)], .float(1.25)),
            ("rounded", "(in:f64) -> i32", [.float(-2.75)], .int(-2)),
        ] as [(String, String, [Row], Row)])
    func shapes(_ symbol: String, _ signature: String, _ row: [Row], _ expected: Row) throws {
        let workshop = try PluginWorkshop()
        let library = try workshop.build("../shapes.c", as: "shapes.so")
        #expect(try call(library, symbol, signature, row) == Self.ok(expected))
    }

    @Test(
        "a number that is left where an argument points is the row's value, of each type",
        arguments: [
            ("half_int8_t", "i8", -7, .int(-3)), ("half_uint8_t", "u8", 500, .int(250)),
            ("half_int16_t", "i16", -65_000, .int(-32_500)),
            ("half_uint16_t", "u16", 131_070, .int(65_535)),
            ("half_int32_t", "i32", -4e9, .int(-2_000_000_000)),
            ("half_int32_t", "int", 9, .int(4)), ("half_uint32_t", "u32", 8e9, .int(4_000_000_000)),
            ("half_uint32_t", "uint", 8, .int(4)),
            ("half_int64_t", "i64", -0x1p62, .int(-0x2000_0000_0000_0000)),
            ("half_int64_t", "isize", -2, .int(-1)), ("half_int64_t", "long", -2, .int(-1)),
            ("half_uint64_t", "u64", 0x1p62, .int(0x2000_0000_0000_0000)),
            ("half_uint64_t", "usize", 2, .int(1)), ("half_uint64_t", "ulong", 2, .int(1)),
            ("half_uint64_t", "size", 2, .int(1)), ("half_single", "f32", 0.5, .float(0.25)),
            ("half_double", "f64", 0.1, .float(0.05)), ("is_negative", "bool", -1, .bool(true)),
            ("is_negative", "bool", 1, .bool(false)),
        ] as [(String, String, Double, Row)])
    func outNumbers(_ symbol: String, _ type: String, _ given: Double, _ expected: Row) throws {
        let workshop = try PluginWorkshop()
        let library = try workshop.build("../shapes.c", as: "shapes.so")
        let outcome = try call(
            library, symbol, "(in:f64, out:*\(type)) -> void", [.float(given)])
        #expect(outcome == Self.ok(expected))
        #expect(bench.usedByteCount == 0)
    }

    @Test("a status beside such a number judges the row, and what is not touched is 0")
    func outNumberWithStatus() throws {
        let workshop = try PluginWorkshop()
        let library = try workshop.build("../shapes.c", as: "shapes.so")
        let signature = "(in:i64, out:*i64) -> status:int"
        #expect(try call(library, "even_half", signature, [.int(-8)]) == Self.ok(.int(-4)))
        #expect(
            try call(library, "even_half", signature, [.int(7)])
                == Self.reject("even_half answered 5"))
        #expect(
            try call(library, "untouched", "(out:*int) -> status:int", [.null]) == Self.ok(.int(0)))
        #expect(
            try call(library, "largest", "(out:*u64) -> void", [.null])
                == Self.reject(
                    "the result 18446744073709551615 of largest is above the range of INT"))
        #expect(
            try call("libm.so.6", "frexp", "(in:f64, out:*int) -> void", [.float(8)])
                == Self.ok(.int(4)))
        #expect(
            try call("libm.so.6", "modf", "(in:f64, out:*f64) -> void", [.float(-2.75)])
                == Self.ok(.float(-2)))
    }

    @Test(
        "a number goes in and comes back as each integer type",
        arguments: ScalarType.allCases.filter(\.isInteger))
    func integers(_ type: ScalarType) throws {
        let name = type.rawValue
        let upper = try call("libc.so.6", "toupper", "(in:\(name)) -> \(name)", [.int(97)])
        #expect(upper == Self.ok(.int(65)))
        let least = try #require(type.range?.lowerBound)
        let most = try #require(type.range?.upperBound)
        for number in [least, most] {
            let kept = try call(
                "libc.so.6", "toupper", "(in:int, n:\(name)) -> int", args: [pipes_int(number)],
                [.int(97)])
            #expect(kept == Self.ok(.int(65)))
        }
        // Beyond INT there is nothing to try.
        for number in [least > .min ? least - 1 : nil, most < .max ? most + 1 : nil] {
            guard let number else { continue }
            let outcome = try call("libc.so.6", "toupper", "(in:\(name)) -> void", [.int(number)])
            #expect(outcome.status == PIPES_REJECT && outcome.message?.hasPrefix("in: ") == true)
        }
    }

    @Test("a digest fills a buffer of fixed size, and the row keeps no more of the arena than that")
    func digest() throws {
        let outcome = try call(
            "libcrypto.so.3", "SHA256", "(in.ptr, in.len:size, out.ptr[32]) -> void pure",
            [.string("abc")])
        guard case .bytes(let bytes) = outcome.value else {
            Issue.record("no bytes: \(outcome)")
            return
        }
        #expect(bytes.count == 32 && bytes.prefix(4) == [0xba, 0x78, 0x16, 0xbf])
        #expect(bench.usedByteCount == 32)
    }

    private static let compress =
        "(out.ptr, out.len:*ulong, in.ptr, in.len:ulong, level:int=6) -> status:int ok=0 grow=-5"
    private static let uncompress =
        "(out.ptr, out.len:*ulong, in.ptr, in.len:ulong) -> status:int ok=0 grow=-5"

    @Test("a buffer that is too small grows, and what is not needed goes back to the arena")
    func grow() throws {
        let text = String(repeating: "all work and no play ", count: 5000)
        let packed = try call(
            "libz.so.1", "compress2", Self.compress, args: [pipes_int(9)], [.string(text)])
        guard case .bytes(let bytes) = packed.value else {
            Issue.record("no bytes: \(packed)")
            return
        }
        #expect(bytes.count < 1000)
        #expect(
            try call("libz.so.1", "uncompress", Self.uncompress, [.bytes(bytes)])
                == Self.ok(.bytes(Array(text.utf8))))
        _ = try call(
            "libz.so.1", "compress2", Self.compress, args: [pipes_int(9)], [.string("abc")])
        #expect(bench.usedByteCount == 16)
    }

    @Test("an answer that is not ok rejects the row and says what it was")
    func notOk() throws {
        #expect(
            try call("libz.so.1", "uncompress", Self.uncompress, [.string("nonsense")])
                == Self.reject("uncompress answered -3"))
    }

    @Test("errno puts its text into the message")
    func errnoText() throws {
        #expect(
            try call("libc.so.6", "chdir", "(in.cstr) -> status:int errno", [.string("/no/such")])
                == Self.reject("chdir answered -1: No such file or directory"))
        #expect(
            try call("libc.so.6", "chdir", "(in.cstr) -> int retry<0 errno", [.string("/no/such")])
                == CallBench.Outcome(
                    status: pipes_status(PIPES_RETRY), value: .null,
                    message: "chdir answered -1: No such file or directory"))
    }

    @Test(
        "a row that does not fit is rejected with the parameter's name",
        arguments: [
            (
                "abs", "(in:int) -> int", [.int(1 << 40)],
                "in: 1099511627776 does not fit i32 (-2147483648 to 2147483647)"
            ),
            ("abs", "(in:int) -> int", [.float(1)], "in: FLOAT, and it takes INT"),
            ("abs", "(in:int) -> int", [.null], "in: null, and it takes INT"),
            ("abs", "(in:u64) -> int", [.int(-1)], "in: -1 does not fit u64 (from 0)"),
            ("abs", "(in:bool) -> int", [.int(1)], "in: INT, and it takes BOOL"),
            (
                "abs", "(in0:int, in1:f64) -> int", [.int(1), .null],
                "in1: null, and it takes FLOAT or INT"
            ),
            (
                "abs", "(in0:int, in1:f64) -> int", [.int(1)],
                "a row of 1 values, and the signature takes 2"
            ),
            ("abs", "(in:f32) -> int", [.float(1e300)], "in: 1e+300 does not fit f32"),
            (
                "strlen", "(in.cstr) -> size", [.string("a\0b")],
                "in: the text holds a NUL, which would end it for C"
            ),
            ("strlen", "(in.cstr) -> size", [.bytes([1])], "in: BYTES, and it takes STRING"),
            (
                "strlen", "(in.ptr[3]) -> size", [.string("ab")],
                "in: 2 bytes, and the function reads 3"
            ),
            (
                "strlen", "(in.ptr, in.len:size) -> size", [.bool(true)],
                "in: BOOL, and it takes STRING or BYTES"
            ),
            (
                "abs", "(in.len:u8, in.ptr) -> int", [.string(String(repeating: "x", count: 256))],
                "in: 256 does not fit u8 (0 to 255)"
            ),
            (
                "labs", "(in:long) -> ulong", [.int(.min)],
                "the result 9223372036854775808 of labs is above the range of INT"
            ),
            (
                "strdup", "(in.ptr, in.len:size) -> cstr.free", [.bytes([0xff, 0])],
                "the text from strdup is not valid UTF-8"
            ),
            (
                "abs", "(in:int, out.ptr, out.cap:size) -> out.len:int", [.int(257)],
                "abs says it wrote 257 bytes, and its buffer has 256"
            ),
            (
                "toupper", "(in:int, out.ptr, out.cap:size) -> out.len:int", [.int(-1)],
                "toupper says it wrote -1 bytes, and its buffer has 256"
            ),
            (
                "abs", "(in:int, out.ptr, out.len:*size) -> status:int grow=7", [.int(7)],
                "abs wants more than a buffer of 268435456 bytes"
            ),
            (
                "abs", "(in:int, out.ptr, out.cap:u8, out.len:*u8) -> status:int grow=7", [.int(7)],
                "abs wants more than a buffer of 255 bytes"
            ),
        ] as [(String, String, [Row], String)])
    func rejected(_ symbol: String, _ signature: String, _ row: [Row], _ message: String) throws {
        #expect(try call("libc.so.6", symbol, signature, row) == Self.reject(message))
    }

    @Test("a copied text goes back to the arena when the call is over")
    func scratch() throws {
        _ = try call("libc.so.6", "strlen", "(in.cstr) -> size", [.string("four")])
        #expect(bench.usedByteCount == 0)
        _ = try call("libc.so.6", "strdup", "(in.cstr) -> cstr.free", [.string("four")])
        #expect(bench.usedByteCount == 8)
    }

    @Test("an arg that does not fit fails open, with its name")
    func open() throws {
        let function = try BridgedFunction(
            name: "f", signature: try Signature("(mode:cstr, n:u8, in:int) -> int"),
            function: UnsafeRawPointer(try #require(dlsym(nil, "abs"))))
        #expect(throws: BridgedFunction.OpenError(message: "1 args, and f takes 2")) {
            _ = try function.open(args: nil, count: 1)
        }
        "r".withCString { mode in
            let args = [pipes_string(mode, 1), pipes_int(300)]
            #expect(
                throws: BridgedFunction.OpenError(message: "n: 300 does not fit u8 (0 to 255)")
            ) { _ = try function.open(args: args, count: 2) }
        }
    }
}
