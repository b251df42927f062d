import CPipes
import PipesCore
import Synchronization
import Testing

@testable import PipesRuntime

private let releasedCount = Atomic(0)

/// Yields texts whose memory it hands over.
private final class LendingSource: TestProcessor {
    let description = ProcessorDescription.source(.nonblocking)
    /// Memory that had been given back when it was closed.
    let releasedAtClose = Locked(0)
    private let rows: Int
    private let count = Locked(0)

    init(_ rows: Int) { self.rows = rows }

    func open() throws(OpenFailure) { releasedCount.store(0, ordering: .relaxed) }

    func close() {
        releasedAtClose.withLock { $0 = releasedCount.load(ordering: .acquiring) }
    }

    func produce(_ call: Call) -> Answer {
        count.withLock { count in
            call.storage.adopt(
                release: { _ in releasedCount.add(1, ordering: .acquiringAndReleasing) },
                context: nil)
            guard let text = Value.string("lent").copied(to: call.storage) else { return .fatal }
            call.emission.append(text, port: 0, row: nil)
            count += 1
            return count == rows ? .end : .ok
        }
    }
}

/// Takes nothing of a join but its first row.
private final class WatchfulSink: TestProcessor {
    let description = ProcessorDescription.sink(.nonblocking)
    let life = LifeCounter()

    func close() { life.close() }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) { (0, .end) }
}

/// A source that takes its time to be closed.
private final class ClingingSource: TestProcessor {
    let description = ProcessorDescription.source(.nonblocking)
    let gate = Gate()
    private let count = Locked(Int64(0))

    func close() { gate.pass() }

    func produce(_ call: Call) -> Answer {
        call.emission.append(
            pipes_value(
                count.withLock { count in
                    count += 1
                    return count
                }), port: 0, row: nil)
        return .ok
    }
}

@Suite("Closing a run", .serialized) struct ClosingTests {
    @Test("waits for the whole run, so that each processor can learn how it ended")
    func late() async throws {
        let early = CollectingSink()
        let slow = GatedSink()
        var graph = TestGraph()
        graph.add("few", CountingSource(3), feeds: ["early"])
        graph.add("early", early)
        graph.add("more", CountingSource(2), feeds: ["slow"])
        graph.add("slow", slow)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            while early.rows.count < 3 { await Task.yield() }
            for _ in 0..<2 {
                await slow.arrival.wait()
                #expect(early.life.closed == 0)
                slow.turnstile.letIn()
            }
            return try await ended
        }
        #expect(report.status == .clean)
        #expect(early.life.closed == 1)
        #expect(slow.life.closed == 1)
    }

    @Test("comes after all memory that was handed over is given back")
    func release() async throws {
        for _ in 0..<20 {
            let source = LendingSource(50)
            var graph = TestGraph()
            graph.add("src", source, feeds: ["map", "out", "one"])
            graph.add("map", FunctionMap([]) { $0[0] ?? 0 }, feeds: ["out"])
            graph.add("out", CollectingSink([]), queue: 2)
            graph.add("one", WatchfulSink(), queue: 3)
            let report = try await graph.run()
            #expect(report.status == .clean)
            #expect(source.releasedAtClose.withLock { $0 } == 50)
        }
    }

    @Test("that does not return is named, and no call is named once more")
    func stuck() async throws {
        let (source, sink) = (ClingingSource(), DeafSink())
        defer {
            source.gate.open()
            sink.gate.open()
        }
        var graph = TestGraph()
        graph.add("src", source, feeds: ["out"])
        graph.add("out", sink)
        let plumber = try graph.plumber(cancelGrace: .milliseconds(5))
        let report = try await within {
            async let ended = plumber.run()
            await sink.arrival.wait()
            plumber.cancel()
            return try await ended
        }
        #expect(report.status == .cancelled)
        #expect(
            report.failures
                == ["out", "src"].map { "node \"\($0)\": did not return after it was cancelled" })
    }

    @Test("of a run that can't start leaves a report in which nothing has happened")
    func unopened() async throws {
        var graph = TestGraph()
        graph.add("src", CountingSource(9), feeds: ["out"])
        graph.add("out", UnopenableSink())
        let plumber = try graph.plumber()
        await #expect(throws: GraphFailure.self) { try await plumber.run() }
        let report = try #require(plumber.report)
        #expect(report.status == .stopped)
        #expect(report.nodes.map(\.name) == ["src", "out"])
        #expect(report.nodes.allSatisfy { $0.in == 0 && $0.out == 0 })
        #expect(report.seconds == 0)
    }
}
