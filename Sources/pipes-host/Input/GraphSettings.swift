import PipesCore
import PipesJSON

/// Puts what `--set` and `--env` say into a graph, before it is checked.
struct GraphSettings {
    var args: [ArgSetting]
    var env: [EnvSetting]

    /// - Parameter describe: what a node's `coro` names; nil where that is wrong, which the check
    ///   reports.
    /// - Returns: what is wrong with the settings.
    func apply(
        to graph: inout Graph, describe: (Graph.Node) -> ProcessorDescription?
    ) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        for setting in args {
            do {
                try Self.apply(setting, to: &graph, describe: describe)
            } catch {
                problems.append(error)
            }
        }
        for setting in env {
            do {
                try Self.apply(setting, to: &graph)
            } catch {
                problems.append(error)
            }
        }
        return problems
    }

    private static func apply(
        _ setting: ArgSetting, to graph: inout Graph,
        describe: (Graph.Node) -> ProcessorDescription?
    ) throws(Diagnostic) {
        try Self.checkText(setting.option)
        guard let index = graph.nodes.firstIndex(where: { $0.name == setting.node }) else {
            throw Diagnostic(
                file: setting.option,
                "there is no node \"\(setting.node)\" in \(graph.file ?? graph.name)."
                    + meant(setting.node, among: graph.nodes.map(\.name)))
        }
        guard let params = describe(graph.nodes[index])?.params else { return }
        guard let param = params.first(where: { $0.name == setting.arg }) else {
            let names = params.map(\.name)
            let known = names.isEmpty ? "none" : names.joined(separator: ", ")
            throw Diagnostic(
                file: setting.option,
                "node \"\(setting.node)\": no arg \"\(setting.arg)\" in \(graph.nodes[index].coro); "
                    + "it has \(known)." + meant(setting.arg, among: names))
        }
        let value: Value =
            param.kind == .string
            ? .string(setting.text)
            : try json(setting.text, of: setting.option, kind: param.kind)
        let arg = Graph.Arg(setting.arg, value, option: setting.option)
        if let old = graph.nodes[index].args.firstIndex(where: { $0.name == setting.arg }) {
            graph.nodes[index].args[old] = arg
        } else {
            graph.nodes[index].args.append(arg)
        }
    }

    /// A value that the file gives as anything but text stays of its kind.
    private static func apply(
        _ setting: EnvSetting, to graph: inout Graph
    ) throws(Diagnostic) {
        try Self.checkText(setting.option)
        switch graph.env[setting.name] {
        case nil, .string:
            graph.env[setting.name] = .string(setting.text)
        case .some(let old):
            let value = try json(setting.text, of: setting.option, kind: old.kind)
            guard old == .null || value.kind == old.kind || (value.kind, old.kind) == (.int, .float)
            else {
                throw Diagnostic(
                    file: setting.option,
                    "the value is \(value.kind.name), and that of the file is \(old.kind.name)")
            }
            graph.env[setting.name] = value
        }
    }

    /// - Throws: where an option is not text throughout, as what a graph holds must be.
    static func checkText(_ option: String) throws(Diagnostic) {
        if option.isText { return }
        throw Diagnostic(
            file: option,
            "it is not UTF-8, and the texts of a graph are; a file of such a name can be given a "
                + "link with another name")
    }

    private static func json(
        _ text: String, of option: String, kind: Kind
    ) throws(Diagnostic) -> Value {
        do {
            return try Value(json: Array(text.utf8))
        } catch {
            throw Diagnostic(
                file: option,
                error.isJSON
                    ? error.message
                    : "the value is \(kind.name) and must be written as JSON: \(error.message)")
        }
    }

    private static func meant(_ name: String, among names: [String]) -> String {
        nearestName(to: name, among: names).map { " Did you mean \"\($0)\"?" } ?? ""
    }
}
