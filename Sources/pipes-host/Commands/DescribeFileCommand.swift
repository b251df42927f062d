import ArgumentParser
import PipesPluginHost

/// The child's side of `plugins` and `inspect`; not for people.
struct DescribeFileCommand: ParsableCommand {
    static let name = "describe-file"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Describes the plugin in one file, as JSON.",
        shouldDisplay: false)

    @Argument var file: String

    func run() {
        DescribeFile.run(file)
    }
}
