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
}
