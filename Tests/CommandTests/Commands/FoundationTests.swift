import Foundation
import Testing

/// libFoundation takes the main queue for itself when it is loaded; nothing of the host may
/// depend on that queue.
@Suite("Plugins that use Foundation")
struct FoundationTests {
    private static func graph(_ processor: String, tick: String = "1ms") -> String {
        """
        {
          "name": "digits",
          "nodes": {
            "tick": {"coro": "flow.tick", "args": {"interval": "\(tick)"}},
            "text": {"coro": "founded.\(processor)"},
            "out": {"coro": "io.print"}
          },
          "graph": {"tick": ["text"], "text": ["out"]},
          "tests": [
            {"name": "digits", "sources": {"tick": [7, 21]}, "expect": {"out": ["007", "021"]}}
          ]
        }
        """
    }

    private static let processors = [
        "format", "onMainActor", "onMainQueue", "inTask", "runsLoop", "holdsMain",
    ]

    /// A command about `graph.json`, which is ended where it hangs.
    private func host(
        _ command: String, _ options: String..., graph: String = graph("format")
    ) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(graph, to: "graph.json")
        let plugins = try await SwiftPlugin.folder
        return try await Command.host(
            [command, "graph.json", "--plugins", plugins] + options, in: scratch.folder
        ).outcome()
    }

    private func start(
        _ graph: String, _ options: String..., in scratch: Scratch
    ) async throws -> Command {
        try scratch.write(graph, to: "graph.json")
        let command = try Command.host(
            ["run", "graph.json", "--plugins", try await SwiftPlugin.folder] + options,
            in: scratch.folder)
        try await wait(for: command) { !$0.outputSoFar.isEmpty }
        return command
    }

    private func wait(for command: Command, _ condition: (Command) -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !condition(command) {
            try #require(ContinuousClock.now < end && !command.hasEnded, "\(command.errorsSoFar)")
            // There is nothing to wait for but a file that another program writes.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("a run ends, whatever a plugin does with the main queue", arguments: processors)
    func run(processor: String) async throws {
        let outcome = try await host(
            "run", "--set", "tick.count=3", "--progress", "never", graph: Self.graph(processor))
        #expect(outcome == .init(output: "000\n001\n002\n", errors: "", code: 0))
    }

    @Test("the exit code is that of the rows", arguments: [(900, 2), (901, 3)])
    func exitCode(row: Int, code: Int32) async throws {
        let source = #""flow.range", "args": {"start": \#(row), "end": \#(row + 1)}"#
        let graph = Self.graph("format").replacing(
            #""flow.tick", "args": {"interval": "1ms"}"#, with: source)
        let outcome = try await host("run", "--progress", "never", graph: graph)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("is \(row)"))
        #expect(outcome.code == code)
    }

    @Test(
        "a signal drains, whatever a plugin does with the main queue",
        arguments: processors, [SIGTERM, SIGINT])
    func signal(processor: String, signal: Int32) async throws {
        let scratch = try Scratch()
        let command = try await start(
            Self.graph(processor), "--progress", "never", in: scratch)
        command.signal(signal)
        let outcome = await command.outcome()
        #expect(outcome.errors == "")
        #expect(outcome.output.hasPrefix("000\n"))
        #expect(outcome.code == 0)
    }

    @Test("a graph is checked")
    func check() async throws {
        let outcome = try await host("check")
        #expect(
            outcome == .init(output: "graph.json: ok, 3 nodes, 2 edges\n", errors: "", code: 0))
    }

    @Test("the tests of a graph run", arguments: processors)
    func test(processor: String) async throws {
        let outcome = try await host("test", graph: Self.graph(processor))
        #expect(outcome.output.hasSuffix("graph.json: 1 test, 1 passed, 0 failed\n"))
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("a plugin is validated", arguments: ["founded", "web"])
    func validate(name: String) async throws {
        let outcome = try await Command.host(
            ["validate", "\(try await SwiftPlugin.folder)/\(name).so", "--only", "life-cycle"]
        ).outcome()
        #expect(outcome.output.contains("0 failed"))
        #expect(outcome.code == 0)
    }

    @Test("a plugin is listed and inspected", arguments: ["founded", "web"])
    func inspect(name: String) async throws {
        let folder = try await SwiftPlugin.folder
        let list = try await Command.host(["plugins", "--plugins", folder]).outcome()
        #expect(list.output.contains(name))
        #expect(list.code == 0)
        let plugin = try await Command.host(["inspect", name, "--plugins", folder]).outcome()
        #expect(plugin.output.hasPrefix("\(name) 1.0.0"))
        #expect(plugin.code == 0)
    }

    @Test("a changed graph takes over, and the run ends")
    func watch() async throws {
        let scratch = try Scratch()
        let command = try await start(
            Self.graph("format"), "--watch", "--progress", "never", in: scratch)
        let changed = try scratch.write(Self.graph("onMainActor"), to: "changed.json")
        try #require(
            rename(changed.path, scratch.folder.appendingPathComponent("graph.json").path) == 0)
        let tookOver = "graph.json: the changed graph has taken over\n"
        try await wait(for: command) { $0.errorsSoFar == tookOver }
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(outcome.errors == tookOver)
        #expect(outcome.code == 0)
    }

    @Test("the live table is drawn and taken away")
    func table() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.graph("format"), to: "graph.json")
        let run =
            "pipes-host run graph.json --set tick.count=600 --plugins "
            + (try await SwiftPlugin.folder)
        let outcome = try await Command.shell(
            "script -qec '\(run)' /dev/null > shown; echo $?", environment: ["TERM": "xterm"],
            in: scratch.folder
        ).outcome()
        #expect(outcome.output == "0\n")
        let shown = try scratch.read("shown")
        #expect(shown.contains("rows/s"))
        #expect(shown.contains("digits: clean, "))
    }

    @Test("a program whose main is asynchronous goes on after its run, and ends")
    func embedded() async throws {
        let program = Command.products.appendingPathComponent("embedder")
        let outcome = try await Command(
            program, [try await SwiftPlugin.folder], in: Command.checkout
        ).outcome()
        #expect(outcome == .init(output: "000\n001\nclean\n", errors: "", code: 0))
    }

    @Test("requests to a web server: the example prints what its expected.txt holds")
    func requests() async throws {
        let example = Command.checkout.appendingPathComponent("Examples/http-requests")
        let server = try WebServer(example.appendingPathComponent("pages"))
        let outcome = try await Command.host(
            [
                "run", "Examples/http-requests/graph.json", "--plugins",
                try await SwiftPlugin.folder, "--set", "fetch.server=\(server.address)",
                "--progress", "never",
            ]
        ).outcome()
        let expected = try String(
            contentsOf: example.appendingPathComponent("expected.txt"), encoding: .utf8)
        #expect(outcome == .init(output: expected, errors: "", code: 0))
    }

    @Test("a path that the web server does not have is a row that failed")
    func missingPage() async throws {
        let scratch = try Scratch()
        let server = try WebServer(scratch.folder)
        try scratch.write("/none.txt\n", to: "paths.txt")
        let graph = Command.checkout.appendingPathComponent("Examples/http-requests/graph.json")
        let outcome = try await Command.host(
            [
                "run", graph.path, "--plugins", try await SwiftPlugin.folder, "--set",
                "fetch.server=\(server.address)", "--set", "paths.path=paths.txt",
            ], in: scratch.folder
        ).outcome()
        #expect(outcome.errors.contains("/none.txt: the server answered 404"))
        #expect(outcome.code == 2)
    }
}
