import ArgumentParser
import Glibc
import PipesCore
import PipesPluginHost

struct NewCommand: ParsableCommand {
    enum Language: String, ExpressibleByArgument, CaseIterable {
        case c
        case swift
    }

    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Makes a plugin project: one processor, a graph that runs it, and a test.",
        discussion: """
            The project is a new folder, and what it takes to build, run and test it is printed. \
            In C it has a Makefile and a CMakeLists.txt, which find pipes.h through pkg-config; \
            in Swift it is a package that depends on PipesPlugin.

            Exit codes: 0 made, 1 not made, 64 wrong usage.
            """)

    @Argument(help: "c or swift.")
    var language: Language

    @Argument(help: "The plugin's name, and the folder's.")
    var name: String

    @Option(
        name: .customLong("package"),
        help: ArgumentHelp(
            "Where the package PipesPlugin is; by default the one that came with pipes-host.",
            valueName: "dir"), completion: .directory)
    var package: String?

    @OptionGroup var plugins: PluginOptions

    func run() throws {
        plugins.warnOfMissingFolders()
        let surroundings = Surroundings.current
        let name = try checkedName()
        let project: Project
        var preparations = surroundings.commandsForProgram
        switch language {
        case .c:
            project = .inC(name)
            preparations += surroundings.commandsForHeader
        case .swift:
            project = .inSwift(name, package: try packageFolder(surroundings))
        }
        do throws(Project.WriteError) {
            try project.write(to: name.text)
        } catch {
            throw refusal(error.path, "can't be made: \(error.reason)")
        }
        let kind = language == .c ? "C" : "Swift"
        let commands = preparations + ["cd \(name.text)"] + project.commands
        try Console.show(
            """
            \(name.text): a plugin in \(kind) with the processor \(name.text).mark. \
            To build, run and test it:


            """ + commands.map { "    \($0)\n" }.joined())
    }

    /// - Throws: `ExitCode` 1, once it was said why the name won't do.
    private func checkedName() throws -> ProjectName {
        let checked: ProjectName
        do throws(ProjectName.Unfit) {
            checked = try ProjectName(name)
        } catch {
            throw refusal(name.quoted, "can't be a plugin's name: \(error.reason)")
        }
        var status = stat()
        if lstat(name.cPath, &status) == 0 {
            throw refusal(
                name, "is here already, and is left alone; take another name, or remove it")
        }
        if let plugin = plugins.inspector.report(named: name) {
            throw refusal(
                name,
                "there is a plugin of that name already, \(plugin.file), and a graph could name "
                    + "only one of them; take another name")
        }
        return checked
    }

    /// - Throws: `ExitCode` 1, once it was said that there is none.
    private func packageFolder(_ surroundings: Surroundings) throws -> String {
        guard let package else {
            if let folder = surroundings.packageFolder { return folder }
            throw refusal(
                "PipesPlugin",
                "the package did not come with this pipes-host; say where it is: --package DIR")
        }
        guard let resolved = realpath(package.cPath, nil) else {
            throw refusal(package, "\(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        let folder = String(path: resolved)
        guard access("\(folder)/Package.swift".cPath, R_OK) == 0 else {
            throw refusal(
                package, "there is no Package.swift in it; it wants the folder PipesPlugin")
        }
        return folder
    }

    private func refusal(_ subject: String, _ message: String) -> ExitCode {
        GraphInput.refusal([Diagnostic(file: subject, message)])
    }
}
