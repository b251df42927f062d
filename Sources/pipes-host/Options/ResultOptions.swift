import ArgumentParser

/// For whom the results of checks are: people, or programs that read JSON or JUnit's form.
struct ResultOptions: ParsableArguments {
    @Flag(help: "The results as JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Also writes the results to this file, in the form of JUnit; - is standard output, in "
                + "place of the text.", valueName: "file"),
        completion: .file())
    var junit: String?

    func validate() throws {
        if json, junit == "-" {
            throw ValidationError(
                "--json and --junit - both want standard output; give --junit a file")
        }
    }

    /// Whether standard output is for people: a program could not read both.
    var printsText: Bool { !json && junit != "-" }

    /// Opened before anything runs, so that a name that can't be written is told at once.
    /// - Returns: nil where no file is asked for.
    /// - Throws: `ExitCode` 1, once it was said why it can't be written.
    func junitFile() throws -> ReportFile? {
        guard let junit else { return nil }
        do {
            return try ReportFile(junit)
        } catch {
            throw GraphInput.refusal([error])
        }
    }
}
