import ArgumentParser
import Glibc
import Logging
import PipesCore
import PipesPluginHost
import PipesTesting

/// The child's side of `validate --graph`; not for people.
struct TestRowsCommand: AsyncParsableCommand {
    static let name = "list-test-rows"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Runs one test of a graph file and prints the rows that a plugin gets, as JSON.",
        shouldDisplay: false)

    @Argument var file: String
    @Argument var index: Int
    @Argument var plugin: String
    @OptionGroup var plugins: PluginOptions

    func run() async throws {
        Lifeline.hold()
        let output = dup(STDOUT_FILENO)
        let null = open("/dev/null", O_RDWR)
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] { dup2(null, descriptor) }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }

        let (graph, _) = try GraphInput.read(file)
        guard graph.tests.indices.contains(index) else { throw ExitCode(1) }
        let prefix = "\(plugin)."
        let console = Console(descriptor: output)
        _ = await GraphTestRun.run(
            graph.tests[index], of: graph, resolvers: plugins.resolvers(forGraphFile: file)
        ) { node, rows in
            guard node.coro.hasPrefix(prefix) else { return }
            let processor = Value.string(String(node.coro.dropFirst(prefix.count)))
            // Before the processor gets them: it may be the end of the process.
            for row in rows { console.write(Value.list([processor] + row).json + "\n") }
        }
        _exit(0)
    }
}
