import PipesCore

/// A graph as text: what `pipes-host graph` prints.
struct GraphDrawing {
    enum Format: String, CaseIterable {
        case mermaid
        case dot
        case text
    }

    private let graph: Graph
    private let receivers: [String: [Graph.Edge]]
    private let senders: [String: [Graph.Edge]]

    init(_ graph: Graph) {
        self.graph = graph
        receivers = Dictionary(grouping: graph.edges, by: \.from)
        senders = Dictionary(grouping: graph.edges, by: \.to)
    }

    func lines(as format: Format) -> [String] {
        switch format {
        case .mermaid: mermaidLines
        case .dot: dotLines
        case .text: textLines
        }
    }

    /// How a node takes several inputs; nil where it has at most one.
    private func mode(of node: Graph.Node) -> String? {
        guard (senders[node.name] ?? []).count > 1 else { return nil }
        return node.properties.aggregateInputs ? "join" : "merge"
    }

    /// The output that an edge leaves by, and whether it goes back.
    private func label(of edge: Graph.Edge) -> String? {
        let parts = [edge.output, edge.feedback == nil ? nil : "feedback"].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    // MARK: mermaid

    /// Mermaid's words that can't be the id of a node.
    private static let mermaidWords: Set<String> = [
        "call", "class", "classdef", "click", "default", "direction", "end", "flowchart", "graph",
        "href", "linkstyle", "style", "subgraph",
    ]

    /// A node's name where mermaid takes it as an id, else `node` and its number, so that any
    /// name can be drawn.
    private var mermaidIDs: [String: String] {
        let names = Set(graph.nodes.map(\.name))
        var ids: [String: String] = [:]
        for (index, node) in graph.nodes.enumerated() {
            let isPlain =
                node.name.utf8.allSatisfy {
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 && $0 < 0x80
                        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "_")
                } && !node.name.isEmpty && !Self.mermaidWords.contains(node.name.lowercased())
            var id = isPlain ? node.name : "node\(index)"
            while !isPlain, names.contains(id) { id += "_" }
            ids[node.name] = id
        }
        return ids
    }

    private var mermaidLines: [String] {
        let ids = mermaidIDs
        var lines = ["flowchart LR"]
        for node in graph.nodes {
            var label = "\(Self.mermaidText(node.name))<br/>\(Self.mermaidText(node.coro))"
            if let mode = mode(of: node) { label += "<br/>(\(mode))" }
            lines.append("    \(ids[node.name] ?? node.name)[\"\(label)\"]")
        }
        for edge in graph.edges {
            let line = edge.feedback == nil ? "-->" : "-.->"
            let arrow = label(of: edge).map { "\(line)|\"\(Self.mermaidText($0))\"|" } ?? line
            lines.append("    \(ids[edge.from] ?? edge.from) \(arrow) \(ids[edge.to] ?? edge.to)")
        }
        return lines
    }

    private static func mermaidText(_ text: String) -> String {
        var escaped = ""
        for character in text.printable {
            switch character {
            case "#": escaped += "#35;"
            case "\"": escaped += "#quot;"
            case "<": escaped += "#lt;"
            case ">": escaped += "#gt;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    // MARK: dot

    private var dotLines: [String] {
        var lines = [
            "digraph \(Self.dotText(graph.name)) {", "    rankdir=LR;", "    node [shape=box];",
        ]
        for node in graph.nodes {
            var label = "\(node.name)\n\(node.coro)"
            if let mode = mode(of: node) { label += "\n(\(mode))" }
            lines.append("    \(Self.dotText(node.name)) [label=\(Self.dotText(label))];")
        }
        for edge in graph.edges {
            var looks = label(of: edge).map { ["label=\(Self.dotText($0))"] } ?? []
            if edge.feedback != nil { looks += ["style=dashed", "constraint=false"] }
            let list = looks.isEmpty ? "" : " [\(looks.joined(separator: ", "))]"
            lines.append("    \(Self.dotText(edge.from)) -> \(Self.dotText(edge.to))\(list);")
        }
        return lines + ["}"]
    }

    private static func dotText(_ text: String) -> String {
        let escaped = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line).printable.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
        }
        return "\"\(escaped.joined(separator: "\\n"))\""
    }

    // MARK: text

    private var textLines: [String] {
        var table = TextTable([
            .init(title: "node"), .init(title: "processor"), .init(title: "takes"),
            .init(title: "feeds"),
        ])
        for node in graph.nodes {
            var takes = (senders[node.name] ?? []).map { sender(of: $0) }.joined(separator: ", ")
            if let mode = mode(of: node) { takes = "\(mode)(\(takes))" }
            let feeds = (receivers[node.name] ?? []).map { receiver(of: $0) }
            table.rows.append(
                [
                    node.name, node.coro, takes.isEmpty ? "-" : takes,
                    feeds.isEmpty ? "-" : feeds.joined(separator: ", "),
                ].map(\.printable))
        }
        return table.lines
    }

    private func sender(of edge: Graph.Edge) -> String {
        (edge.output.map { "\(edge.from).\($0)" } ?? edge.from) + mark(of: edge)
    }

    private func receiver(of edge: Graph.Edge) -> String {
        (edge.output.map { "\($0): \(edge.to)" } ?? edge.to) + mark(of: edge)
    }

    private func mark(of edge: Graph.Edge) -> String {
        edge.feedback == nil ? "" : " (feedback)"
    }
}
