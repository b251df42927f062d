import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("Batches that are worked on side by side") struct OpenJobsTests {
    /// Defers every batch. Once all rows are in its hands, the first is completed, and each further
    /// one when the sink has seen the one before it: a look of the node for each.
    private final class PatientProcess: TestProcessor {
        let description = ProcessorDescription.process(
            .keeps, [.defers, .nonblocking, .concurrent])
        private let total: Int
        private let state = Locked((calls: [Call](), rows: 0, next: 0))

        init(total: Int) { self.total = total }

        func process(_ call: Call, _ batch: pipes_batch) -> Answer {
            for row in 0..<Int(batch.count) {
                call.emission.append(batch.columns?[0]?[row] ?? .null, port: 0, row: row)
            }
            let isFull = state.withLock { state in
                state.calls.append(call)
                state.rows += Int(batch.count)
                return state.rows == total
            }
            if isFull { completeNext() }
            return .deferred
        }

        var largestCount: Int { state.withLock { $0.calls.count } }

        func completeNext() {
            let call: Call? = state.withLock { state in
                guard state.rows == total, state.next < state.calls.count else { return nil }
                defer { state.next += 1 }
                return state.calls[state.next]
            }
            call?.complete(.ok)
        }
    }

    private final class ReleasingSink: TestProcessor {
        let description = ProcessorDescription.sink(.nonblocking)
        private let process: PatientProcess

        init(_ process: PatientProcess) { self.process = process }

        func map(
            _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
            results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
        ) -> (done: Int, answer: Answer) {
            process.completeNext()
            return (count, .ok)
        }
    }

    private func seconds(_ count: Int) async throws -> Double {
        let process = PatientProcess(total: count)
        var graph = TestGraph()
        graph.add("src", CountingSource(count), feeds: ["process"])
        graph.add("process", process, queue: 1, feeds: ["out"]) { $0.concurrency = count }
        graph.add("out", ReleasingSink(process))
        let start = ContinuousClock.now
        let report = try await graph.run()
        let time = (ContinuousClock.now - start) / .seconds(1)
        #expect(report["out"].out == count && report.status == .clean)
        #expect(process.largestCount == count)
        return time
    }

    @Test("ten times as many take no hundred times as long")
    func linear() async throws {
        _ = try await seconds(100)
        let few = try await seconds(1000)
        let many = try await seconds(10_000)
        #expect(many < few * 40)
    }
}
