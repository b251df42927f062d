import Foundation
import Testing

/// What is found in the file of `io.write`, however the run ends.
@Suite("run, writing a file") struct WrittenFileTests {
    private static let old = "old\n"

    private func names(in scratch: Scratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path).sorted()
    }

    @Test("a failure elsewhere leaves the old file, though all its rows were there long ago")
    func laterFailure() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.old, to: "out.txt")
        try scratch.write(
            """
            {"nodes": {
               "few": {"coro": "flow.range", "args": {"end": 3}},
               "out": {"coro": "io.write", "args": {"path": "out.txt"}},
               "one": {"coro": "flow.range", "args": {"end": 1}},
               "late": {"coro": "flow.delay", "args": {"time": "300ms"}},
               "bad": {"coro": "flow.fault", "args": {"every": 1},
                       "properties": {"on_error": {"then": "stop"}}},
               "end": {"coro": "io.print"}},
             "graph": {"few": ["out"], "one": ["late"], "late": ["bad"], "bad": ["end"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(["run", "graph.json"], in: scratch.folder).outcome()
        #expect(outcome.code == 3)
        #expect(try scratch.read("out.txt") == Self.old)
        #expect(try names(in: scratch) == ["graph.json", "out.txt"])
    }

    @Test("rows that failed elsewhere do not keep the file from being whole")
    func failedRows() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.old, to: "out.txt")
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": 4}},
                       "bad": {"coro": "flow.fault", "args": {"every": 2}},
                       "out": {"coro": "io.write", "args": {"path": "out.txt"}},
                       "end": {"coro": "io.print"}},
             "graph": {"inp": ["out", "bad"], "bad": ["end"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(["run", "graph.json"], in: scratch.folder).outcome()
        #expect(outcome.code == 2)
        #expect(try scratch.read("out.txt") == "0\n1\n2\n3\n")
    }

    @Test(
        "a kill at any moment leaves the old file or the whole new one, and trips up no later run")
    func killed() async throws {
        let scratch = try Scratch()
        let rows = 30_000
        let whole = (0..<rows).map { "\($0)\n" }.joined()
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": \(rows)}},
                       "out": {"coro": "io.write", "args": {"path": "out.txt"}}},
             "graph": {"inp": ["out"]}}
            """, to: "graph.json")
        var random = SystemRandomNumberGenerator()
        for _ in 0..<25 {
            try scratch.write(Self.old, to: "out.txt")
            let command = try Command.host(["run", "graph.json"], in: scratch.folder)
            // Any moment will do, also one before the start or after the end.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &random)))
            let hasReported = command.errorsSoFar.contains("clean")
            if !command.hasEnded { command.signal(SIGKILL) }
            _ = await command.outcome()
            let text = try scratch.read("out.txt")
            #expect(text == whole || (text == Self.old && !hasReported))
        }
        let outcome = try await Command.host(["run", "graph.json"], in: scratch.folder).outcome()
        #expect(outcome.code == 0)
        #expect(try scratch.read("out.txt") == whole)
    }
}
