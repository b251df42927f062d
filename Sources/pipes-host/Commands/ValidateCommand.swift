import ArgumentParser
import Glibc
import PipesConformance
import PipesCore
import PipesJSON
import PipesPluginHost

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Does this plugin keep the contract?",
        discussion: """
            Each check runs in a process of its own, with standard input from /dev/null, standard \
            output to it, and a working folder that is removed afterwards. Random inputs come from \
            --seed; what failed says how to make it again.

            Exit codes: 0 all checks that could be made passed, 1 something was found, nothing of a \
            processor could be checked, or the file is no plugin, 64 wrong usage.
            """)

    @Argument(help: "The plugin's file.", completion: .file(extensions: ["so"]))
    var file: String

    @OptionGroup var form: ResultOptions

    @Option(
        help: ArgumentHelp(
            "What random inputs are made from; a new one each time where it is not given.",
            valueName: "n"))
    var seed: UInt64?

    @Option(
        help: ArgumentHelp(
            "Only this check; may be given more than once.",
            discussion: Check.all.map(\.name).joined(separator: ", "), valueName: "check"),
        completion: .list(Check.all.map(\.name)))
    var only: [String] = []

    @Option(
        name: .customLong("processor"),
        help: ArgumentHelp(
            "Only this processor of the plugin; may be given more than once.", valueName: "name"))
    var processors: [String] = []

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp(
            "An arg to open a processor with: a text as it is for a STRING, JSON for other kinds.",
            valueName: "processor.arg=value"))
    var args: [ArgSetting] = []

    @Option(
        name: .customLong("rows"),
        help: ArgumentHelp(
            "A file of rows to check with beside those that are generated: on each line a JSON list "
                + "of a row's values; may be given more than once.", valueName: "file"),
        completion: .file())
    var rowFiles: [String] = []

    @Option(
        name: .customLong("graph"),
        help: ArgumentHelp(
            "A graph file: the rows that its tests bring to the plugin's processors are used beside "
                + "those that are generated.", valueName: "file"),
        completion: .graphFile)
    var graphFile: String?

    func validate() throws {
        let names = Check.all.map(\.name)
        for name in only where !names.contains(name) {
            let meant = nearestName(to: name, among: names).map { " Did you mean \"\($0)\"?" } ?? ""
            throw ValidationError("there is no check \"\(name)\".\(meant)")
        }
    }

    func run() throws {
        let path = file.contains("/") ? file : "./\(file)"
        let inspector = PluginInspector(
            folders: PluginFolders(options: [], executableFolder: nil),
            command: ["/proc/self/exe", DescribeFileCommand.name])
        guard access(path.cPath, F_OK) == 0 else {
            throw refusal(String(cString: strerror(errno)))
        }
        guard var plugin = inspector.report(of: path) else {
            throw refusal("is no plugin: it does not export pipes_plugin_v1")
        }
        if let reason = plugin.broken { throw refusal("is broken: \(reason)") }
        plugin.file = file
        for name in processors where !plugin.processors.contains(where: { $0.name == name }) {
            throw refusal(
                "no processor \"\(name)\"; it has "
                    + plugin.processors.map(\.name).joined(separator: ", "))
        }
        let args = try settings(plugin)
        let rows = try ownRows(plugin, path: path)
        let junitFile = try form.junitFile()
        let report = Validator(command: ["/proc/self/exe", CheckPluginCommand.name]).validate(
            plugin, path: absolute(path),
            selection: .init(checks: only, processors: processors),
            args: args, rows: rows, seed: seed ?? UInt64.random(in: 0...UInt64.max))
        if form.printsText { try Console.show(report.text.withVisibleBytes) }
        if form.json { try Console.show(json: report.value) }
        try junitFile?.write(report.junit.withVisibleBytes)
        if !report.hasPassed { throw ExitCode(1) }
    }

    /// What `--rows` and `--graph` bring to the processors that are checked.
    private func ownRows(_ plugin: PluginReport, path: String) throws -> OwnRows {
        let options =
            rowFiles.flatMap { ["--rows", $0] } + (graphFile.map { ["--graph", $0] } ?? [])
        var rows = OwnRows(options: options)
        let chosen = plugin.processors.filter {
            processors.isEmpty || processors.contains($0.name)
        }
        let others = plugin.processors.filter { !chosen.contains($0) }
        let names = chosen.map { "\(plugin.name).\($0.name)" }.joined(separator: ", ")
        var mistakes: [Diagnostic] = []
        for file in rowFiles {
            let (found, wrong) = OwnRows.read(file)
            mistakes += wrong + rows.add(found, to: chosen, beside: others, of: plugin.name)
        }
        if let graphFile {
            let tests = try TestRows(file: graphFile, plugin: plugin.name, path: path)
            let brought = tests.rows()
            for (processor, row) in brought {
                // What a test brings in vain it may bring on purpose.
                _ = rows.add([row], to: chosen.filter { $0.name == processor }, of: plugin.name)
            }
            if brought.isEmpty || rows.count == 0 {
                mistakes.append(
                    Diagnostic(file: graphFile, "its tests bring no row to \(names)"))
            }
        }
        // Each of several files may be for other processors.
        if rows.count == 0, mistakes.isEmpty {
            mistakes = rowFiles.map { Diagnostic(file: $0, "holds no row for \(names)") }
        }
        if !mistakes.isEmpty { throw GraphInput.refusal(mistakes) }
        return rows
    }

    /// A child has a working folder of its own.
    private func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return "\(String(path: folder))/\(path)"
    }

    private func settings(_ plugin: PluginReport) throws -> Validator.Args {
        var all: Validator.Args = [:]
        for setting in args {
            do throws(Diagnostic) {
                try GraphSettings.checkText(setting.option)
            } catch {
                throw GraphInput.refusal([error])
            }
            guard let processor = plugin.processors.first(where: { $0.name == setting.node }) else {
                throw refusal(
                    "\(setting.option): no processor \"\(setting.node)\"; it has "
                        + plugin.processors.map(\.name).joined(separator: ", "))
            }
            guard let param = processor.params.first(where: { $0.name == setting.arg }) else {
                throw refusal(
                    "\(setting.option): no param \"\(setting.arg)\" in \(setting.node); it has "
                        + (processor.params.isEmpty ? "none" : processor.params.map(\.name).listed))
            }
            do {
                let value =
                    param.kind == .string
                    ? Value.string(setting.text) : try Value(json: Array(setting.text.utf8))
                all[setting.node, default: [:]][setting.arg] = try param.converted(value)
            } catch let misfit as ProcessorDescription.Param.Misfit {
                throw refusal("\(setting.option): the value \(misfit.reason)")
            } catch let error as JSONError where error.isJSON {
                throw refusal("\(setting.option): \(error.message)")
            } catch {
                throw refusal(
                    "\(setting.option): the value is \(param.kind.name) and must be written as JSON"
                )
            }
        }
        return all
    }

    private func refusal(_ message: String) -> ExitCode {
        GraphInput.refusal([Diagnostic(file: file, message)])
    }
}
