// Writes a man page for each command, from what the program says of itself:
//
//     pipes-host --experimental-dump-help > help.json
//     swift Packaging/man-pages.swift help.json VERSION FOLDER
//
// swift-argument-parser's own plugin for this builds the whole program once more, so it is not
// used.

import Foundation

struct Help: Decodable {
    var command: Command
}

struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var shouldDisplay: Bool
    var superCommands: [String]?
    var arguments: [Argument]?
    var subcommands: [Command]?

    /// Up to the sentence of the exit codes, which has a section of its own.
    var description: String {
        guard let discussion, let codes = discussion.range(of: Command.codes) else {
            return discussion ?? ""
        }
        return discussion[..<codes.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Each with what it means: what the discussion says of them, in the form "Exit codes: 0 clean,
    /// 1 not made, 64 wrong usage."
    var exitCodes: [(code: String, meaning: String)] {
        let said = discussion.flatMap { text in
            text.range(of: Command.codes).map { String(text[$0.upperBound...]) }
        }
        let usual =
            shownSubcommands.isEmpty
            ? "0 done, 1 something is wrong, and standard error says what, 64 wrong usage."
            : "0 done, 1 something is wrong and nothing ran, 2 rows of a run failed, 3 a failure "
                + "stopped a run, 4 a run was cancelled, 64 wrong usage."
        let text = said ?? usual
        let flat = text.replacingOccurrences(of: "\n", with: " ").dropLast()
        return flat.replacing(#/, (?=[0-9])/#, with: "\n").split(separator: "\n").map { line in
            let parts = line.split(separator: " ", maxSplits: 1)
            return (String(parts[0]), String(parts[1]))
        }
    }

    private static let codes = "Exit codes: "

    var words: [String] { (superCommands ?? []) + [commandName] }
    var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
    /// `help` is a command of the parser's, and has nothing to explain.
    var shownSubcommands: [Command] {
        (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    }
}

struct Argument: Decodable {
    struct Name: Decodable {
        var kind: String
        var name: String
    }

    enum Kind: String, Decodable {
        case positional, option, flag
    }

    var kind: Kind
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var abstract: String?
    var discussion: String?

    /// As it is typed, in the fonts that man pages use for it.
    func typed(_ name: Name?) -> String {
        let value = "\\fI\(escaped(valueName ?? ""))\\fR"
        guard let name else { return value }
        let dashes = name.kind == "long" ? "--" : "-"
        let option = "\\fB\(escaped(dashes + name.name))\\fR"
        return kind == .flag ? option : "\(option) \(value)"
    }

    var synopsis: String {
        let text = typed(names?.last) + (isRepeating ? " ..." : "")
        return isOptional ? "[\(text)]" : text
    }

    var explanation: String {
        var sentences = [abstract, discussion].compactMap { $0 }.filter { !$0.isEmpty }
        if let defaultValue { sentences.append("Default: \(defaultValue).") }
        return sentences.joined(separator: " ")
    }
}

/// What the program can't say of itself: a line for each thing, and the commands whose pages have
/// it. Of all it is in the page of the program itself.
struct Matter {
    var name: String
    var text: String
    var commands: [String]

    private static let onGraphs = ["run", "check", "graph", "test"]
    private static let onPlugins = onGraphs + ["plugins", "inspect", "schema", "new"]

    static let environment = [
        Matter(
            name: "PIPES_PLUGINS",
            text:
                "Folders of plugins, with colons between them. They are asked after those of --plugins.",
            commands: onPlugins),
        Matter(
            name: "XDG_CACHE_HOME",
            text:
                "Where the folder pipes-host is that keeps what was learned of plugins; ~/.cache where "
                + "it is not set.",
            commands: onPlugins),
        Matter(
            name: "NO_COLOR", text: "The live table has no colors where it is set and not empty.",
            commands: ["run"]),
        Matter(
            name: "TERM",
            text:
                "Where it is dumb or not set, no table is drawn in place: the ledger stands at the end.",
            commands: ["run"]),
    ]

    static let files = [
        Matter(
            name: "plugins/",
            text:
                "Beside the graph file, and in the working folder: folders that plugins are looked for in.",
            commands: onPlugins),
        Matter(
            name: "../lib/pipes",
            text:
                "From the folder of pipes-host: the built-in plugins, and others that were put there.",
            commands: onPlugins),
        Matter(
            name: "~/.cache/pipes-host",
            text: "What was learned of plugins. It may be removed at any time.", commands: onPlugins
        ),
        Matter(
            name: "../share/doc/pipes-host",
            text: "From the folder of pipes-host: README.md, and the pages in docs.",
            commands: onPlugins + ["validate"]),
    ]

    static let examples = [
        Matter(
            name: "pipes-host run graph.json --set inp.num=3 --report -",
            text:
                "Runs a graph with another arg for its node inp, and prints the ledger as JSON at the end.",
            commands: ["run"]),
        Matter(
            name: "pipes-host check graph.json && echo fine",
            text: "Tells all mistakes, each with its line and column.", commands: ["check"]),
        Matter(
            name: "pipes-host graph graph.json --format dot | dot -Tsvg > graph.svg",
            text: "Draws a graph by means of Graphviz.", commands: ["graph"]),
        Matter(
            name: "pipes-host plugins --plugins .build/debug",
            text: "Lists plugins that were just built too.", commands: ["plugins"]),
        Matter(
            name: "pipes-host inspect strings.split",
            text: "Shows what a processor takes and gives, and a node to paste into a graph.",
            commands: ["inspect"]),
        Matter(
            name: "pipes-host inspect libm.so.6:cbrt --signature '(in:f64) -> f64'",
            text: "Shows how a plain function is called.", commands: ["inspect"]),
        Matter(
            name: "pipes-host schema > pipes.schema.json",
            text: "Writes the schema that an editor completes and checks graph files by.",
            commands: ["schema"]),
        Matter(
            name: "pipes-host new c shouter && cd shouter && make test",
            text: "Makes a plugin, builds it and tests it.", commands: ["new"]),
        Matter(
            name: "pipes-host validate plugins/shouter.so --only splits --seed 7",
            text: "Makes one check of a plugin, with the same inputs each time.",
            commands: ["validate"]),
        Matter(
            name: "pipes-host validate plugins/shouter.so --rows rows.jsonl",
            text: "Checks a plugin with rows of your own too: a JSON list on each line.",
            commands: ["validate"]),
        Matter(
            name: "pipes-host test graph.json --junit results.xml",
            text: "Runs the tests of a graph, and writes the results for a build server too.",
            commands: ["test"]),
    ]

    /// A section with those of a command; empty where there are none.
    static func section(_ title: String, _ matters: [Matter], of command: Command) -> String {
        let isWhole = command.superCommands?.isEmpty ?? true
        let chosen = matters.filter { isWhole || $0.commands.contains(command.commandName) }
        return chosen.isEmpty
            ? ""
            : ".SH \(title)\n"
                + chosen.map { ".TP\n\\fB\(escaped($0.name))\\fR\n\(escaped($0.text))\n" }.joined()
    }
}

/// For troff: a hyphen of a name is one to type, and a line must not begin as a request does.
func escaped(_ text: String) -> String {
    var text = text.replacingOccurrences(of: "\\", with: "\\e")
    text = text.replacingOccurrences(of: "-", with: "\\-")
    return text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&\($0)" : String($0) }
        .joined(separator: "\n")
}

func paragraphs(_ text: String) -> String {
    text.components(separatedBy: "\n\n").map { paragraph in
        // What is set in is shown as it is.
        paragraph.hasPrefix(" ")
            ? ".PP\n.nf\n\(escaped(paragraph))\n.fi\n" : ".PP\n\(escaped(paragraph))\n"
    }.joined()
}

func page(_ command: Command, version: String, others: [Command]) -> String {
    let name = command.words.joined(separator: "-")
    let abstract = (command.abstract ?? "").trimmingCharacters(in: CharacterSet(charactersIn: "."))
    let summary = abstract.prefix(1).lowercased() + abstract.dropFirst()
    var text = """
        .TH "\(escaped(name.uppercased()))" 1 "" "\(escaped(version))" "User Commands"
        .SH NAME
        \(escaped(name)) \\- \(escaped(summary))
        .SH SYNOPSIS
        .B \(escaped(command.words.joined(separator: " ")))

        """
    if !command.shownSubcommands.isEmpty { text += "\\fIcommand\\fR\n" }
    for argument in command.shownArguments { text += argument.synopsis + "\n" }
    if !command.description.isEmpty {
        text += ".SH DESCRIPTION\n" + paragraphs(command.description)
    }
    if !command.shownSubcommands.isEmpty {
        text += ".SH COMMANDS\n"
        for inner in command.shownSubcommands {
            text += ".TP\n\\fB\(escaped(inner.commandName))\\fR\n\(escaped(inner.abstract ?? ""))\n"
        }
    }
    text += ".SH OPTIONS\n"
    for argument in command.shownArguments {
        let names = (argument.names ?? []).map { argument.typed($0) }
        text += ".TP\n\(names.isEmpty ? argument.typed(nil) : names.joined(separator: ", "))\n"
        text += escaped(argument.explanation) + "\n"
    }
    text += ".SH EXIT STATUS\n"
    for (code, meaning) in command.exitCodes {
        text += ".TP\n\\fB\(code)\\fR\n\(escaped(meaning))\n"
    }
    text += Matter.section("ENVIRONMENT", Matter.environment, of: command)
    text += Matter.section("FILES", Matter.files, of: command)
    text += Matter.section("EXAMPLES", Matter.examples, of: command)
    let related = others.map { $0.words.joined(separator: "-") }.filter { $0 != name }
    text += ".SH SEE ALSO\n"
    text += related.map { "\\fB\(escaped($0))\\fR(1)" }.joined(separator: ",\n") + "\n"
    return text
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3, let helpFile = arguments.first, let folder = arguments.last else {
    FileHandle.standardError.write(Data("usage: man-pages.swift HELP.json VERSION FOLDER\n".utf8))
    exit(64)
}
do {
    let help = try JSONDecoder().decode(
        Help.self, from: Data(contentsOf: URL(fileURLWithPath: helpFile)))
    let commands = [help.command] + help.command.shownSubcommands
    for command in commands {
        let file = "\(folder)/\(command.words.joined(separator: "-")).1"
        let text = page(command, version: arguments[arguments.startIndex + 1], others: commands)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    }
} catch {
    FileHandle.standardError.write(Data("man-pages: \(helpFile): \(error)\n".utf8))
    exit(1)
}
