import PipesCore

@testable import PipesRuntime

/// A run whose graph is replaced by another one like it, again and again until its end.
struct ReplacedRun: Sendable {
    let live: LiveRun
    private let makePlumber: @Sendable (_ number: Int) throws -> Plumber

    /// - Parameter makePlumber: makes the plumber of the n-th graph, n from 0.
    init(_ makePlumber: @escaping @Sendable (_ number: Int) throws -> Plumber) throws {
        self.makePlumber = makePlumber
        live = LiveRun(try makePlumber(0))
    }

    /// - Returns: also how often another graph took over.
    func run() async throws -> (report: RunReport, replacements: Int) {
        async let report = live.run()
        // Before that there is nothing to replace.
        while live.report == nil { await Task.yield() }
        var replacements = 0
        do {
            while true {
                try await live.replace(with: makePlumber(replacements + 1))
                replacements += 1
            }
        } catch LiveRun.Refusal.over {}
        return (try await report, replacements)
    }
}
