import ArgumentParser
import PipesPluginHost

/// The child's side of trying the examples of a graph's nodes; not for people.
struct TryExamplesCommand: AsyncParsableCommand {
    static let name = "try-examples"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Runs the examples of a node, and tells what they came to as lines of JSON.",
        shouldDisplay: false)

    @Argument var request: String

    func run() async {
        await ExampleTrial.run(request)
    }
}
