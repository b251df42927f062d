import Foundation
import Testing

@Suite("A library of plain functions")
struct PlainLibraryTests {
    @Test(
        "that crashes, hangs or ends the process when it is loaded is an error of the node",
        arguments: [
            ("CRASHES", "signal 11 while loading"), ("HANGS", "took longer than 5 s to load"),
            ("EXITS", "ended the process with exit code 3 while loading"),
            ("EXITS_WELL", "ended the process while loading"),
        ])
    func danger(_ flag: String, _ reason: String) async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": 3}},
                       "f": {"coro": "./bad.so:twice", "signature": "(in:int) -> int"},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["f"], "f": ["out"]}}
            """, to: "graph.json")
        let root = Command.checkout.path
        let built = try await Command.shell(
            """
            cc -std=c11 -fPIC -shared -D\(flag) -DNAME='"bad"' -I'\(root)/include' -o bad.so \
                '\(root)/Tests/Fixtures/badplugins/constructor.c' \
                '\(root)/Tests/Fixtures/badplugins/ordinary.c'
            """, in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        for command in ["check", "run"] {
            let outcome = try await Command.host([command, "graph.json"], in: scratch.folder)
                .outcome()
            #expect(
                outcome.errors
                    == "graph.json:2:26: error: node \"f\": library \"./bad.so\" can't be used: "
                    + "\(reason)\n")
            #expect(outcome.output == "")
            #expect(outcome.code == 1)
        }
        let inspected = try await Command.host(
            ["inspect", "./bad.so:twice", "--signature", "(in:int) -> int"], in: scratch.folder
        ).outcome()
        #expect(
            inspected.errors
                == "./bad.so:twice: error: library \"./bad.so\" can't be used: \(reason)\n")
        #expect(inspected.code == 1)
    }
}
