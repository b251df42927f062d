import Foundation
import MeasuredGraphs
import Pipes

/// The program itself, from its start to its exit.
func commandWorkloads() {
    workload("pipes-host run of three nodes", metrics: ["time", "memory"]) { recorder in
        let graph = """
            {"nodes": {"texts": {"coro": "strings.random", "args": {"num": 20}},
                "reversed": {"coro": "strings.reverse"}, "out": {"coro": "io.print"}},
             "graph": {"texts": ["reversed"], "reversed": ["out"]}}
            """
        try await HostProcess.measure(["run"], graph: graph) { nanoseconds, bytes in
            recorder.record("time", nanoseconds / 1e6)
            recorder.record("memory", bytes / 1e6)
        }
    }
    check("check of 100,000 nodes in a row") { node in [node + 1] }
    check("check of 100,000 nodes, each feeding two") { node in [2 * node + 1, 2 * node + 2] }

    func check(_ name: String, receivers: @escaping @Sendable (Int) -> [Int]) {
        workload(name, metrics: ["time", "memory"], iterations: min(3, Size.iterations)) {
            let graph = HostProcess.graph(ofNodes: 100_000, receivers: receivers)
            let recorder = $0
            try await HostProcess.measure(["check"], graph: graph) { nanoseconds, bytes in
                recorder.record("time", nanoseconds / 1e9)
                recorder.record("memory", bytes / 1e6)
            }
        }
    }
}

/// `pipes-host` as a process of its own.
enum HostProcess {
    /// Runs a command on a graph file with this text.
    static func measure(
        _ command: [String], graph: String,
        _ note: (_ nanoseconds: Double, _ bytes: Double) -> Void
    ) async throws {
        let folder = PluginFolders.executableFolder ?? "."
        let file = FileManager.default.temporaryDirectory
            .appending(path: "pipes-benchmark-\(ProcessInfo.processInfo.processIdentifier).json")
        try Data(graph.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }

        let process = Process()
        process.executableURL = URL(filePath: "\(folder)/child-cost")
        process.arguments = ["\(folder)/pipes-host"] + command + [file.path()]
        let output = Pipe()
        process.standardOutput = output
        // What the host says of a run is not wanted among the progress of the benchmarks.
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let figures = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard process.terminationStatus == 0, figures.count == 2 else {
            throw GraphRun.Unsound(
                description: "pipes-host \(command.joined(separator: " ")) failed")
        }
        note(figures[0], figures[1])
    }

    /// A graph file: a source, and maps that are fed as `receivers` says; a map nobody feeds
    /// would be an error, and numbers past the end are left out.
    static func graph(ofNodes count: Int, receivers: (Int) -> [Int]) -> String {
        var nodes = ["\"n0\": {\"coro\": \"flow.range\", \"args\": {\"end\": 10}}"]
        var edges: [String] = []
        for node in 0..<count {
            if node > 0 { nodes.append("\"n\(node)\": {\"coro\": \"flow.delay\"}") }
            let names = receivers(node).filter { $0 < count }.map { "\"n\($0)\"" }
            edges.append("\"n\(node)\": [\(names.joined(separator: ", "))]")
        }
        return """
            {"nodes": {\(nodes.joined(separator: ",\n"))},
             "graph": {\(edges.joined(separator: ",\n"))}}
            """
    }
}
