public import Pipes

/// A run that came to a clean end, and how long it took.
public struct GraphRun: Sendable {
    public var nanoseconds: Double
    public var report: RunReport

    /// Runs a graph whose plugins stand beside this executable.
    ///
    /// The time is that of `Plumber.run`: opening and closing the processors are part of it,
    /// reading and checking the graph are not.
    /// - Throws: `GraphFailure`, or `Unsound` where rows failed or were lost.
    public static func of(_ graph: Graph) async throws -> GraphRun {
        let plumber = try Plumber(graph, resolvers: [PluginCatalog(folders: PluginFolders())])
        let start = ContinuousClock.now
        let report = try await plumber.run()
        let run = GraphRun(nanoseconds: (ContinuousClock.now - start) / .nanoseconds(1), report: report)
        guard report.status == .clean else {
            throw Unsound(description: "\(graph.name) ended \(report.status.rawValue)")
        }
        for counter in ["disorder", "strange"] where run.sink[counter, default: 0] != 0 {
            throw Unsound(description: "\(graph.name): \(run.sink[counter, default: 0]) \(counter)")
        }
        return run
    }

    /// What the sink counted.
    public var sink: [String: Int64] { report.nodes.last?.metrics ?? [:] }

    /// A result that no speed makes up for.
    public struct Unsound: Error, CustomStringConvertible {
        public var description: String

        public init(description: String) { self.description = description }
    }
}
