import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

/// Nodes that keep rows in open calls until they have more of them, and do not say so.
@Suite("A node that keeps rows back") struct HoldingTests {
    /// Completes its calls once there are so many.
    private final class HoardingMap: TestProcessor {
        let description = ProcessorDescription.map([.defers, .nonblocking])
        private let size: Int
        private let kept = Locked<[(call: Call, row: Int64)]>([])

        init(_ size: Int) { self.size = size }

        func map(
            _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
            results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
        ) -> (done: Int, answer: Answer) {
            let row = rows[0].number ?? 0
            let whole = kept.withLock { kept in
                kept.append((call, row))
                guard kept.count == size else { return [(call: Call, row: Int64)]() }
                defer { kept = [] }
                return kept
            }
            for (call, row) in whole { call.complete(.ok, value: PlainValue(pipes_value(row))) }
            return (0, .deferred)
        }

        func cancel(_ call: Call) {
            let isKept = kept.withLock { kept in
                let count = kept.count
                kept.removeAll { $0.call === call }
                return kept.count < count
            }
            if isKept { call.complete(.cancelled) }
        }
    }

    private func graph(holding size: Int, sink: CollectingSink) -> TestGraph {
        var graph = TestGraph()
        graph.add("src", CountingSource(size * 2), feeds: ["keep", "out"])
        graph.add("keep", HoardingMap(size), feeds: ["out"]) { $0.concurrency = size }
        graph.add("out", sink, queue: 16)
        return graph
    }

    @Test("is found out, and the edge beside it grows until it has enough")
    func grows() async throws {
        let sink = CollectingSink()
        let plumber = try graph(holding: 400, sink: sink).plumber {
            $0.patience = .milliseconds(50)
        }
        let report = try await within { try await plumber.run() }
        #expect(report.status == .clean)
        #expect(sink.rows == (0..<800).map { [$0, $0] })
        #expect(try #require(report.edge("src", "out")).grown > 0)
        #expect(try #require(report.edge("keep", "out")).grown == 0)
    }

    @Test("of more than edges may grow by stops the run, with who waits for whom")
    func limit() async throws {
        let plumber = try graph(holding: 5000, sink: CollectingSink()).plumber {
            $0.patience = .milliseconds(50)
            $0.largestGrowth = 1000
        }
        let report = try await within { try await plumber.run() }
        #expect(report.status == .stopped)
        let failure = try #require(report.failures.first)
        #expect(failure.hasPrefix("deadlock: keep holds "))
        #expect(
            failure.contains(" rows and waits for more (its description says 0); src waits for"))
        #expect(failure.contains(" room in src -> out (1016 of 1016 rows)"))
        for node in report.nodes where node.name != "src" {
            #expect(node.in == node.out + node.skipped + node.failed)
        }
    }
}
