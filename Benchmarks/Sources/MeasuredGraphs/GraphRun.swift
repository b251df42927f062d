public import Pipes

/// A run that came to a clean end, and how long it took.
public struct GraphRun: Sendable {
    public var nanoseconds: Double
    public var report: RunReport

    /// Runs a graph whose plugins stand beside this executable.
    ///
    /// The time is that of `Plumber.run`: opening and closing the processors are part of it,
    /// reading and checking the graph are not.
    /// - Parameter options: those of the run.
    /// - Throws: `GraphFailure`, or `Unsound` where rows failed or were lost.
    public static func of(
        _ graph: Graph, options: Plumber.Options = Plumber.Options()
    ) async throws -> GraphRun {
        let plumber = try Plumber(
            graph, resolvers: [PluginCatalog(folders: PluginFolders())], options: options)
        let start = ContinuousClock.now
        let report = try await plumber.run()
        let nanoseconds = (ContinuousClock.now - start) / .nanoseconds(1)
        let run = GraphRun(nanoseconds: nanoseconds, report: report)
        guard report.status == .clean else {
            throw Unsound(description: "\(graph.name) ended \(report.status.rawValue)")
        }
        if let copies = run.sink["strange"], copies != 0 {
            throw Unsound(description: "\(graph.name): \(copies) buffers are not the source's own")
        }
        return run
    }

    /// For a source of rising numbers.
    /// - Throws: `Unsound` where a row came after one that was behind it.
    public func expectOrder() throws {
        guard sink["disorder"] == 0 else {
            throw Unsound(description: "\(report.graph): rows came out of order")
        }
    }

    /// What the sink counted.
    public var sink: [String: Int64] { report.nodes.last?.metrics ?? [:] }

    /// A result that no speed makes up for.
    public struct Unsound: Error, CustomStringConvertible {
        public var description: String

        public init(description: String) { self.description = description }
    }
}
