import PipesCore
import PipesJSON
import PipesPluginHost

/// A plugin for people: what `inspect` prints of it.
struct PluginText {
    let report: PluginReport

    var lines: String {
        var table = TextTable([.init(title: "processor"), .init(title: "does")])
        for processor in report.processors {
            table.rows.append(["\(report.name).\(processor.name)", processor.summary.inOneLine])
        }
        let made = report.toolchain.map { ", made with \($0)" } ?? ""
        let title = ["\(report.name) \(report.version): \(report.summary.inOneLine)"]
        return (title + ["\(report.file)\(made)"] + report.hidingLine + [""] + table.lines)
            .map { $0.printable + "\n" }.joined()
    }
}

extension PluginReport {
    /// A line that names the files that are never loaded; none where there are none.
    var hidingLine: [String] {
        hides.isEmpty ? [] : ["hides \(hides.joined(separator: ", "))"]
    }
}

/// A plain function for people: how its signature is understood, and what kind of node it makes.
struct FunctionText {
    private let coro: String
    private let signature: String
    private let function: InspectedFunction

    init(coro: String, _ signature: String, _ function: InspectedFunction) {
        self.coro = coro
        self.signature = signature
        self.function = function
    }

    private var node: ProcessorText {
        ProcessorText(coro: coro, signature: signature, function.description)
    }

    /// With the node to paste.
    var value: Value { function.value.adding([.init("example", node.example)]) }

    var lines: String {
        let call = ["", "call"] + function.words.map { "  \($0)" } + ["  \(comparison)"]
        return node.lines + call.map { $0.printable + "\n" }.joined()
    }

    private var comparison: String {
        if function.hasVarargs {
            return "it has varargs, for which no signature is right"
        }
        guard function.hasDebugInformation else {
            return
                "the library has no debug information of it to compare with, or gdb is not here; "
                + "give the node examples"
        }
        return function.disagreements.isEmpty
            ? "the library's debug information agrees as far as it can be compared"
            : "the library's debug information disagrees"
    }
}

/// A processor for people, with a node to paste into a graph.
struct ProcessorText {
    /// nil for a plain function.
    private let plugin: String?
    private let coro: String
    private let processor: ProcessorDescription

    private var signature: String?
    /// Files of the same plugin that are never loaded.
    private var hides: [String] = []

    init(plugin: String, hides: [String], _ processor: ProcessorDescription) {
        self.plugin = plugin
        self.hides = hides
        coro = "\(plugin).\(processor.name)"
        self.processor = processor
    }

    /// A plain function.
    init(coro: String, signature: String, _ processor: ProcessorDescription) {
        plugin = nil
        self.coro = coro
        self.signature = signature
        self.processor = processor
    }

    /// All that the processor says of itself, with its plugin and the node to paste.
    var value: Value {
        processor.report.adding([
            .init("plugin", plugin.map { .string($0) } ?? .null), .init("example", example),
        ]).adding(hides.isEmpty ? [] : [.init("hides", .list(hides.map { .string($0) }))])
    }

    var lines: String {
        var lines = [
            processor.summary.isEmpty ? coro : "\(coro): \(processor.summary.inOneLine)", "",
        ]
        if !hides.isEmpty { lines.append("hides    \(hides.joined(separator: ", "))") }
        lines.append("shape    \(shape)")
        let flags = processor.flags.words
        lines.append("flags    \(flags.isEmpty ? "none" : flags.joined(separator: ", "))")
        if let holds { lines.append("holds    \(holds)") }
        lines +=
            section("inputs", processor.inputs, without: "none") ?? [
                "inputs   any number, of any kind"
            ]
        lines += section("outputs", processor.outputs, without: "none") ?? []
        lines += params
        lines += ["", "example  \(Self.json(example))"]
        return lines.map { $0.printable + "\n" }.joined()
    }

    private var shape: String {
        let rate =
            switch processor.rate {
            case .keeps: "keeps keys"
            case .splits: "splits"
            case .aggregates: "aggregates"
            }
        if processor.isSource { return "source" }
        return processor.isSink ? "sink" : "\(processor.shape.word), \(rate)"
    }

    private var holds: String? {
        switch processor.holds {
        case .none: nil
        case .rows(let count): "up to \(count) rows"
        case .param(let name): "as many rows as the arg \(name) says"
        case .all: "all rows until its input ends"
        }
    }

    private func section(
        _ title: String, _ ports: [ProcessorDescription.Port]?, without: String
    ) -> [String]? {
        guard let ports else { return nil }
        let padded = title + String(repeating: " ", count: 9 - title.count)
        if ports.isEmpty { return [padded + without] }
        return ports.enumerated().map { index, port in
            let indent = index == 0 ? padded : String(repeating: " ", count: 9)
            let help = port.help.isEmpty ? "" : ": \(port.help.inOneLine)"
            return "\(indent)\(port.name) \(port.kind.name)\(help)"
        }
    }

    private var params: [String] {
        if processor.params.isEmpty { return ["args     none"] }
        var table = TextTable([
            .init(title: "arg"), .init(title: "kind"), .init(title: "default"),
            .init(title: "allowed"), .init(title: "help"),
        ])
        for param in processor.params {
            table.rows.append([
                param.name, param.kind.name,
                param.fallback.map { Self.json($0.asArg) } ?? "required",
                Self.allowed(param), param.help.inOneLine,
            ])
        }
        return [""] + table.lines
    }

    private static func allowed(_ param: ProcessorDescription.Param) -> String {
        if let choices = param.choices {
            return choices.map { json($0.asArg) }.joined(separator: ", ")
        }
        func number(_ limit: Double) -> String {
            Int64(exactly: limit).map(String.init) ?? String(limit)
        }
        return switch (param.minimum, param.maximum) {
        case (nil, nil): "any"
        case (let minimum?, nil): "from \(number(minimum))"
        case (nil, let maximum?): "to \(number(maximum))"
        case (let minimum?, let maximum?): "\(number(minimum)) to \(number(maximum))"
        }
    }

    /// With every arg, at its default or at a value of its kind.
    var example: Value {
        let args = processor.params.map { param in
            Value.Pair(param.name, (param.fallback ?? Self.sample(param)).asArg)
        }
        return .map(
            [.init("coro", .string(coro))]
                + (signature.map { [.init("signature", .string($0))] } ?? [])
                + (args.isEmpty ? [] : [.init("args", .map(args))]))
    }

    private static func sample(_ param: ProcessorDescription.Param) -> Value {
        if let choice = param.choices?.first { return choice }
        // The number next to 1 that is allowed: with 0 rows or no time most nodes do nothing.
        let number = min(max(1, param.minimum ?? 1), param.maximum ?? .infinity)
        return switch param.kind {
        case .bool: .bool(true)
        case .int: .int(Int64(exactly: number.rounded(number < 1 ? .down : .up)) ?? 0)
        case .float: .float(number)
        case .string, .any: .string("text")
        case .bytes: .bytes([])
        case .list: .list([])
        case .map: .map([])
        case .null, .tensor: .null
        }
    }

    private static func json(_ value: Value) -> String {
        var bytes: [UInt8] = []
        value.appendJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Value {
    /// A MAP with more in it; anything else as it is.
    fileprivate func adding(_ more: [Value.Pair]) -> Value {
        guard case .map(let pairs) = self else { return self }
        return .map(pairs + more)
    }
}
