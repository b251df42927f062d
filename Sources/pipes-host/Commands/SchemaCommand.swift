import ArgumentParser
import PipesCore
import PipesPluginHost

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Prints the JSON Schema of graph files, with the processors that are installed.",
        discussion: """
            An editor that is given it completes names and args in a graph file and underlines \
            mistakes: pipes-host schema > pipes.schema.json, and in the graph file \
            "$schema": "pipes.schema.json".

            A plugin that is broken is left out, with a warning on standard error.
            """)

    @OptionGroup var plugins: PluginOptions

    func run() throws {
        plugins.warnOfMissingFolders()
        var processors: [GraphSchema.Processor] = []
        for report in plugins.inspector.reports() {
            if let reason = report.broken {
                GraphInput.report([
                    Diagnostic(.warning, file: report.file, "left out, it is broken: \(reason)")
                ])
            }
            processors += report.processors.map {
                GraphSchema.Processor(coro: "\(report.name).\($0.name)", $0)
            }
        }
        try Console.show(json: GraphSchema(processors: processors).value)
    }
}
