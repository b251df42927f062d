import PipesConformance
import PipesCore
import PipesPluginHost
import PipesRuntime
import PipesTesting

/// The rows that the tests of a graph file bring to the processors of one plugin. Each test runs in
/// a process of its own: what it shows is of no matter, nor is how it ends.
struct TestRows {
    private let file: String
    private let plugin: String
    private let pluginFolder: String
    private let graph: Graph

    private static let timeLimit = Duration.seconds(60)

    /// - Parameters:
    ///   - file: the graph file.
    ///   - plugin: its name.
    ///   - path: of its file, with a `/`: the folder comes before all others.
    /// - Throws: `ExitCode` 1, once it was printed what is wrong with the graph.
    init(file: String, plugin: String, path: String) throws {
        self.file = file
        self.plugin = plugin
        pluginFolder = PluginCatalog.folder(of: path)
        let (graph, diagnostics) = try GraphInput.read(file)
        let resolvers = [PluginOptions.catalog(forGraphFile: file, folders: [pluginFolder])]
        let (checked, _, found) = Plumber.check(graph, resolvers: resolvers)
        let mistakes = GraphTestCheck.check(graph, resolvers: resolvers)
        if checked == nil { throw GraphInput.refusal(diagnostics + found + mistakes) }
        if !mistakes.isEmpty { throw GraphInput.refusal(mistakes) }
        self.graph = graph
    }

    /// Each row once. Blocks until all tests have ended.
    func rows() -> [(processor: String, row: OwnRows.Row)] {
        var seen: Set<[UInt8]> = []
        var rows: [(String, OwnRows.Row)] = []
        for index in graph.tests.indices {
            for line in output(ofTest: index).split(separator: UInt8(ascii: "\n"))
            where seen.insert(Array(line)).inserted {
                guard case .list(let values)? = try? Value(json: Array(line)),
                    case .string(let processor)? = values.first
                else { continue }
                rows.append((processor, OwnRows.Row(Array(values.dropFirst()), file: file)))
            }
        }
        return rows
    }

    private func output(ofTest index: Int) -> [UInt8] {
        let command = [
            "/proc/self/exe", TestRowsCommand.name, "--plugins", pluginFolder, "--", file,
            String(index), plugin,
        ]
        guard let child = try? ChildProcess(command, inheritsDescriptors: true) else { return [] }
        defer { child.closeOutput() }
        let deadline = ContinuousClock.now + Self.timeLimit
        var text: [UInt8] = []
        while child.advance({ text += $0 }) == nil {
            guard .now < deadline else {
                child.kill()
                _ = child.waitForEnding()
                break
            }
            ChildProcess.wait(for: [child])
        }
        return text
    }
}
