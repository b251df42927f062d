import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A plumber") struct PlumberTests {
    @Test("refuses a graph whose file was wrong with all mistakes, those of the file too")
    func mistakesOfTheFile() throws {
        let text = """
            {"nodes": {
              "src": {"coro": "nowhere", "properties": {"concurrency": "many"}},
              "out": {"coro": "out"}},
             "graph": {"src": ["out"], "ghost": ["out"]}}
            """
        let (graph, diagnostics) = GraphFile.parse(
            Array(text.utf8), file: "wrong.json", environment: [:])
        #expect(diagnostics.count == 2)
        let coros: CoroMap = ["out": .sink { _, _ in }]
        let wrong = try #require(graph)
        let failure = #expect(throws: GraphFailure.self) {
            try Plumber(wrong, resolvers: [coros])
        }
        let found = failure?.diagnostics ?? []
        #expect(found.filter { diagnostics.contains($0) }.count == 2)
        #expect(
            found.map(\.description) == [
                "wrong.json:2:19: error: node \"src\": nothing here knows \"nowhere\"",
                "wrong.json:2:60: error: node \"src\": \"concurrency\" wants an integer, got a string",
                "wrong.json:4:28: error: \"graph\" names \"ghost\", which is not among the nodes.",
            ])
    }

    /// Says what the report of its run is while it works on a row.
    @Test("reports that it is running until it is over, and how it would end")
    func status() async throws {
        let seen = Locked<[RunReport]>([])
        let running = Locked<Plumber?>(nil)
        var graph = TestGraph()
        graph.add("src", CountingSource(3), feeds: ["fails"])
        graph.add("fails", FaultyMap { row, _ in row == 1 ? .reject : .ok }, feeds: ["out"])
        graph.add(
            "out",
            FunctionMap { row in
                if let report = running.withLock({ $0 })?.report {
                    seen.withLock { $0.append(report) }
                }
                return row[0]
            })
        let plumber = try graph.plumber()
        #expect(plumber.report == nil)
        running.withLock { $0 = plumber }
        let report = try await within { try await plumber.run() }
        running.withLock { $0 = nil }
        let reports = seen.withLock { $0 }
        #expect(!reports.isEmpty && reports.allSatisfy { $0.status == .running })
        #expect(reports.allSatisfy { [.clean, .failedRows].contains($0.outcome) })
        #expect(report.status == .failedRows && report.outcome == .failedRows)
        #expect(plumber.report?.status == .failedRows)
    }
}
