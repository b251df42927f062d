// A service that runs graphs of other people: what they may name is listed, and what they may take
// is limited.
import Pipes

/// Runs a graph that somebody else has written, over rows of ours.
func run(_ file: String, rows: [Value]) async throws -> RunReport {
    // No variables of the process.
    let (graph, _) = try Graph.read(file)
    let limits = graph.nodes.map(\.properties)
    guard limits.count <= 100,
        limits.allSatisfy({ $0.concurrency <= 64 && $0.queueSize <= 4096 }),
        limits.allSatisfy({ $0.queueBytes <= 16 << 20 }),
        graph.edges.allSatisfy({ ($0.queueSize ?? 0) <= 4096 }),
        graph.edges.allSatisfy({ ($0.queueBytes ?? 0) <= 16 << 20 })
    else {
        let reason = Diagnostic(file: file, "is too large for this service")
        throw GraphFailure(diagnostics: [reason])
    }

    // What this service offers, and nothing else; refused by name before any file is opened.
    let allowed = AllowedCoros(["strings", "json", "flow.head"])
    let closures: CoroMap = [
        "input": .values(rows),
        "output": .sink { row, _ in
            if case .string(let text) = row[0] { print(text) }
        },
    ]
    let catalog = PluginCatalog(folders: PluginFolders(), allowed: allowed)
    let plumber = try Plumber(graph, resolvers: [closures, catalog])

    return try await withThrowingTaskGroup(of: RunReport?.self) { group in
        group.addTask { try await plumber.run() }
        group.addTask {
            try await Task.sleep(for: .seconds(60))
            plumber.cancel()
            return nil
        }
        defer { group.cancelAll() }
        while let report = try await group.next() {
            if let report { return report }
        }
        throw CancellationError()
    }
}

do {
    let file = CommandLine.arguments.dropFirst().first ?? "Examples/strangers/reversed.json"
    let report = try await run(file, rows: ["ada", "grace"].map(Value.string))
    print(report.status.rawValue)
} catch {
    print(error)
}
