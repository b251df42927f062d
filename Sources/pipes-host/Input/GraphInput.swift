import ArgumentParser
import Pipes
import PipesCore
import PipesRuntime

/// Reads a graph file and says what is wrong with it, where the user can see it.
enum GraphInput {
    /// A graph with the settings in it, and what its processors are found with.
    struct Loaded {
        var graph: Graph
        /// What is wrong with the file; where that are errors, the check refuses the graph, with
        /// all else that is wrong.
        var diagnostics: [Diagnostic]
        var resolvers: [any ProcessorResolver]
    }

    /// - Throws: `ExitCode` 1, once it has been printed why there is no graph at all.
    static func read(_ file: String) throws -> (graph: Graph, diagnostics: [Diagnostic]) {
        do {
            let (graph, diagnostics) = try Graph.read(file, environment: ProcessVariables.all)
            return (graph, diagnostics)
        } catch {
            throw refusal(error.diagnostics)
        }
    }

    /// Reads the graph file of a command and puts `--set` and `--env` into it.
    /// - Throws: `ExitCode` 1, once all errors have been printed.
    static func read(_ options: GraphOptions) throws -> Loaded {
        try read(options, resolvers: options.plugins.resolvers(forGraphFile: options.file))
    }

    static func read(
        _ options: GraphOptions, resolvers: [any ProcessorResolver]
    ) throws -> Loaded {
        var (graph, diagnostics) = try read(options.file)
        let settings = GraphSettings(args: options.args, env: options.env)
        let written = graph
        let problems = settings.apply(to: &graph) { node in
            for resolver in resolvers {
                if let found = resolver.resolve(node, in: written) {
                    return try? found.get().description
                }
            }
            return nil
        }
        if !problems.isEmpty { throw refusal(diagnostics + problems) }
        return Loaded(graph: graph, diagnostics: diagnostics, resolvers: resolvers)
    }

    /// Prints each on a line of its own, in the order of the file; first those without a place.
    static func report(_ diagnostics: [Diagnostic]) {
        let start = Place(line: 0, column: 0)
        for diagnostic in diagnostics.sorted(by: { $0.place ?? start < $1.place ?? start }) {
            Console.error.print(diagnostic.description.printable)
        }
    }

    /// Prints what is wrong, and gives the exit code to leave with.
    static func refusal(_ diagnostics: [Diagnostic]) -> ExitCode {
        report(diagnostics)
        return ExitCode(1)
    }
}
