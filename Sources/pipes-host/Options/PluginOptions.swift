import ArgumentParser
import Glibc
import Pipes
import PipesCore
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
            valueName: "dir"), completion: .directory)
    var folders: [String] = []

    /// Says of each folder that can't be looked into why not; the others may have all that is
    /// needed. Once by each command, and not by its children.
    func warnOfMissingFolders() {
        for name in folders {
            if let folder = opendir(name.cPath) {
                closedir(folder)
                continue
            }
            let reason =
                switch errno {
                case ENOENT: "no such folder"
                case ENOTDIR: "not a folder"
                case let code: String(cString: strerror(code))
                }
            Console.error.print("warning: --plugins \(name): \(reason)".printable)
        }
    }

    /// What finds the processors of a graph.
    func resolvers(forGraphFile file: String) -> [any ProcessorResolver] {
        [catalog(forGraphFile: file)]
    }

    func catalog(forGraphFile file: String) -> PluginCatalog {
        Self.catalog(forGraphFile: file, folders: folders)
    }

    /// - Parameter folders: that come before all others.
    static func catalog(forGraphFile file: String, folders: [String]) -> PluginCatalog {
        let all = PluginFolders(
            options: folders, environment: ProcessVariables.all["PIPES_PLUGINS"],
            graphFolder: PluginCatalog.folder(of: file))
        return PluginCatalog(folders: all, scout: inspector(all))
    }

    /// What is wrong with the examples of a graph that passed its check.
    func problems(ofExamplesIn graph: Graph) -> [Diagnostic] {
        let folders = pluginFolders(
            graphFolder: graph.file.map(PluginCatalog.folder(of:)))
        return ExampleInspector(command: ["/proc/self/exe", TryExamplesCommand.name])
            .problems(in: graph, folders: folders)
    }

    /// Looks at plugins in child processes, which this program is started for again.
    var inspector: PluginInspector {
        Self.inspector(pluginFolders(graphFolder: nil))
    }

    /// The same without `--plugins`.
    static var usualInspector: PluginInspector {
        inspector(
            PluginFolders(
                options: [], environment: ProcessVariables.all["PIPES_PLUGINS"], graphFolder: nil))
    }

    private static func inspector(_ folders: PluginFolders) -> PluginInspector {
        PluginInspector(
            folders: folders, command: ["/proc/self/exe", DescribeFileCommand.name],
            cache: ReportCache.ofUser)
    }

    private func pluginFolders(graphFolder: String?) -> PluginFolders {
        PluginFolders(
            options: folders, environment: ProcessVariables.all["PIPES_PLUGINS"],
            graphFolder: graphFolder)
    }
}
