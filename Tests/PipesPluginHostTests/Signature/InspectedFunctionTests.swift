import Foundation
import PipesPluginHost
import Testing

@Suite("InspectedFunction")
struct InspectedFunctionTests {
    private let workshop: PluginWorkshop

    init() throws {
        workshop = try PluginWorkshop()
    }

    private static let hasDebugger = ["/usr/bin/gdb", "/usr/local/bin/gdb"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test("a signature is told in the words of C, parameter by parameter")
    func words() throws {
        let file = try workshop.build("ordinary.c", as: "libordinary.so")
        let function = try InspectedFunction(
            coro: "\(file):twice", signature: "(number:int=2) -> int fail<0")
        #expect(
            function.words == [
                "returns  int: the row's value, INT",
                "1.       int: the node's arg number, 2 by default",
                "fail when the returned number is < 0",
            ])
        #expect(!function.hasDebugInformation && function.disagreements == [])
    }

    @Test(
        "the library's debug information is compared with the signature",
        .enabled(if: hasDebugger, "gdb is not installed"),
        arguments: [
            ("(in:int) -> int", []),
            (
                "(in:f64) -> int",
                [
                    "parameter 1 is int in the library's debug information, (int), and double in the "
                        + "signature"
                ]
            ),
            (
                "(in:int, null) -> int",
                [
                    "the library's debug information declares 1 parameter, (int), and the signature "
                        + "has 2"
                ]
            ),
            ("(in:int) -> void", []),
            (
                "(in:int) -> f64",
                [
                    "the function returns int in the library's debug information, and double in the "
                        + "signature"
                ]
            ),
            (
                "(in.cstr) -> cstr",
                [
                    "the function returns int in the library's debug information, and const char * "
                        + "in the signature",
                    "parameter 1 is int in the library's debug information, (int), and const char * "
                        + "in the signature",
                ]
            ),
        ])
    func debugInformation(_ signature: String, _ disagreements: [String]) throws {
        let file = try workshop.build("ordinary.c", as: "libordinary.so", linking: ["-g"])
        let function = try InspectedFunction(coro: "\(file):twice", signature: signature)
        #expect(function.hasDebugInformation)
        #expect(function.disagreements == disagreements)
    }

    @Test(
        "widths, signs and what pointers point at are compared too",
        .enabled(if: hasDebugger, "gdb is not installed"),
        arguments: [
            ("same32", "(in:i32) -> int", 0), ("same32", "(in:long) -> int", 1),
            ("same32", "(in:u32) -> int", 1), ("same16", "(in:i16) -> i16", 0),
            ("same16", "(in:i64) -> i8", 2), ("same_unsigned", "(in:uint) -> u32", 0),
            ("same_unsigned", "(in:bool) -> bool", 2), ("negation", "(in:bool) -> bool", 0),
            ("negation", "(in:u8) -> bool", 1), ("next", "(in:u8) -> i8", 0),
            ("index_of", "(in:int) -> int", 0), ("index_of", "(in:long) -> int", 1),
            ("half", "(in:f32) -> f32", 0), ("half", "(in:f64) -> f32", 1),
            ("count", "(in.ptr, in.len:size) -> ulong", 0),
            ("count", "(in.ptr, in.len:u8) -> ulong", 1),
            ("count", "(in.cstr, n:size=1) -> size", 0), ("wide", "(in.cstr) -> size", 1),
            ("fill", "(out.ptr, out.len:*ulong) -> void", 0),
            ("fill", "(out.ptr, out.len:*u8) -> void", 1),
            ("fill", "(out.ptr, out.len:*i64) -> void", 1),
            ("hour_of", "(in.ptr[8]) -> int", 0), ("hour_of", "(in:long) -> int", 1),
            ("hour_in", "(in:long) -> int", 1),
            ("whole_part", "(in:f64, out:*long) -> status:int", 0),
            ("whole_part", "(in:f64, out:*int) -> status:int", 1),
            ("whole_part", "(in:f64, out:*u64) -> status:int", 1),
            ("whole_part", "(in:f64, out:*f64) -> status:int", 1),
            ("chosen", "(in:int, null) -> void", 0), ("chosen", "(in:int, null) -> long", 1),
        ])
    func forms(_ symbol: String, _ signature: String, _ count: Int) throws {
        let file = try workshop.build("typed.c", as: "libtyped.so", linking: ["-g"])
        let function = try InspectedFunction(coro: "\(file):\(symbol)", signature: signature)
        #expect(function.hasDebugInformation)
        #expect(function.disagreements.count == count, "\(function.disagreements)")
    }

    @Test(
        "a parameter that is a pointer to a function is compared, and named as a callback",
        .enabled(if: hasDebugger, "gdb is not installed"),
        arguments: [
            (
                "apply", "(null, in:int) -> int",
                "1.       void *: NULL, where a callback belongs, int (*)(int)",
                []
            ),
            (
                "apply_named", "(in:int, x:long=0) -> int",
                "2.       long: the node's arg x, 0 by default, where a callback belongs, transform",
                [
                    "parameter 2 is a callback, transform, in the library's debug information, (int, "
                        + "transform), and long in the signature; callbacks can't be passed: write null for one "
                        + "that may be left out"
                ]
            ),
            (
                "apply", "(in.ptr[4], n:long=1) -> int",
                "1.       const void *: the bytes of input 1, which must be 4, where a callback belongs, int (*)(int)",
                [
                    "parameter 1 is a callback, int (*)(int), in the library's debug information, (int "
                        + "(*)(int), int), and const void * in the signature; callbacks can't be passed: "
                        + "write null for one that may be left out",
                    "parameter 2 is int in the library's debug information, (int (*)(int), int), and long "
                        + "in the signature",
                ]
            ),
        ])
    func callbacks(
        _ symbol: String, _ signature: String, _ line: String, _ disagreements: [String]
    ) throws {
        let file = try workshop.build("typed.c", as: "libtyped.so", linking: ["-g"])
        let function = try InspectedFunction(coro: "\(file):\(symbol)", signature: signature)
        #expect(function.hasDebugInformation)
        #expect(function.words.contains(line), "\(function.words)")
        #expect(function.disagreements == disagreements)
    }

    @Test(
        "a function with varargs agrees with no signature",
        .enabled(if: hasDebugger, "gdb is not installed"),
        arguments: ["(in:int, b:int=2) -> int", "(in:int) -> int"])
    func varargs(_ signature: String) throws {
        let file = try workshop.build("typed.c", as: "libtyped.so", linking: ["-g"])
        let function = try InspectedFunction(coro: "\(file):total", signature: signature)
        #expect(function.hasVarargs)
        #expect(
            function.disagreements == [
                "the function has varargs, (int, ...) in the library's debug information, and can't be "
                    + "called; name one with fixed arguments, or write a plugin in C that calls it"
            ])
    }

    @Test(
        "of a function written in assembly, or chosen when it is loaded, nothing is known",
        .enabled(if: hasDebugger, "gdb is not installed"),
        arguments: [("getpid", "() -> int"), ("memcmp", "(in0.cstr, in1.cstr, n:size=1) -> int")])
    func unknown(_ symbol: String, _ signature: String) throws {
        let function = try InspectedFunction(coro: "libc.so.6:\(symbol)", signature: signature)
        #expect(function.disagreements == [])
    }
}
