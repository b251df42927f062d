import ArgumentParser
import PipesCore
import PipesRuntime
import PipesTesting

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Runs the \"tests\" in a graph file.",
        discussion: """
            A graph file can hold tests beside its nodes, rows for its sources and what must come \
            of them:

              "tests": [
                {
                  "name": "each text is turned round",
                  "sources": {"inp": ["abc", "xy"]},
                  "expect": {"out": ["cba", "yx"]}
                }
              ]

            docs/testing.md, which is installed in share/doc/pipes-host, has all that a test can say.

            Each test runs in a process of its own, by a clock that jumps over what would be waited \
            for. Exit codes: 0 all passed, 1 one failed, or the graph or a test is wrong, 64 wrong \
            usage.
            """)

    @Argument(
        help: ArgumentHelp("The graph file.", valueName: "graph"), completion: .graphFile)
    var file: String

    @OptionGroup var plugins: PluginOptions

    @Option(
        help: ArgumentHelp(
            "Runs the test of this name alone; may be given more than once.", valueName: "name"))
    var only: [String] = []

    @OptionGroup var form: ResultOptions

    @Option(
        help: ArgumentHelp(
            "How long one test may take, by the clock on the wall.", valueName: "time"))
    var timeLimit = TimeSpan.seconds(60)

    func run() throws {
        plugins.warnOfMissingFolders()
        let graph = try checkedGraph()
        let tests = try chosenTests(of: graph)
        let junitFile = try form.junitFile()
        let text = TestText(file: file)
        var results: [GraphTestResult] = []
        for (index, test) in tests {
            let process = TestProcess(
                file: file, plugins: plugins.folders, index: index, test: test,
                timeLimit: timeLimit.duration)
            let result = process.result()
            results.append(result)
            if form.printsText { try Console.show(text.lines(of: result)) }
        }
        if form.printsText { try Console.show(text.summary(results)) }
        if form.json { try Console.show(json: TestJSON.report(of: results, file: file)) }
        try junitFile?.write(JUnitText.text(of: results, file: file).withVisibleBytes)
        if results.contains(where: { !$0.hasPassed }) { throw ExitCode(1) }
    }

    /// - Throws: `ExitCode` 1, once all that is wrong has been printed.
    private func checkedGraph() throws -> Graph {
        if file == "-" {
            throw GraphInput.refusal([
                Diagnostic(
                    file: file,
                    "each test reads the graph in a process of its own, so it can't come from "
                        + "standard input; write it to a file")
            ])
        }
        let (graph, diagnostics) = try GraphInput.read(file)
        let resolvers = plugins.resolvers(forGraphFile: file)
        let (checked, _, found) = Plumber.check(graph, resolvers: resolvers)
        let mistakes = GraphTestCheck.check(graph, resolvers: resolvers)
        if checked == nil { throw GraphInput.refusal(diagnostics + found + mistakes) }
        if !mistakes.isEmpty { throw GraphInput.refusal(mistakes) }
        return graph
    }

    private func chosenTests(of graph: Graph) throws -> [(index: Int, test: GraphTest)] {
        let all = graph.tests.enumerated().map { (index: $0, test: $1) }
        if all.isEmpty {
            throw GraphInput.refusal([
                Diagnostic(
                    file: file, "has no \"tests\"; pipes-host test --help shows how to write them")
            ])
        }
        if only.isEmpty { return all }
        let names = graph.tests.map(\.name)
        let unknown = only.filter { !names.contains($0) }
        if !unknown.isEmpty {
            throw GraphInput.refusal(
                unknown.map { name in
                    let meant = nearestName(to: name, among: names)
                    return Diagnostic(
                        file: "--only \(name)",
                        "there is no such test in \(file)."
                            + (meant.map { " Did you mean \"\($0)\"?" } ?? ""))
                })
        }
        return all.filter { only.contains($0.test.name) }
    }
}
