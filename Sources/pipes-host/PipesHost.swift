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
            InspectCommand.self, DescribeFileCommand.self,
        ])

    static func main() async {
        // A reader that has gone away shows as EPIPE where it is written to, in plugins too.
        signal(SIGPIPE, SIG_IGN)
        await main(nil)
    }
}
