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

/// For troff: a hyphen of a name is one to type, and a line must not begin as a request does.
func escaped(_ text: String) -> String {
    var text = text.replacingOccurrences(of: "\\", with: "\\e")
    text = text.replacingOccurrences(of: "-", with: "\\-")
    return text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.hasPrefix(".") || $0.hasPrefix("'") ? "\\&\($0)" : String($0) }
        .joined(separator: "\n")
}

func paragraphs(_ text: String) -> String {
    text.components(separatedBy: "\n\n").map { ".PP\n\(escaped($0))\n" }.joined()
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
    if let discussion = command.discussion, !discussion.isEmpty {
        text += ".SH DESCRIPTION\n" + paragraphs(discussion)
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
