import PipesCore
import PipesPluginHost
import Testing

@Suite("Signature")
struct SignatureTests {
    @Test("the signatures of well-known functions are read")
    func wellKnown() throws {
        let compress = try Signature(
            "(out.ptr, out.len:*ulong, in.ptr, in.len:ulong, level:int=6) -> status:int ok=0 grow=-5"
        )
        #expect(
            compress.args == [
                .outPointer(size: nil), .outLength(type: .ulong), .inPointer(input: 0, size: nil),
                .inLength(input: 0, type: .ulong),
                .scalar(name: "level", type: .int, fallback: .int(6)),
            ])
        #expect(compress.result == .status(.int))
        #expect(compress.rules.map(\.operand) == [0, -5])
        #expect(compress.isBlocking && !compress.isPure)

        let pow = try Signature("(in0:f64,in1 : f64)->f64 pure")
        #expect(pow.args == [.inScalar(input: 0, type: .f64), .inScalar(input: 1, type: .f64)])
        #expect(pow.isPure && !pow.isBlocking && pow.inputCount == 2)

        let strdup = try Signature("(in.cstr) -> cstr.free")
        #expect(strdup.result == .freedText)
    }

    @Test(
        "whatever the grammar allows is read",
        arguments: [
            "() -> int", "(null) -> void", "( ) -> void errno blocking", "(in:cstr) -> cstr",
            "(in.ptr[16], out.ptr[32]) -> void pure", "(int=3, in:int) -> bool fail=0 errno",
            "(in.ptr, in.len:u8, out.ptr, out.cap:size) -> out.len:isize fail < 0 retry = -1",
            "(mode:cstr=\"r\\\"b\", x:f32=1e3, on:bool=true, in:u64) -> ulong ok >= 1",
            "(in.ptr, in.len:usize, in1.ptr, in1.len:usize, in2:i8) -> i32 fail!=-2",
        ])
    func allowed(_ text: String) {
        let (signature, errors) = Signature.read(text)
        #expect(signature != nil && errors.isEmpty, "\(errors)")
    }

    @Test(
        "what could read or write out of bounds, or has no meaning, is refused with its column",
        arguments: [
            (
                "(level:int, in:int, int) -> int", 21,
                "int has neither a name nor a default; write NAME:int for a node arg, or int=VALUE"
            ),
            ("(in.len:uint) -> int", 2, "in.len is the length of in.ptr, which is missing"),
            (
                "(x:int=1, in.ptr) -> int", 11,
                "in.ptr without a length would be read out of bounds; add in.len:TYPE, give it a fixed size as in in.ptr[16], or write in.cstr for a text that ends with a NUL"
            ),
            (
                "(in:int, out.ptr) -> void", 10,
                "out.ptr without a capacity would be written out of bounds; add out.cap:TYPE or out.len:*TYPE, or give it a fixed size as in out.ptr[32]"
            ),
            (
                "(in:int, out.ptr, out.cap:size) -> void", 10,
                "nothing says how much of out.ptr is written; add out.len:*TYPE, return out.len:TYPE, or give it a fixed size as in out.ptr[32]"
            ),
            (
                "(in:int, out.ptr) -> out.len:int", 10,
                "out.ptr without a capacity would be written out of bounds; add out.cap:TYPE or out.len:*TYPE, or give it a fixed size as in out.ptr[32]"
            ),
            ("(in:int, out.cap:size) -> int", 10, "out.cap is about out.ptr, which is missing"),
            ("(in:int, out.len:*size) -> int", 10, "out.len is about out.ptr, which is missing"),
            (
                "(in:int) -> out.len:int", 13,
                "the result out.len is about out.ptr, which is missing"
            ),
            (
                "(a:int=1, a:int=2, in:int) -> int", 11,
                "a second \"a\"; each name stands for one argument"
            ),
            ("(in:f64, in0:f64) -> f64", 10, "a second \"in0\"; each name stands for one argument"),
            ("(in.ptr[0]) -> int", 9, "a size of 0 bytes holds nothing"),
            ("(in.ptr, in.len:size, out.ptr[0]) -> void", 31, "a size of 0 bytes holds nothing"),
            (
                "(struct tm) -> int", 2,
                "structs by value can't be passed; write a small C function that takes its fields one by one"
            ),
            (
                "(in.cstr, ...) -> int", 11,
                "a function with varargs can't be called; name one with fixed arguments"
            ),
            (
                "(in.ptr, in.len:size, (*f)(int)) -> int", 23,
                "callbacks can't be passed; write null for one that may be left out, or a plugin in C"
            ),
            (
                "(in.ptr, in.len:size_t) -> int", 17,
                "unknown type \"size_t\"; here it is called size"
            ),
            (
                "(const char *s) -> int", 2,
                "a pointer is written as what it is for: in.ptr, in.cstr, out.ptr, out.len:*TYPE, null or cstr"
            ),
            (
                "(in:int*) -> int", 8,
                "a pointer is written as what it is for: in.ptr, in.cstr, out.ptr, out.len:*TYPE, null or cstr"
            ),
            ("(in:int, level:u8=256) -> int", 19, "256 does not fit u8 (0 to 255)"),
            (
                "(in:int, level:int=1.5) -> int", 20,
                "1.5 is no int; the default is an integer that fits INT"
            ),
            (
                "(in:int, in2:int) -> int", 10,
                "\"in2\" without in1: the joined inputs are in0, in1, in2 ..."
            ),
            (
                "(in.ptr[4], in:int) -> int", 13,
                "\"in\" takes the input for a number, and \"in.ptr\" for bytes or text"
            ),
            (
                "(in.ptr[4], out.ptr[4]) -> int", 28,
                "a row has one value, and this function has two: int and out.ptr; write status:int or out.len:int where out.ptr is meant"
            ),
            ("(in:int) -> void ok=0", 18, "\"ok\" compares an integer, and the result is void"),
            (
                "(in:int) -> int grow=-5", 17,
                "\"grow\" enlarges out.ptr, which is missing or has a fixed size"
            ),
            ("(in:int) -> u8 fail=-1", 16, "-1 is no u8, so \"fail\" decides nothing"),
            (
                "(in.ptr[4], out.ptr[300], out.cap:u8) -> void", 27,
                "the size 300 of out.ptr does not fit u8"
            ),
            (
                "(in:int, out.ptr, out.len:size) -> void", 27,
                "the function writes out.len through a pointer: write out.len:*TYPE; a length that it returns is the result out.len:TYPE, a size that it is told out.cap:TYPE"
            ),
        ] as [(String, Int, String)])
    func refused(_ text: String, _ column: Int, _ message: String) {
        #expect(Signature.read(text).errors == [SignatureError(column: column, message: message)])
    }

    @Test(
        "what breaks the grammar is told with its column",
        arguments: [
            ("", 1, "a signature begins with \"(\", such as \"(in.ptr, in.len:size) -> int\""),
            ("(in:int", 8, "\",\" or \")\" is missing before the end"),
            ("(in:int in.len:int) -> int", 9, "\",\" or \")\" is missing before \"i\""),
            (
                "(in:int,) -> int", 9,
                "an argument is missing before \")\", such as in.ptr, in.len:size or level:int=6"
            ),
            (
                "(in:int)", 9,
                "\"->\" and the result are missing after the arguments; a function without a result says \"-> void\""
            ),
            ("(in:int) ->", 12, "the result is missing, such as int, cstr, out.len:size or void"),
            (
                "(in) -> int", 4,
                "\"in\" does not say how the row goes in; write in.ptr with in.len:TYPE, in.cstr or in:TYPE"
            ),
            ("(in.ptr[x]) -> int", 9, "a size is a number of bytes in brackets, such as [32]"),
            (
                "(in:int) -> int ok", 19,
                "\"ok\" needs one of = != < <= > >= and an integer, such as ok=0"
            ),
            ("(in:int) -> int ok=x", 20, "an integer is missing after \"ok=\""),
            (
                "(in:int) -> int ;", 17,
                "\";\" belongs to nothing; after the result come ok, fail, grow, retry, errno, pure and blocking"
            ),
            (
                "(é) -> int", 2,
                "an argument is missing before \"é\", such as in.ptr, in.len:size or level:int=6"
            ),
            ("(in:int) -> cstr.fre", 18, "\"cstr.fre\" is no result; write cstr or cstr.free"),
            ("(s:cstr=\"x) -> int", 9, "the closing quote is missing"),
        ] as [(String, Int, String)])
    func broken(_ text: String, _ column: Int, _ message: String) {
        #expect(Signature.read(text).errors == [SignatureError(column: column, message: message)])
    }

    @Test("a misspelt word is told its nearest known one")
    func nearest() {
        let (_, errors) = Signature.read("(in:int, x:ulnog=1) -> int")
        #expect(
            errors == [
                SignatureError(
                    column: 12, message: "unknown type \"ulnog\". Did you mean \"ulong\"?")
            ])
    }

    @Test("all mistakes of meaning are told at once")
    func all() {
        let (_, errors) = Signature.read("(int, in.len:int, out.cap:int) -> void fail=1")
        #expect(errors.map(\.column) == [2, 7, 19, 40])
    }

    @Test("the description has a param for each named scalar, with the range of its type")
    func description() throws {
        let signature = try Signature(
            "(a:u8, b:int=-1, size=5, c:ulong=0, d:bool=true, e:f64=1, in.cstr, in1.ptr, in1.len:int) -> cstr pure"
        )
        let description = signature.description(name: "libx.so:f")
        #expect(description.params.map(\.name) == ["a", "b", "c", "d", "e"])
        #expect(description.params.map(\.kind) == [.int, .int, .int, .bool, .float])
        #expect(description.params.map(\.minimum) == [0, -2_147_483_648, 0, nil, nil])
        #expect(description.params.map(\.maximum) == [255, 2_147_483_647, nil, nil, nil])
        #expect(
            description.params.map(\.fallback) == [nil, .int(-1), .int(0), .bool(true), .float(1)])
        #expect(description.inputs?.map(\.name) == ["in0", "in1"])
        #expect(description.inputs?.map(\.kind) == [.string, .any])
        #expect(description.outputs.map(\.kind) == [.string])
        #expect(description.flags == [.pure, .concurrent, .nonblocking])
        #expect(description.shape == .map && description.rate == .keeps)
    }

    @Test("a function that is not pure is serial and may block")
    func flags() throws {
        #expect(try Signature("(in:int) -> int").description(name: "f").flags == [])
        #expect(
            try Signature("(in:int) -> int pure blocking").description(name: "f").flags
                == [.pure, .concurrent])
    }
}
