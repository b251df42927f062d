import ArgumentParser

struct PipesHost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipes-host",
        abstract: "Runs async pipelines of processors that are loaded from plugins.",
        version: Version.text,
        subcommands: [
            RunCommand.self, CheckCommand.self, GraphCommand.self, PluginsCommand.self,
            InspectCommand.self, SchemaCommand.self, NewCommand.self, ValidateCommand.self,
            TestCommand.self, DescribeFileCommand.self, CheckPluginCommand.self,
            TestCaseCommand.self, TestRowsCommand.self, TryExamplesCommand.self,
        ])
}
