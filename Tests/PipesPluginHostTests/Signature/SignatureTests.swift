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

    @Test("each type stands wherever the grammar has a type", arguments: ScalarType.allCases)
    func types(_ type: ScalarType) {
        let name = type.rawValue
        let literal = type == .cstr ? "\"a\"" : type == .bool ? "true" : "1"
        for text in [
            "(in:\(name)) -> void", "(null) -> \(name)", "(x:\(name)) -> void",
            "(x:\(name)=\(literal)) -> void", "(\(name)=\(literal)) -> void",
        ] {
            #expect(Signature.read(text).errors == [], "\(text)")
        }
        // What counts bytes, or is a status, is an integer.
        for (text, column) in [
            ("(in.ptr, in.len:\(name)) -> void", 17),
            ("(out.ptr[1], out.cap:\(name)) -> void", 22),
            ("(out.ptr, out.len:*\(name)) -> void", 20),
            ("(out.ptr[1]) -> out.len:\(name)", 25), ("() -> status:\(name)", 14),
        ] {
            let columns = Signature.read(text).errors.map(\.column)
            #expect(columns == (type.isInteger ? [] : [column]), "\(text)")
        }
        // What is left where an argument points is a number or a truth.
        let (signature, errors) = Signature.read("( out : * \(name)) -> status:int")
        #expect(errors.map(\.column) == (type == .cstr ? [11] : []))
        #expect(
            signature.map { $0.description(name: "f").outputs.map(\.kind) }
                == (type == .cstr ? nil : [type.kind]))
    }

    @Test("each attribute takes each comparison, and only where there is an integer to compare")
    func attributes() {
        for outcome in ["ok", "fail", "grow", "retry"] {
            for comparison in ["=", "!=", "<", "<=", ">", ">="] {
                let rule = "\(outcome)\(comparison)-5"
                let text = "(out.ptr, out.len:*size) -> status:int \(rule) errno pure blocking"
                #expect(Signature.read(text).errors == [], "\(text)")
                for result in ["void", "f64", "cstr", "cstr.free"] {
                    let column = "() -> \(result) ".count + 1
                    let errors = Signature.read("() -> \(result) \(rule)").errors
                    #expect(errors.first?.column == column, "\(result) \(rule)")
                }
            }
        }
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
                "a pointer is written as what it is for: in.ptr, in.cstr, out.ptr, out.len:*TYPE, out:*TYPE, null or cstr"
            ),
            (
                "(in:int*) -> int", 8,
                "a pointer is written as what it is for: in.ptr, in.cstr, out.ptr, out.len:*TYPE, out:*TYPE, null or cstr"
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
            ("(in:int) -> u8 ok>0 fail<0", 21, "no u8 is < 0, so \"fail\" decides nothing"),
            ("(in:int) -> u8 ok>255", 16, "no u8 is > 255, so \"ok\" decides nothing"),
            (
                "(in:int) -> int ok=0 fail=0", 22,
                "\"fail\" is for the same numbers as \"ok\" before it"
            ),
            (
                "(in:int, in.cstr) -> int", 10,
                "\"in.cstr\" takes the input for bytes or text, and \"in\" for a number"
            ),
            (
                "(in.ptr[4], out.ptr[300], out.cap:u8) -> void", 27,
                "the size 300 of out.ptr does not fit u8"
            ),
            (
                "(in.ptr[300], in.len:u8) -> int", 15,
                "the size 300 of in.ptr does not fit u8"
            ),
            (
                "(in1.ptr[200], in0:int, in1.len:i8) -> int", 25,
                "the size 200 of in1.ptr does not fit i8"
            ),
            ("(in64:int) -> int", 2, "\"in64\" is beyond in63, the last input there can be"),
            (
                "(in98765432109876543210:int) -> int", 2,
                "\"in98765432109876543210\" is beyond in63, the last input there can be"
            ),
            (
                "(in.ptr[268435457]) -> int", 9,
                "a size of 268435457 bytes is above the limit of 268435456"
            ),
            (
                "(in0.ptr, in1.ptr, in1.len:size) -> int", 2,
                "in0.ptr without a length would be read out of bounds; add in0.len:TYPE, give it a fixed size as in in0.ptr[16], or write in0.cstr for a text that ends with a NUL"
            ),
            (
                "(in.cstr, in.len:size) -> int", 11,
                "in.len is the length of in.ptr, which is missing"
            ),
            (
                "(in:int, out.ptr[4], out.ptr[4]) -> void", 22,
                "a second \"out.ptr\"; each name stands for one argument"
            ),
            (
                "(in:int, out.ptr, out.len:*size) -> out.len:size", 19,
                "out.len is an argument and the result; write status:TYPE for a result that is no length"
            ),
            (
                "(in:int, out.ptr, out.cap:size) -> status:int", 10,
                "nothing says how much of out.ptr is written; add out.len:*TYPE, return out.len:TYPE, or give it a fixed size as in out.ptr[32]"
            ),
            (
                "(in:f64, out:int) -> void", 14,
                "the function leaves its number where out points: write out:*int; a number that it returns is the result, -> int"
            ),
            (
                "(in:f64, out:*cstr) -> void", 15,
                "out:*TYPE is room for a number, and cstr is a text; write int, f64 or such"
            ),
            ("(in:f64, out:*itn) -> void", 15, "unknown type \"itn\". Did you mean \"int\"?"),
            (
                "(in:f64, out) -> void", 13,
                "\"out\" is out:*TYPE, out.ptr, out.cap:TYPE or out.len:*TYPE; a scalar needs another name"
            ),
            (
                "(out:*int, in:f64, out:*f64) -> void", 20,
                "a second \"out\"; each name stands for one argument"
            ),
            (
                "(in:f64, out:*int) -> f64", 23,
                "a row has one value, and this function has two: f64 and out; write void where out is meant"
            ),
            (
                "(in:f64, out:*int) -> long", 23,
                "a row has one value, and this function has two: long and out; write status:long where out is meant"
            ),
            (
                "(in:f64, out:*int) -> cstr.free", 23,
                "a row has one value, and this function has two: cstr.free and out"
            ),
            (
                "(in:f64, out:*int) -> out.len:int", 23,
                "the result out.len is about out.ptr, which is missing"
            ),
            (
                "(in:f64, out:*int, out.ptr[4]) -> void", 20,
                "a row has one value, and this function has two: out.ptr and out; write null for one that may be left out"
            ),
            (
                "(in:f64, out:*int) -> status:int grow=1", 34,
                "\"grow\" enlarges out.ptr, which is missing or has a fixed size"
            ),
            (
                "(in:f64, x:f64=1e999) -> f64", 16,
                "the number 1e999 is beyond the range of a FLOAT, which ends at 1.8e308"
            ),
            (
                "(in:int, out.ptr[4]) -> cstr.free", 25,
                "a row has one value, and this function has two: cstr.free and out.ptr"
            ),
            (
                "(in:int, out.ptr[4]) -> out.ptr", 25,
                "of \"out\" only out.len:TYPE can be a result; what a function writes into out.ptr is the row's value anyway"
            ),
            (
                "(in.cstr) -> struct", 14,
                "structs by value can't be passed; write a small C function that takes its fields one by one"
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
            (
                #"(s:cstr="a\x41") -> int"#, 9,
                #""a\x41" has an escape that JSON does not know; it knows \" \\ \/ \b \f \n \r \t and "#
                    + #"\uXXXX"#
            ),
        ] as [(String, Int, String)])
    func broken(_ text: String, _ column: Int, _ message: String) {
        #expect(Signature.read(text).errors == [SignatureError(column: column, message: message)])
    }

    @Test(
        "the default of a text is written as in JSON",
        arguments: [
            (#""plain""#, "plain"), (#""a\nb\t\"c\" \\ \/""#, "a\nb\t\"c\" \\ /"),
            (#""\u00e9\ud83d\ude00""#, "é😀"), ("\"a\nb\tc\"", "a\nb\tc"),
        ])
    func texts(_ written: String, _ text: String) throws {
        let signature = try Signature("(s:cstr=\(written), in:int) -> int")
        #expect(
            signature.args[0] == .scalar(name: "s", type: .cstr, fallback: .string(text)))
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
