import ArgumentParser

/// The graph file and what is changed in it from outside.
struct GraphOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The graph file; - is standard input.", valueName: "graph"),
        completion: .graphFile)
    var file: String

    @OptionGroup var plugins: PluginOptions

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "An arg in place of the file's: a text as it is for a STRING, JSON for other kinds.",
            valueName: "node.arg=value"))
    var args: [ArgSetting] = []

    @Option(
        name: .customLong("env"),
        help: ArgumentHelp(
            "A value that every processor can read, in place of the file's.",
            valueName: "name=value"))
    var env: [EnvSetting] = []
}

extension CompletionKind {
    /// What a shell offers in the place of a graph file.
    static var graphFile: CompletionKind { .file(extensions: ["json"]) }
}
