import CPipes
import Glibc
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("Ending a run") struct EndingTests {
    @Test("a drain stops the sources and finishes what is in flight")
    func drain() async throws {
        let source = CountingSource()
        let sink = GatedSink()
        var graph = TestGraph()
        graph.add("src", source, feeds: ["map"])
        graph.add("map", DeferringMap(seed: 1) { $0 }, queue: 8, feeds: ["out"]) {
            $0.concurrency = 4
        }
        graph.add("out", sink, queue: 8)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            await sink.arrival.wait()
            plumber.drain()
            sink.turnstile.letIn(1000)
            return try await ended
        }
        #expect(report.status == .clean)
        #expect(report["src"].out == report["map"].in)
        #expect(report["map"].out == report["out"].in)
        #expect(report["out"].out == report["src"].out)
        #expect(report["src"].out > 0)
        #expect(sink.life.closed == 1)
    }

    @Test("a drain interrupts a source that waits inside a call")
    func drainOfStalledSource() async throws {
        let source = StallingSource(after: 3)
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", source, feeds: ["out"])
        graph.add("out", sink)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            await source.isStalled.wait()
            plumber.drain()
            return try await ended
        }
        #expect(report.status == .clean)
        #expect(sink.firsts == [7, 7, 7])
    }

    @Test("a stop that comes before the run holds for it", arguments: [true, false])
    func earlyStop(isDrain: Bool) async throws {
        let source = CountingSource()
        let sink = InterruptedSink()
        var graph = TestGraph()
        graph.add("src", source, feeds: ["out"])
        graph.add("out", sink)
        let plumber = try graph.plumber()
        if isDrain { plumber.drain() } else { plumber.cancel() }
        let report = try await within { try await plumber.run() }
        #expect(report.status == (isDrain ? .clean : .cancelled))
        #expect(source.produced == 0)
        // Nothing is interrupted before it was opened.
        #expect(!sink.wasInterrupted)
        #expect(sink.life.closed == 1)
    }

    @Test("a drain past its deadline is a cancel")
    func drainDeadline() async throws {
        let map = SilentMap(heedsCancel: true)
        var graph = TestGraph()
        graph.add("src", CountingSource(), feeds: ["map"])
        graph.add("map", map, feeds: ["out"])
        graph.add("out", CollectingSink())
        let plumber = try graph.plumber(drainTimeout: .milliseconds(1))
        let report = try await within {
            async let ended = plumber.run()
            await map.arrival.wait()
            plumber.drain()
            return try await ended
        }
        #expect(report.status == .cancelled)
        #expect(report["map"].failed == report["map"].in)
        #expect(report.failures.count == 1)
    }

    @Test("a cancel fails what is in flight, and counts it")
    func cancel() async throws {
        let letters = DeadLetterBox()
        let map = SilentMap(heedsCancel: true)
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(), feeds: ["map"])
        graph.add("map", map, queue: 16, feeds: ["out"]) { $0.concurrency = 4 }
        graph.add("out", sink)
        let plumber = try graph.plumber(letters: letters)
        let report = try await within {
            async let ended = plumber.run()
            for _ in 0..<4 { await map.arrival.wait() }
            plumber.cancel()
            return try await ended
        }
        #expect(report.status == .cancelled)
        #expect(report["map"].in == report["map"].failed)
        #expect(report["map"].in == report["src"].out)
        #expect(report["map"].failed >= 4)
        #expect(sink.rows.isEmpty)
        #expect(letters.letters.count == report["map"].failed)
        #expect(letters.letters.allSatisfy { $0.message == "cancelled" })
        #expect(map.life.closed == 1)
    }

    @Test("a cancel is heard between the rows of a batch that take long")
    func cancelInsideBatch() async throws {
        let cancel = Locked<(@Sendable () -> Void)?>(nil)
        let map = FunctionMap([]) { row in
            cancel.withLock { $0 }?()
            usleep(3000)
            return row[0]
        }
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(), feeds: ["map"])
        graph.add("map", map, feeds: ["out"])
        graph.add("out", sink)
        let plumber = try graph.plumber()
        cancel.withLock { $0 = { plumber.cancel() } }
        let report = try await within { try await plumber.run() }
        cancel.withLock { $0 = nil }
        #expect(report.status == .cancelled)
        // The first call is for one row.
        #expect(report["map"].in > 1)
        #expect(report["map"].out <= 2)
        #expect(report["map"].in == report["map"].out + report["map"].failed)
    }

    @Test("a cancelled task cancels its run, also a sink that waits inside a call")
    func taskCancel() async throws {
        let sink = GatedSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(), feeds: ["out"])
        graph.add("out", sink, queue: 4)
        let plumber = try graph.plumber()
        let report = try await within {
            let task = Task { try await plumber.run() }
            await sink.arrival.wait()
            task.cancel()
            return try await task.value
        }
        #expect(report.status == .cancelled)
        #expect(report["out"].in == report["out"].out + report["out"].failed)
        #expect(report["out"].failed > 0)
        #expect(sink.life.closed == 1)
    }

    @Test("a call that never completes is given up after the grace time")
    func abandon() async throws {
        let map = SilentMap(heedsCancel: false)
        var graph = TestGraph()
        graph.add("src", CountingSource(3), feeds: ["map"])
        graph.add("map", map, feeds: ["out"]) { $0.concurrency = 3 }
        graph.add("out", CollectingSink())
        let plumber = try graph.plumber(cancelGrace: .milliseconds(200))
        let report = try await within {
            async let ended = plumber.run()
            for _ in 0..<3 { await map.arrival.wait() }
            plumber.cancel()
            return try await ended
        }
        #expect(report.status == .cancelled)
        #expect(report["map"].failed == 3)
        #expect(map.abandoned == 3)
        #expect(map.life.closed == 1)
    }

    @Test(
        "a timeout counts like a retry, and its last one fails the row", arguments: [true, false])
    func timeout(heedsCancel: Bool) async throws {
        let letters = DeadLetterBox()
        let map = SilentMap(heedsCancel: heedsCancel)
        var graph = TestGraph()
        graph.add("src", CountingSource(2), feeds: ["map"])
        graph.add("map", map, feeds: ["out"]) {
            $0.timeout = .milliseconds(1)
            $0.concurrency = 2
            $0.retry = .init(
                max: 1, shortestPause: .milliseconds(1), longestPause: .milliseconds(1))
        }
        graph.add("out", CollectingSink())
        let plumber = try graph.plumber(letters: letters, cancelGrace: .milliseconds(1))
        let report = try await within { try await plumber.run() }
        #expect(report.status == .failedRows)
        #expect(report["map"].retries == 2)
        #expect(report["map"].failed == 2)
        #expect(letters.letters.map(\.attempts) == [2, 2])
        #expect(map.abandoned == (heedsCancel ? 0 : 4))
    }

    @Test("a call that returns only long after it was cancelled is named, and the run ends")
    func giveUp() async throws {
        let sink = DeafSink()
        defer { sink.gate.open() }
        var graph = TestGraph()
        graph.add("src", CountingSource(5), feeds: ["out"])
        graph.add("out", sink)
        let plumber = try graph.plumber(cancelGrace: .milliseconds(5))
        let report = try await within {
            async let ended = plumber.run()
            await sink.arrival.wait()
            plumber.cancel()
            return try await ended
        }
        #expect(report.status == .cancelled)
        #expect(report.failures == ["node \"out\": did not return after it was cancelled"])
    }

    @Test("a call that outlives its timeout and the interrupt stops the run, and is named")
    func stuckCall() async throws {
        let sink = DeafSink()
        defer { sink.gate.open() }
        var graph = TestGraph()
        graph.add("src", CountingSource(5), feeds: ["out"])
        graph.add("out", sink) { $0.timeout = .milliseconds(1) }
        let plumber = try graph.plumber(cancelGrace: .milliseconds(5))
        let report = try await within { try await plumber.run() }
        #expect(report.status == .stopped)
        #expect(
            report.failures.first
                == "node \"out\": a call did not return after its timeout, also when it was "
                + "interrupted")
    }

    @Test("a source's open call is asked to stop once nobody wants more of it")
    func openCallOfUnwantedSource() async throws {
        let source = PatientSource()
        let sink = CollectingSink(limit: 1)
        var graph = TestGraph()
        graph.add("src", source, feeds: ["out"])
        graph.add("out", sink, queue: 4)
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == [0])
        #expect(source.life.closed == 1)
    }

    @Test("each processor is closed exactly once", arguments: [true, false])
    func close(isCancelled: Bool) async throws {
        let source = CountingSource(isCancelled ? nil : 100)
        let map = DeferringMap(seed: 5) { $0 }
        let faulty = FaultyMap([]) { row, _ in row % 7 == 0 ? .reject : .ok }
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", source, feeds: ["map", "faulty"])
        graph.add("map", map, queue: 4, feeds: ["out"])
        graph.add("faulty", faulty, queue: 4, feeds: ["out"])
        graph.add("out", sink)
        let plumber = try graph.plumber()
        _ = try await within {
            async let ended = plumber.run()
            if isCancelled {
                while plumber.report == nil { await Task.yield() }
                plumber.cancel()
            }
            return try await ended
        }
        for life in [source.life, map.life, faulty.life, sink.life] {
            #expect(life.opened == 1)
            #expect(life.closed == 1)
        }
    }
}

/// Takes no notice of an interrupt.
final class DeafSink: TestProcessor {
    let description = ProcessorDescription.sink()
    let gate = Gate()
    let arrival = Signal()

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        arrival.raise()
        gate.pass()
        return (count, .ok)
    }
}

/// Notes whether it was interrupted.
final class InterruptedSink: TestProcessor {
    let description = ProcessorDescription.sink()
    let life = LifeCounter()
    private let isInterrupted = Locked(false)

    var wasInterrupted: Bool { isInterrupted.withLock { $0 } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }
    func interrupt() { isInterrupted.withLock { $0 = true } }
}
