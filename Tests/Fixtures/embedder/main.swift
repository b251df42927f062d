// A program whose main is asynchronous, and which loads plugins late, away from the main thread.
import Pipes

let graph = Graph(
    name: "embedder",
    nodes: [
        .init("n", coro: "flow.range", args: [.init("end", .int(2))]),
        .init("text", coro: "founded.format"),
        .init("out", coro: "print"),
    ],
    edges: [.init(from: "n", to: "text"), .init(from: "text", to: "out")])
let coroMap: CoroMap = [
    "print": .sink { row, _ in
        if case .string(let text) = row[0] { print(text) }
    }
]
let plumber = try await Task.detached {
    let folders = PluginFolders(options: Array(CommandLine.arguments.dropFirst()))
    return try Plumber(graph, resolvers: [coroMap, PluginCatalog(folders: folders)])
}.value
let report = try await plumber.run()
await Task { @MainActor in print(report.status.rawValue) }.value
