import Logging
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("The log of failed rows") struct RowFailureLogTests {
    /// Keeps what is logged.
    private struct Handler: LogHandler {
        let lines: Locked<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.withLock { $0.append("\(event.level): \(event.message)") }
        }
    }

    /// What the run of a node that rejects each row logs.
    private func lines(
        rows: Int, letters: DeadLetterBox? = nil, then: NodeProperties.Then = .deadLetter
    ) async throws -> [String] {
        let lines = Locked<[String]>([])
        var graph = TestGraph()
        graph.add("src", CountingSource(rows), feeds: ["map"])
        graph.add("map", FaultyMap { _, _ in .reject }, feeds: ["out"]) { $0.then = then }
        graph.add("out", CollectingSink())
        let plumber = try graph.plumber { options in
            options.logger = Logger(label: "test") { _ in Handler(lines: lines) }
            options.deadLetters = nil
            if let letters { options.deadLetters = { letters.add($0) } }
        }
        let report = try await within { try await plumber.run() }
        let expected: RunReport.Status = then == .skip ? .clean : .failedRows
        #expect(report.status == expected)
        return lines.withLock { $0 }
    }

    @Test("has the reason of each, where nobody takes dead letters")
    func reasons() async throws {
        let lines = try await lines(rows: 2)
        #expect(
            lines == [
                "error: node \"map\": row [0] failed: no luck with 0",
                "error: node \"map\": row [1] failed: no luck with 1",
            ])
    }

    @Test("is empty where somebody takes them, and where rows are skips")
    func silence() async throws {
        let letters = DeadLetterBox()
        #expect(try await lines(rows: 2, letters: letters).isEmpty)
        #expect(letters.letters.count == 2)
        #expect(try await lines(rows: 2, then: .skip).isEmpty)
    }

    @Test("does not grow with the rows")
    func many() async throws {
        let lines = try await lines(rows: 100_000)
        #expect((FailurePace.first..<1000).contains(lines.count))
    }

    @Test("leaves out what comes too fast, and counts it")
    func pace() {
        let start = ContinuousClock.now
        var pace = FailurePace()
        let first = (0..<FailurePace.first).map { _ in pace.note(start) }
        #expect(first == Array(repeating: 0, count: FailurePace.first))
        let later = [999, 999, 999, 1000, 1000, 9000, 20_000].map {
            pace.note(start + .milliseconds($0))
        }
        #expect(later == [nil, nil, nil, 3, nil, 1, 0])
    }
}
