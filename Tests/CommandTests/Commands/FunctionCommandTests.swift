import Foundation
import Testing

@Suite("Plain functions, by running the host")
struct FunctionCommandTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    private static let hasDebugger = ["/usr/bin/gdb", "/usr/local/bin/gdb"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Where Debian's package of headers puts what compilers link.
    private static let scripts = ["x86_64", "aarch64"].map { "/lib/\($0)-linux-gnu" }.first {
        FileManager.default.fileExists(atPath: "\($0)/libm.so")
    }

    /// - Parameter arguments: without the graph, which is `graph.json`.
    private func host(
        _ arguments: String..., input: String = ""
    ) async throws -> Command.Outcome {
        try await Command.host(arguments, input: input, in: scratch.folder).outcome()
    }

    /// From the lines of standard input through nodes, one after the other, to standard output. The
    /// second node stands in the second line, from column 3 on.
    private func write(_ nodes: String...) throws {
        let names = nodes.indices.map { "n\($0)" }
        let all = zip(names, nodes).map { "  \"\($0)\": {\($1)}" }
        let pairs = zip(["in"] + names, names + ["out"]).map { "\"\($0)\": [\"\($1)\"]" }
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines"}, "out": {"coro": "io.print"},
            \(all.joined(separator: ",\n"))},
            "graph": {\(pairs.joined(separator: ", "))}}
            """, to: "graph.json")
    }

    private func buildSum() async throws {
        let build = try await Command.shell(
            "cc -g -shared -fPIC -o libtyped.so \(Command.checkout.path)/Tests/Fixtures/badplugins/typed.c",
            in: scratch.folder
        ).outcome()
        try #require(build.code == 0, "\(build.errors)")
    }

    // MARK: Varargs and callbacks

    @Test(
        "a function with varargs by the library's debug information is warned of and refused",
        .enabled(if: hasDebugger, "gdb is not installed"))
    func varargs() async throws {
        try await buildSum()
        let inspected = try await host(
            "inspect", "./libtyped.so:total", "--signature", "(in:int, b:int=2) -> int")
        #expect(
            inspected.errors
                == "./libtyped.so:total: warning: the function has varargs, (int, ...) in the library's "
                + "debug information, and can't be called; name one with fixed arguments, or write a "
                + "plugin in C that calls it\n")
        #expect(
            inspected.output.hasSuffix(
                """
                call
                  returns  int: the row's value, INT
                  1.       int: input 1, INT
                  2.       int: the node's arg b, 2 by default
                  it has varargs, for which no signature is right

                """), "\(inspected.output)")
        #expect(inspected.code == 0)
        try write(#""coro": "./libtyped.so:total", "signature": "(in:int, b:int=2) -> int""#)
        for command in ["check", "run"] {
            let outcome = try await host(command, "graph.json")
            #expect(
                outcome.errors
                    == "graph.json:2:18: error: node \"n0\": function \"total\" in library ./libtyped.so "
                    + "has varargs and can't be called; name one with fixed arguments, or write a plugin "
                    + "in C that calls it\n")
            #expect(outcome.output == "")
            #expect(outcome.code == 1)
        }
    }

    @Test("the C library's functions with varargs are refused by name, and inspect warns")
    func varargsByName() async throws {
        try write(#""coro": "libc.so.6:dprintf", "signature": "(int=1, in.cstr) -> int""#)
        for command in ["check", "run"] {
            let outcome = try await host(command, "graph.json")
            #expect(
                outcome.errors
                    == "graph.json:2:18: error: node \"n0\": function \"dprintf\" in library libc.so.6 has "
                    + "varargs and can't be called; name one with fixed arguments, or write a plugin in C "
                    + "that calls it\n")
            #expect(outcome.output == "")
            #expect(outcome.code == 1)
        }
        let inspected = try await host(
            "inspect", "libc.so.6:dprintf", "--signature", "(int=1, in.cstr) -> int")
        #expect(inspected.errors.hasPrefix("libc.so.6:dprintf: warning: "))
        #expect(
            inspected.errors.contains("has varargs") && inspected.errors.contains("can't be called")
        )
        #expect(inspected.code == 0)
    }

    @Test(
        "a parameter that is a pointer to a function is named as a callback",
        .enabled(if: hasDebugger, "gdb is not installed"))
    func callback() async throws {
        try await buildSum()
        let wrong = try await host(
            "inspect", "./libtyped.so:apply", "--signature", "(long=0, in:int) -> int")
        #expect(
            wrong.errors
                == "./libtyped.so:apply: warning: parameter 1 is a callback, int (*)(int), in the library's "
                + "debug information, (int (*)(int), int), and long in the signature; callbacks can't be "
                + "passed: write null for one that may be left out\n")
        #expect(
            wrong.output.hasSuffix("\n  the library's debug information disagrees\n"))
        let right = try await host(
            "inspect", "./libtyped.so:apply", "--signature", "(null, in:int) -> int")
        #expect(right.errors == "")
        #expect(
            right.output.hasSuffix(
                """
                call
                  returns  int: the row's value, INT
                  1.       void *: NULL, where a callback belongs, int (*)(int)
                  2.       int: input 1, INT
                  the library's debug information agrees as far as it can be compared

                """), "\(right.output)")
    }

    // MARK: What a function leaves where an argument points

    @Test("a number that is left where an argument points is the row's value")
    func outNumber() async throws {
        try write(
            #""coro": "json.parse""#,
            #""coro": "libm.so.6:frexp", "signature": "(in:f64, out:*int) -> void""#)
        let outcome = try await host("run", "graph.json", input: "8.0\n0.25\n")
        #expect(outcome.output == "4\n-1\n")
        #expect(outcome.code == 0)
        let inspected = try await host(
            "inspect", "libm.so.6:frexp", "--signature", "(in:f64, out:*int) -> void")
        #expect(inspected.output.contains("\noutputs  out INT\n"))
        #expect(
            inspected.output.contains(
                """
                  returns  nothing
                  1.       double: input 1, FLOAT
                  2.       int *: room for a number, which is the row's value, INT

                """), "\(inspected.output)")
    }

    @Test(
        "such an argument that is written wrongly is an error at its column",
        arguments: [
            (
                "(in:f64, out:int) -> void", 14,
                "the function leaves its number where out points: write out:*int; a number that it "
                    + "returns is the result, -> int"
            ),
            (
                "(in:f64, out:*int) -> f64", 23,
                "a row has one value, and this function has two: f64 and out; write void where out is "
                    + "meant"
            ),
        ])
    func outMistakes(_ signature: String, _ column: Int, _ message: String) async throws {
        try write(#""coro": "libm.so.6:frexp", "signature": "\#(signature)""#)
        let outcome = try await host("check", "graph.json")
        #expect(
            outcome.errors
                == "graph.json:2:50: error: node \"n0\": signature, column \(column): \(message)\n")
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
    }

    @Test("bytes that a function wrote become a text, and check says by what")
    func text() async throws {
        let encode =
            #""coro": "libcrypto.so.3:EVP_EncodeBlock", "signature": "(out.ptr[64], in.ptr, in.len:int) -> out.len:int""#
        try write(encode, #""coro": "strings.text""#, #""coro": "strings.upper""#)
        let outcome = try await host("run", "graph.json", input: "hello\n")
        #expect(outcome.output == "AGVSBG8=\n")
        #expect(outcome.code == 0)
        try write(encode, #""coro": "strings.upper""#)
        let advised = try await host("check", "graph.json")
        #expect(
            advised.errors
                == "graph.json:4:32: error: node \"n1\": input \"text\" wants STRING, but output \"out\" of "
                + "node \"n0\" gives BYTES; put a node between them that turns BYTES into STRING, such as "
                + "strings.text\n")
        #expect(advised.code == 1)
    }

    @Test("bytes that are not UTF-8 are rejected, with the place")
    func notText() async throws {
        try write(
            #""coro": "libc.so.6:memfrob", "signature": "(out.ptr[3], size=3) -> void""#,
            #""coro": "strings.text""#)
        // Two bytes of nothing and a third: memfrob turns each 0 into 42, which is text.
        let outcome = try await host("run", "graph.json", input: "x\n")
        #expect(outcome.output == "***\n")
        try write(#""coro": "compress.deflate""#, #""coro": "strings.text""#)
        let rejected = try await host("run", "graph.json", input: "x\n")
        #expect(rejected.output == "")
        #expect(
            rejected.errors.contains("\"message\":\"not UTF-8 at byte 1\""), "\(rejected.errors)")
        #expect(rejected.code == 2)
    }

    // MARK: Scripts for the linker

    @Test(
        "a script for the linker is told from a library, and what it stands for is named",
        .enabled(if: scripts != nil, "no scripts for the linker are installed"),
        arguments: [("libm.so", "cos", "libm.so.6"), ("libc.so", "abs", "libc.so.6")])
    func linkerScript(_ library: String, _ symbol: String, _ meant: String) async throws {
        try write(#""coro": "\#(library):\#(symbol)", "signature": "(in:f64) -> f64""#)
        let message =
            "library \"\(library)\" is a linker script (\(Self.scripts ?? "")/\(library)), a text for the linker of "
            + "compilers, and can't be loaded; it stands for \(meant): write \"\(meant):\(symbol)\"\n"
        for command in ["check", "run"] {
            let outcome = try await host(command, "graph.json")
            #expect(outcome.errors == "graph.json:2:18: error: node \"n0\": \(message)")
            #expect(outcome.output == "")
            #expect(outcome.code == 1)
        }
        let inspected = try await host(
            "inspect", "\(library):\(symbol)", "--signature", "(in:f64) -> f64")
        #expect(inspected.errors == "\(library):\(symbol): error: \(message)")
        #expect(inspected.code == 1)
    }
}
