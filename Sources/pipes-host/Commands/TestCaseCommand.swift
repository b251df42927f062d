import ArgumentParser
import Glibc
import Logging
import PipesCore
import PipesPluginHost
import PipesTesting

/// The child's side of `test`; not for people.
struct TestCaseCommand: AsyncParsableCommand {
    static let name = "run-test-case"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Runs one test of a graph file and prints what became of it, as JSON.",
        shouldDisplay: false)

    @Argument var file: String
    @Argument var index: Int
    @OptionGroup var plugins: PluginOptions

    func run() async throws {
        Lifeline.hold()
        // What processors print must not end up in the result.
        let output = dup(STDOUT_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO)
        // A crash may be what is tested, and its core is of no use.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        LoggingSystem.bootstrap { _ in ConsoleLog(level: .error) }

        let (graph, _) = try GraphInput.read(file)
        guard graph.tests.indices.contains(index) else { throw ExitCode(1) }
        let result = await GraphTestRun.run(
            graph.tests[index], of: graph, resolvers: plugins.resolvers(forGraphFile: file))
        Console(descriptor: output).write(TestJSON.value(of: result).json)
        // Not by way of exit: what a plugin left to run at the end is no part of the test.
        _exit(0)
    }
}
