import ArgumentParser
import PipesCore
import PipesRuntime

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draws a graph.",
        discussion: """
            text also says how it will be run: which nodes share a stage, how many lanes a stage \
            has, and which edges are queues.
            """)

    @Argument(
        help: ArgumentHelp("The graph file; - is standard input.", valueName: "graph"),
        completion: .graphFile)
    var file: String

    // Only the plan looks at plugins; but whoever gives `run` and `check` an option can give it here.
    @OptionGroup var plugins: PluginOptions

    @Option(help: ArgumentHelp("mermaid, dot or text.", valueName: "format"))
    var format = GraphDrawing.Format.mermaid

    func run() throws {
        plugins.warnOfMissingFolders()
        let (graph, diagnostics) = try GraphInput.read(file)
        if graph.hasErrors { throw GraphInput.refusal(diagnostics) }
        var lines = GraphDrawing(graph).lines(as: format)
        if format == .text { lines += [""] + planLines(of: graph) }
        try Console.show(lines.map { $0 + "\n" }.joined())
    }

    /// A graph can be drawn where its plugins are not at hand, but not planned.
    private func planLines(of graph: Graph) -> [String] {
        let resolvers = plugins.resolvers(forGraphFile: file)
        let (checked, _, _) = Plumber.check(graph, resolvers: resolvers)
        guard let checked else {
            return ["no plan: something is wrong with the graph; pipes-host check says what"]
        }
        return PlanText(checked, Plan(checked)).lines
    }
}

extension GraphDrawing.Format: ExpressibleByArgument {}
