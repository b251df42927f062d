import ArgumentParser
import PipesConformance

/// The child's side of `validate`; not for people.
struct CheckPluginCommand: ParsableCommand {
    static let name = "check-plugin"

    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Makes one check of a plugin, and tells how it goes as lines of JSON.",
        shouldDisplay: false)

    @Argument var request: String

    func run() {
        CheckChild.run(request)
    }
}
