// A program that runs a graph itself: one of its processors is a closure of the program, the
// others come from plugins.
import Pipes

let graph = Graph(
    name: "embedding",
    nodes: [
        .init("texts", coro: "texts"),
        .init("reversed", coro: "strings.reverse"),
        .init("greeting", coro: "greet"),
        .init("out", coro: "collect"),
    ],
    edges: [
        .init(from: "texts", to: "reversed"),
        .init(from: "texts", to: "greeting"),
        .init(from: "greeting", to: "out"),
        .init(from: "reversed", to: "out"),
    ],
    env: ["greeting": .string("Hello")])

let coroMap: CoroMap = [
    "texts": .values(["ada", "grace", "barbara"].map(Value.string)),
    "greet": .map { row, context in
        guard case .string(let name) = row[0], case .string(let word)? = context.env["greeting"]
        else { return nil }
        return .string("\(word), \(name)!")
    },
    "collect": .sink { row, _ in
        let texts = row.map { if case .string(let text) = $0 { text } else { "?" } }
        print(texts.joined(separator: " | "))
    },
]

let plumber = try Plumber(graph, resolvers: [coroMap, PluginCatalog(folders: PluginFolders())])
let report = try await plumber.run()
let rows = report.nodes.map { "\($0.name) \($0.out)" }
print("\(report.status.rawValue): \(rows.joined(separator: ", "))")
