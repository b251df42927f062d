import ArgumentParser
import Glibc

@main
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

    static func main() async {
        // A reader that has gone away shows as EPIPE where it is written to, in plugins too.
        signal(SIGPIPE, SIG_IGN)
        openStandardDescriptors()
        // A stop that comes while plugins are still being loaded holds for the run to come.
        let isRun = ProcessArguments.all.first == RunCommand.configuration.commandName
        let signals = isRun ? await StopSignals() : nil
        await StopSignals.$early.withValue(signals) {
            do {
                let command = try await asyncParseAsRoot(ProcessArguments.all)
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    var command = command
                    try command.run()
                }
            } catch {
                leave(with: error)
            }
        }
    }

    /// Ends the program. Help, the version and completions come as errors too, and are what was
    /// asked for.
    private static func leave(with error: any Error) -> Never {
        let text = fullMessage(for: error)
        let code = exitCode(for: error)
        if text.isEmpty { exit(withError: code) }
        guard code == .success else {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            Console.error.print(lines.map { String($0).printable }.joined(separator: "\n"))
            exit(withError: code)
        }
        do throws(ExitCode) {
            try Console.show(text + "\n")
            exit()
        } catch {
            exit(withError: error)
        }
    }

    /// Where one was closed by who started this program, the next file to be opened would take
    /// its number, and get what is printed.
    private static func openStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO
        where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number: this one.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
