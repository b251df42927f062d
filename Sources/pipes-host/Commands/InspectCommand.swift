import ArgumentParser
import PipesCore
import PipesPluginHost

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what a plugin, or one processor, takes and gives, with an example node.")

    @Argument(
        help: ArgumentHelp(
            "A plugin, plugin.processor, the path of a plugin's file, or a plain function as "
                + "library:symbol with --signature.", valueName: "name"),
        completion: .custom { _, _, _ in names })
    var name: String

    @Option(help: "How to call a plain function, such as \"(in:f64) -> f64\".")
    var signature: String?

    @OptionGroup var plugins: PluginOptions

    @Flag(help: "All that the plugin or the processor says of itself, as JSON.")
    var json = false

    func run() throws {
        plugins.warnOfMissingFolders()
        if let signature { return try inspectFunction(signature) }
        let (report, processor) = try found()
        if let processor {
            let text = ProcessorText(plugin: report.name, hides: report.hides, processor)
            try show(text.value, orLines: text.lines)
        } else {
            try show(report.value, orLines: PluginText(report: report).lines)
        }
    }

    /// Of all plugins and processors in the usual folders: what a shell offers.
    private static var names: [String] {
        PluginOptions.usualInspector.reports().filter { $0.broken == nil }.flatMap { plugin in
            [plugin.name] + plugin.processors.map { "\(plugin.name).\($0.name)" }
        }
    }

    private func show(_ value: Value, orLines lines: String) throws {
        if json {
            try Console.show(json: value)
        } else {
            try Console.show(lines)
        }
    }

    private func inspectFunction(_ signature: String) throws {
        let function: InspectedFunction
        do {
            function = try InspectedFunction(
                coro: name, signature: signature, scout: plugins.inspector)
        } catch {
            throw GraphInput.refusal(error.errors.map { Diagnostic(file: name, $0.message) })
        }
        let text = FunctionText(coro: name, signature, function)
        try show(text.value, orLines: text.lines)
        GraphInput.report(function.disagreements.map { Diagnostic(.warning, file: name, $0) })
    }

    /// - Throws: `ExitCode` 1, once it was said why there is nothing to show.
    private func found() throws -> (PluginReport, ProcessorDescription?) {
        if name.contains("/") {
            guard let report = plugins.inspector.report(of: name) else {
                throw refusal("is no plugin: it does not export pipes_plugin_v1")
            }
            return (try usable(report), nil)
        }
        if name.contains(":") {
            throw refusal(
                "is a plain function; say how to call it with --signature, such as "
                    + "--signature \"(in.ptr, in.len:size) -> int\"")
        }
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let report = plugins.inspector.report(named: String(parts[0])) else {
            throw missing(String(parts[0]))
        }
        let plugin = try usable(report)
        guard parts.count == 2 else { return (plugin, nil) }
        let names = plugin.processors.map(\.name)
        guard let processor = plugin.processors.first(where: { $0.name == parts[1] }) else {
            throw refusal(
                "no processor \"\(parts[1])\" in plugin \(plugin.name) (\(plugin.file)); it has "
                    + names.joined(separator: ", ") + "."
                    + Self.meant(String(parts[1]), among: names))
        }
        return (plugin, processor)
    }

    private func usable(_ report: PluginReport) throws -> PluginReport {
        guard let reason = report.broken else { return report }
        throw refusal("plugin \(report.name) (\(report.file)) is broken: \(reason)")
    }

    private func missing(_ plugin: String) -> ExitCode {
        let inspector = plugins.inspector
        if let file = inspector.ordinaryFile(named: plugin) {
            return refusal(
                "\(file) is no plugin: it does not export pipes_plugin_v1; a plain function of it "
                    + "is named with a colon and --signature, \(file):SYMBOL")
        }
        let searched = inspector.folders.folders.map(\.path).joined(separator: ", ")
        let installed = inspector.reports().map(\.name)
        return refusal(
            "no plugin \"\(plugin)\": there is no \(plugin).so and no lib\(plugin).so in "
                + "\(searched)." + Self.meant(plugin, among: installed))
    }

    private func refusal(_ message: String) -> ExitCode {
        GraphInput.refusal([Diagnostic(file: name, message)])
    }

    private static func meant(_ name: String, among names: [String]) -> String {
        nearestName(to: name, among: names).map { " Did you mean \"\($0)\"?" } ?? ""
    }
}
