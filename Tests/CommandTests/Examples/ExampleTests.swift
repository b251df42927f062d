import Foundation
import Testing

@Suite("Examples")
struct ExampleTests {
    /// Folders of `Examples` with a graph, by what holds for their output.
    static let exact = [
        "readme", "first-example", "checksums", "word-count", "slow-requests",
        "rounds",
    ]
    static let own = ["five-nodes"]

    private func run(_ example: String, _ options: String...) async throws -> Command.Outcome {
        try await Command.host(["run", "Examples/\(example)/graph.json"] + options).outcome()
    }

    private func expected(of example: String) throws -> String {
        let file = Command.checkout.appendingPathComponent("Examples/\(example)/expected.txt")
        return try String(contentsOf: file, encoding: .utf8)
    }

    @Test("each example with a graph is tested here, and has its README and its output")
    func complete() throws {
        let examples = Command.checkout.appendingPathComponent("Examples")
        let files = FileManager.default
        let withGraph = try files.contentsOfDirectory(atPath: examples.path).filter {
            files.fileExists(atPath: examples.appendingPathComponent("\($0)/graph.json").path)
        }
        for example in withGraph {
            for file in ["README.md", "expected.txt"] {
                let path = examples.appendingPathComponent("\(example)/\(file)").path
                #expect(files.fileExists(atPath: path), "\(path)")
            }
        }
        #expect(Set(withGraph).isSuperset(of: Self.exact + Self.own))
    }

    @Test("an example prints what its expected.txt holds", arguments: exact)
    func printsExpected(example: String) async throws {
        let outcome = try await run(example)
        #expect(outcome.output == (try expected(of: example)))
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(outcome.errors.hasPrefix("\(example): clean, "))
        #expect(outcome.code == 0)
    }

    @Test("an example passes the check without a warning", arguments: exact + own)
    func checks(example: String) async throws {
        let file = "Examples/\(example)/graph.json"
        let outcome = try await Command.host(["check", file]).outcome()
        #expect(outcome.output.hasPrefix("\(file): ok, "))
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test(
        "the tests in an example's graph pass",
        arguments: ["checksums", "word-count", "slow-requests"])
    func passesItsTests(example: String) async throws {
        let file = "Examples/\(example)/graph.json"
        let outcome = try await Command.host(["test", file]).outcome()
        #expect(outcome.output.hasSuffix(" passed, 0 failed\n"))
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("first-example prints pairs of a text and its own reverse")
    func firstExample() async throws {
        for output in [try await run("first-example").output, try expected(of: "first-example")] {
            let lines = output.split(separator: "\n")
            #expect(lines.count == 20)
            for line in lines {
                let pair = try #require(line.wholeMatch(of: /output~>  \('(.{36})', '(.{36})'\)/))
                #expect(String(pair.1.reversed()) == pair.2)
            }
        }
    }

    @Test("a third input of StringFunc.tolower ends the run before it begins")
    func threeInputs() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "StringFunc.input_str"}, "a": {"coro": "StringFunc.toupper"},
                       "b": {"coro": "StringFunc.toupper"}, "c": {"coro": "StringFunc.toupper"},
                       "low": {"coro": "StringFunc.tolower"}, "out": {"coro": "StringFunc.output_str"}},
             "graph": {"inp": ["a", "b", "c"], "a": ["low"], "b": ["low"], "c": ["low"], "low": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(["run", "graph.json"], in: scratch.folder).outcome()
        #expect(
            outcome.errors
                == "graph.json:3:28: error: node \"low\": can't open StringFunc.tolower: it takes one or "
                + "two inputs, and 3 nodes feed it\n")
        #expect(outcome.output == "")
        #expect(outcome.code == 1)
    }

    @Test(
        "picture, a plugin in C, builds, prints what its expected.txt holds, and passes its tests")
    func picture() async throws {
        let scratch = try Scratch()
        let folder = scratch.folder.appendingPathComponent("picture")
        try FileManager.default.copyItem(
            at: Command.checkout.appendingPathComponent("Examples/picture"), to: folder)
        let include = Command.checkout.appendingPathComponent("include").path
        let make = "make -s PIPES_CFLAGS='-I\"\(include)\"'"
        let run = try await Command.shell("\(make) clean && \(make) run", in: folder).outcome()
        #expect(run.output == (try expected(of: "picture")))
        #expect(run.code == 0, "\(run.errors)")
        let test = try await Command.shell("\(make) test", in: folder).outcome()
        #expect(test.output.hasSuffix("graph.json: 2 tests, 2 passed, 0 failed\n"))
        #expect(test.code == 0)
    }

    @Test("five-nodes prints its lines, in any order of the two inputs of its merge")
    func fiveNodes() async throws {
        let outcome = try await run("five-nodes")
        let expected = try expected(of: "five-nodes")
        #expect(
            outcome.output.split(separator: "\n").sorted()
                == expected.split(separator: "\n").sorted())
        #expect(outcome.code == 0)
    }
}
