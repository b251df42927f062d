import PipesCore

/// Processors for graphs under test, by `coro`.
let processors: [String: ProcessorDescription] = {
    typealias Description = ProcessorDescription
    func port(_ name: String, _ kind: Kind) -> Description.Port { .init(name: name, kind: kind) }
    let any = port("out", .any)
    let params: [Description.Param] = [
        .init(name: "num", kind: .int, fallback: .int(20), minimum: 1, maximum: 100),
        .init(name: "ratio", kind: .float, fallback: .int(1)),
        .init(
            name: "how", kind: .string, fallback: .string("skip"),
            choices: [.string("reject"), .string("retry"), .string("skip")]),
        .init(name: "blob", kind: .bytes, fallback: .string("AP8=")),
        .init(name: "free", kind: .any, fallback: .null),
        .init(name: "level", kind: .float, fallback: .float(1), choices: [.int(1), .int(2)]),
    ]
    return [
        "t.source": Description(name: "source", shape: .produce, inputs: []),
        "t.texts": Description(
            name: "texts", shape: .produce, inputs: [], outputs: [port("text", .string)]),
        "t.ints": Description(
            name: "ints", shape: .produce, inputs: [], outputs: [port("number", .int)]),
        "t.bytes": Description(
            name: "bytes", shape: .produce, inputs: [], outputs: [port("data", .bytes)]),
        "t.twins": Description(
            name: "twins", shape: .produce, inputs: [],
            outputs: [port("left", .any), port("right", .any)]),
        "t.map": Description(name: "map", shape: .map, inputs: nil),
        "t.text": Description(
            name: "text", shape: .map, inputs: [port("text", .string)],
            outputs: [port("text", .string)]),
        "t.cos": Description(
            name: "cos", shape: .map, inputs: [port("in", .float)], outputs: [port("out", .float)]),
        "t.params": Description(name: "params", shape: .map, params: params, inputs: nil),
        "t.needs": Description(
            name: "needs", shape: .map, params: [.init(name: "path", kind: .string)], inputs: nil),
        "t.ports": Description(
            name: "ports", shape: .map, inputs: nil,
            outputs: [port("good", .string), port("bad", .int)]),
        "t.split": Description(
            name: "split", shape: .process, rate: .splits, inputs: nil, outputs: [any]),
        "t.forks": Description(
            name: "forks", shape: .process, rate: .splits, inputs: nil,
            outputs: [port("left", .any), port("right", .any)]),
        "t.count": Description(
            name: "count", shape: .process, rate: .aggregates, inputs: nil, holds: .all),
        "t.pair": Description(
            name: "pair", shape: .map, inputs: [port("left", .string), port("right", .any)]),
        "t.window": Description(
            name: "window", shape: .process, rate: .keeps,
            params: [.init(name: "size", kind: .int, fallback: .int(2000))], inputs: nil,
            holds: .param("size")),
        "t.hold5": Description(
            name: "hold5", shape: .process, rate: .keeps, inputs: nil, holds: .rows(5)),
        "t.sort": Description(
            name: "sort", shape: .process, rate: .keeps, inputs: nil, holds: .all),
        "t.broken": Description(
            name: "broken", shape: .process, rate: .keeps, inputs: nil, holds: .param("size")),
        "t.sink": Description(
            name: "sink", shape: .map, flags: .sink, inputs: nil, outputs: []),
    ]
}()

/// A graph file and what becomes of it. Each node stands on a line of its own, from the second
/// on; the edges stand on the line behind them.
struct CheckedText {
    var checked: CheckedGraph?
    var diagnostics: [Diagnostic]

    /// - Parameters:
    ///   - nodes: `name coro`, and after another space what else is in the node's object.
    ///   - edges: the value of `graph`.
    init(_ nodes: [String], _ edges: String) {
        let lines = nodes.map { node in
            let parts = node.split(separator: " ", maxSplits: 2)
            let rest = parts.count > 2 ? ", \(parts[2])" : ""
            return "\"\(parts[0])\": {\"coro\": \"\(parts[1])\"\(rest)}"
        }
        let text = "{\"nodes\": {\n\(lines.joined(separator: ",\n"))}, \"graph\":\n\(edges)}"
        let (graph, found) = GraphFile.parse(Array(text.utf8), file: "g", environment: [:])
        diagnostics = found
        guard let graph else { return }
        let (checked, more) = GraphChecker.check(graph, resolve: resolve)
        self.checked = checked
        diagnostics += more
    }

    /// Without the name of the file; and without those of nodes that feed no other, which many
    /// graphs here have.
    var messages: [String] { all.filter { !$0.contains(": feeds no other node, ") } }

    /// Without the name of the file.
    var all: [String] { diagnostics.map { String($0.description.dropFirst(2)) } }

    func node(_ name: String) -> CheckedGraph.Node? { checked?.nodes.first { $0.name == name } }

    /// The capacity of an edge.
    func capacity(_ from: String, _ to: String) -> Int? {
        checked?.edges.first {
            checked?.nodes[$0.from].name == from && checked?.nodes[$0.to].name == to
        }?.capacity
    }
}

func resolve(_ node: Graph.Node) -> Result<GraphChecker.Resolution, GraphChecker.Rejection> {
    if let description = processors[node.coro] { return .success(.init(description)) }
    return .failure(
        GraphChecker.Rejection([Diagnostic(.error, "no processor \(node.coro.quoted) in plugin t.")]
        ))
}
