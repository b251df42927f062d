import ArgumentParser
import Pipes
import PipesPluginHost
import PipesRuntime

/// Where plugins are looked for, in every command that looks at plugins.
struct PluginOptions: ParsableArguments {
    @Option(
        name: .customLong("plugins"),
        help: ArgumentHelp(
            "A folder of plugins; may be given more than once, the earlier wins.",
            discussion: "It is asked before $PIPES_PLUGINS, plugins/ beside the graph file, "
                + "./plugins, the folder of pipes-host and ../lib/pipes from there.",
            valueName: "dir"))
    var folders: [String] = []

    /// What finds the processors of a graph.
    func resolvers(forGraphFile file: String) -> [any ProcessorResolver] {
        [catalog(forGraphFile: file)]
    }

    func catalog(forGraphFile file: String) -> PluginCatalog {
        PluginCatalog(folders: pluginFolders(graphFolder: PluginCatalog.folder(of: file)))
    }

    /// Looks at plugins in child processes, which this program is started for again.
    var inspector: PluginInspector {
        PluginInspector(
            folders: pluginFolders(graphFolder: nil),
            command: ["/proc/self/exe", DescribeFileCommand.name])
    }

    private func pluginFolders(graphFolder: String?) -> PluginFolders {
        PluginFolders(
            options: folders, environment: ProcessVariables.all["PIPES_PLUGINS"],
            graphFolder: graphFolder)
    }
}
