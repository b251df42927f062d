import Foundation
import Testing

/// What the README tells a stranger to type.
@Suite("README")
struct ReadmeTests {
    private func read(_ path: String) throws -> String {
        try String(
            contentsOf: Command.checkout.appendingPathComponent(path), encoding: .utf8)
    }

    private func block(_ language: String, with text: String) throws -> String {
        try Page("README.md").block(language, with: text)
    }

    @Test(
        "the files it shows are those of the examples",
        arguments: [
            ("json", "output_coro", "readme/graph.json"),
            ("c", "PIPES_PLUGIN", "c-plugin/noisy.c"),
            ("swift", "MapProcessor", "swift-plugin/Sources/shouting/shouting.swift"),
        ])
    func files(language: String, text: String, file: String) throws {
        let shown = try block(language, with: text)
        #expect(try shown == read("Examples/\(file)"))
    }

    @Test("each command on an example does its work")
    func commands() async throws {
        let commands = try block("sh", with: "pipes-host check")
        let lines = commands.split(separator: "\n").dropFirst()
        #expect(lines.count >= 5)
        for line in lines {
            let outcome = try await Command.shell(String(line)).outcome()
            #expect(outcome.code == 0, "\(line): \(outcome.errors)")
            #expect(outcome.output != "", "\(line)")
        }
    }

    @Test("the processor in C is built by its one command and runs")
    func processorInC() async throws {
        let scratch = try Scratch()
        let files = FileManager.default
        try files.createSymbolicLink(
            at: scratch.folder.appendingPathComponent("include"),
            withDestinationURL: Command.checkout.appendingPathComponent("include"))
        try files.createDirectory(
            at: scratch.folder.appendingPathComponent("plugins"),
            withIntermediateDirectories: true)
        try scratch.write(try block("c", with: "PIPES_PLUGIN"), to: "noisy.c")
        let commands = try block("sh", with: "noisy.so")
        let outcome = try await Command.shell(commands, in: scratch.folder).outcome()
        #expect(outcome.output == "hello!\n")
        #expect(outcome.code == 0, "\(outcome.errors)")
    }

    @Test("the program that embeds a graph is that of Examples/embedding, and it runs")
    func embedding() async throws {
        let shown = try block("swift", with: "import Pipes\n").split(separator: "\n").dropFirst()
        let program = try read("Examples/embedding/main.swift").split(separator: "\n")
        #expect(Array(shown) == program.suffix(shown.count))
        let outcome = try await Command(
            Command.products.appendingPathComponent("embedding"), [], in: Command.checkout
        ).outcome()
        #expect(try outcome.output == read("Examples/embedding/expected.txt"))
        #expect(outcome.code == 0)
    }

    @Test(
        "the program that runs graphs from strangers is that of Examples/strangers, and it refuses",
        arguments: [
            ("reversed.json", "ada\necarg\nclean\n"),
            (
                "refused.json",
                """
                Examples/strangers/refused.json:4:26: error: node "file": "io.write" is not allowed \
                in this program, which allows flow.head, json, strings.

                """
            ),
        ])
    func strangers(graph: String, output: String) async throws {
        let shown = try Page("docs/graphs-from-strangers.md").block("swift", with: "import Pipes\n")
        #expect(try read("Examples/strangers/main.swift").contains(shown))
        let outcome = try await Command(
            Command.products.appendingPathComponent("strangers"),
            ["Examples/strangers/\(graph)"], in: Command.checkout
        ).outcome()
        #expect(outcome.output == output)
        #expect(outcome.code == 0)
    }

    @Test("the make targets it names are there")
    func targets() throws {
        let makefile = try read("Makefile")
        for line in try block("sh", with: "make demo").split(separator: "\n") {
            #expect(makefile.contains("\n\(line.dropFirst("make ".count)):"), "\(line)")
        }
    }
}
