import ArgumentParser
import PipesCore

struct GraphCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draws a graph.")

    @Argument(help: ArgumentHelp("The graph file; - is standard input.", valueName: "graph"))
    var file: String

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
