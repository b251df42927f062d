import ArgumentParser
import PipesCore
import PipesRuntime
import PipesTesting

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Finds all that is wrong with a graph, without running it.",
        discussion: "Exit codes: 0 nothing, 1 something is wrong, 64 wrong usage.")

    @OptionGroup var input: GraphOptions

    func run() throws {
        input.plugins.warnOfMissingFolders()
        let loaded = try GraphInput.read(input)
        let (checked, _, diagnostics) = Plumber.check(loaded.graph, resolvers: loaded.resolvers)
        let mistakes = GraphTestCheck.check(loaded.graph, resolvers: loaded.resolvers)
        let all = loaded.diagnostics + diagnostics + mistakes
        guard let checked else { throw GraphInput.refusal(all) }
        let problems = input.plugins.problems(ofExamplesIn: loaded.graph)
        if !(mistakes + problems).isEmpty { throw GraphInput.refusal(all + problems) }
        GraphInput.report(all)
        let nodes = checked.nodes.count == 1 ? "1 node" : "\(checked.nodes.count) nodes"
        let edges = checked.edges.count == 1 ? "1 edge" : "\(checked.edges.count) edges"
        try Console.show("\(input.file.printable): ok, \(nodes), \(edges)\n")
    }
}
