import ArgumentParser

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
}
