import ArgumentParser
import PipesCore

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draws a graph.")

    @Argument(help: ArgumentHelp("The graph file; - is standard input.", valueName: "graph"))
    var file: String

    // A drawing shows what the file says, and looks at no plugin; but whoever gives `run` and `check`
    // an option can give it here.
    @OptionGroup var plugins: PluginOptions

    @Option(help: ArgumentHelp("mermaid, dot or text.", valueName: "format"))
    var format = GraphDrawing.Format.mermaid

    func run() throws {
        let (graph, diagnostics) = try GraphInput.read(file)
        if graph.hasErrors { throw GraphInput.refusal(diagnostics) }
        let drawing = GraphDrawing(graph)
        Console.output.write(drawing.lines(as: format).map { $0 + "\n" }.joined())
    }
}

extension GraphDrawing.Format: ExpressibleByArgument {}
