import ArgumentParser
import PipesCore
import PipesPluginHost

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "Lists what plugins there are, and which are broken and why.")

    @OptionGroup var plugins: PluginOptions

    @Flag(help: "A list of objects: name, version, summary, file, processors, broken, hides.")
    var json = false

    func run() throws {
        plugins.warnOfMissingFolders()
        let reports = plugins.inspector.reports()
        if json {
            try Console.show(json: Self.list(reports))
        } else {
            try Console.show(Self.text(reports))
        }
    }

    private static func list(_ reports: [PluginReport]) -> Value {
        .list(
            reports.map { report in
                .map(
                    [
                        .init("name", .string(report.name)),
                        .init("version", .string(report.version)),
                        .init("summary", .string(report.summary)),
                        .init("file", .string(report.file)),
                        .init("processors", .list(report.processors.map { .string($0.name) })),
                        .init("broken", report.broken.map { .string($0) } ?? .null),
                    ] + report.hidden)
            })
    }

    private static func text(_ reports: [PluginReport]) -> String {
        if reports.isEmpty { return "no plugins\n" }
        var lines: [String] = []
        for report in reports {
            if let reason = report.broken {
                lines.append("\(report.name)  broken: \(reason)")
                lines.append("    \(report.file)")
                lines += report.hidingLine.map { "    \($0)" }
                // The machine may have been busy.
                if report.isDangerous {
                    lines.append("    not tried again before it changes, or is touched")
                }
                continue
            }
            lines.append("\(report.name) \(report.version)  \(report.summary.inOneLine)")
            lines.append("    \(report.file)")
            lines += report.hidingLine.map { "    \($0)" }
            lines.append("    \(report.processors.map(\.name).joined(separator: ", "))")
        }
        return lines.map { $0.printable + "\n" }.joined()
    }
}
