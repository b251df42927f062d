import CPipes
import PipesCore
import Synchronization
import Testing

@testable import PipesRuntime

@Suite("A run") struct RunTests {
    @Test("of the README's graph pairs each row with its own")
    func readme() async throws {
        let sink = CollectingSink()
        let crcs = CollectingSink()
        var graph = TestGraph()
        graph.add("inp", CountingSource(20), feeds: ["rev", "out"])
        graph.add("rev", FunctionMap { $0[0].map { -$0 } }, feeds: ["out", "crc"])
        graph.add("crc", crcs)
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(sink.rows == (0..<20).map { [$0, -$0] })
        #expect(crcs.firsts == (0..<20).map { -$0 })
        #expect(report.status == .clean)
        for name in ["inp", "rev", "crc", "out"] {
            #expect(report[name].out == 20)
            #expect(report[name].unsettled == 0)
        }
        #expect(report["out"].in == 20)
    }

    @Test("takes inputs one by one, each in its order, where they are not aggregated")
    func merge() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("a", CountingSource(1000), feeds: ["minus", "out"])
        graph.add("minus", FunctionMap { -($0[0] ?? 0) - 1 }, feeds: ["out"])
        graph.add("out", sink) { $0.aggregateInputs = false }
        let report = try await graph.run()
        #expect(sink.firsts.filter { $0 >= 0 } == Array(0..<1000))
        #expect(sink.firsts.filter { $0 < 0 } == (1...1000).map { -$0 })
        #expect(report["out"].in == 2000)
    }

    @Test("holds a fast source back at a slow sink", arguments: [1, 2, 16])
    func boundedEdge(capacity: Int) async throws {
        let source = CountingSource(200)
        let sink = GatedSink()
        var graph = TestGraph()
        graph.add("fast", source, feeds: ["slow"])
        graph.add("slow", sink, queue: capacity)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            for row in 0..<200 {
                await sink.arrival.wait()
                let now = try #require(plumber.report)
                // The sink holds the batch it works on, of at most the edge's capacity.
                #expect(source.produced <= row + 2 * capacity + 1)
                #expect(now["fast"].out <= now["slow"].in + 2 * capacity)
                sink.turnstile.letIn()
            }
            return try await ended
        }
        #expect(report["slow"].out == 200)
        let edge = try #require(report.edge("fast", "slow"))
        #expect(edge.peak <= capacity)
        #expect(edge.rows == 200)
        #expect(edge.waits > 0)
    }

    @Test("sends to all readers at the pace of the slowest")
    func fanOut() async throws {
        let source = CountingSource(100)
        let slow = GatedSink()
        let quick = CollectingSink([])
        var graph = TestGraph()
        graph.add("src", source, feeds: ["quick", "slow"])
        graph.add("quick", quick)
        graph.add("slow", slow, queue: 2)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            for row in 0..<100 {
                await slow.arrival.wait()
                // Two in the queue, two in the sink's hands.
                #expect(quick.rows.count <= row + 4)
                slow.turnstile.letIn()
            }
            return try await ended
        }
        #expect(quick.firsts == Array(0..<100))
        #expect(report["slow"].out == 100)
    }

    @Test("ends endless sources when a sink wants no more")
    func earlyEnd() async throws {
        let source = CountingSource()
        let sink = CollectingSink(limit: 10)
        var graph = TestGraph()
        graph.add("src", source, feeds: ["map"])
        graph.add("map", FunctionMap([]) { $0[0] }, queue: 4, feeds: ["out"])
        graph.add("out", sink, queue: 4)
        let report = try await graph.run()
        #expect(sink.firsts == Array(0..<10))
        #expect(report.status == .clean)
        #expect(report["out"].in == 10)
        #expect(report["out"].out == 10)
        #expect(report["map"].unsettled == 0)
    }

    @Test("keeps a source going for the readers that still want it")
    func earlyEndOfOneReader() async throws {
        let few = CollectingSink(limit: 3)
        let all = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(500), feeds: ["few", "all"])
        graph.add("few", few, queue: 2)
        graph.add("all", all, queue: 2)
        let report = try await graph.run()
        #expect(few.firsts == [0, 1, 2])
        #expect(all.firsts == Array(0..<500))
        #expect(report.status == .clean)
    }

    @Test("ends an endless source whose join partner has ended")
    func endlessPartner() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("short", CountingSource(5), feeds: ["out"])
        graph.add("endless", CountingSource(), feeds: ["out"])
        graph.add("out", sink, queue: 3)
        let report = try await graph.run()
        #expect(sink.rows == (0..<5).map { [$0, $0] })
        #expect(report.status == .clean)
        let left = report["endless"].out - 5
        #expect(report["out"].missing == left)
    }

    @Test("ends where a partner has ended, though the other input waits inside a call")
    func silentPartner() async throws {
        var graph = TestGraph()
        let silent = StallingSource(after: 0)
        graph.add("silent", silent, feeds: ["out"])
        graph.add("empty", CountingSource(0), feeds: ["out"])
        graph.add("out", CollectingSink(), queue: 3)
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(report["out"].in == 0)
        #expect(report["out"].missing == 0)
    }

    @Test("ends when a sink wants no more, though the source waits inside a call")
    func silentSource() async throws {
        var graph = TestGraph()
        graph.add("silent", StallingSource(after: 2), feeds: ["map"])
        graph.add("map", FunctionMap([]) { $0[0] }, feeds: ["out"])
        graph.add("out", CollectingSink(limit: 2))
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(report["out"].out == 2)
    }

    @Test("passes through a queue of one row, whatever the graph's width")
    func smallQueues() async throws {
        let sink = CollectingSink([])
        var graph = TestGraph()
        graph.add("src", CountingSource(300, []), feeds: ["a", "b", "c", "out"])
        graph.add("a", FunctionMap([]) { $0[0] }, queue: 1, feeds: ["out"])
        graph.add("b", FunctionMap.without(multiplesOf: 3), queue: 1, feeds: ["out"])
        graph.add("c", FunctionMap.without(multiplesOf: 2), queue: 1, feeds: ["out"])
        graph.add("out", sink, queue: 1)
        let report = try await graph.run()
        let expected = (0..<Int64(300)).filter { $0 % 3 != 0 && $0 % 2 != 0 }
        #expect(sink.rows == expected.map { [$0, $0, $0, $0] })
        #expect(report.status == .clean)
        #expect(report["out"].in == expected.count)
        for edge in report.edges { #expect(edge.peak <= edge.capacity) }
    }

    @Test("of sources that are paired by position goes on past a full edge")
    func deadlock() async throws {
        let sink = CollectingSink([])
        let other = CollectingSink([])
        var graph = TestGraph()
        graph.add("a", CountingSource(2000), feeds: ["few", "second"])
        graph.add("b", CountingSource(2000), feeds: ["first", "rare"])
        graph.add("few", FunctionMap.every50th(), feeds: ["first"])
        graph.add("rare", FunctionMap.every50th(), feeds: ["second"])
        graph.add("first", sink, queue: 4)
        graph.add("second", other, queue: 4)
        let report = try await graph.run()
        #expect(report.failures == [])
        #expect(report["first"].unsettled == 0)
        #expect(sink.rows == (0..<40).map { [$0, $0 * 50 + 49] })
        #expect(other.rows == sink.rows)
    }

    @Test("runs deferred calls up to the node's concurrency, and leaves them in order")
    func deferredCalls() async throws {
        let map = DeferringMap(seed: 7) { $0 % 5 == 4 ? nil : $0 * 2 }
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(1000), feeds: ["map"])
        graph.add("map", map, feeds: ["out"]) { $0.concurrency = 8 }
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(sink.firsts == (0..<1000).filter { $0 % 5 != 4 }.map { $0 * 2 })
        #expect(map.largestOpenCount <= 8)
        #expect(report["map"].skipped == 200)
        #expect(report["map"].unsettled == 0)
    }

    @Test("lets deferred calls leave as they come where the node is not ordered")
    func unorderedCalls() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(1000), feeds: ["map"])
        graph.add("map", DeferringMap(seed: 3) { $0 }, feeds: ["out"]) {
            $0.concurrency = 8
            $0.ordered = false
        }
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(sink.firsts.sorted() == Array(0..<1000))
        #expect(report["map"].out == 1000)
    }

    @Test("gives an aggregate's rows a lineage of their own, the last one at the end")
    func aggregate() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(10), feeds: ["sum"])
        graph.add("sum", SummingProcess(4), feeds: ["out"])
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(sink.firsts == [6, 22, 17])
        #expect(report["sum"].in == 10)
        #expect(report["sum"].out == 3)
    }

    @Test("joins a header with each of its lines")
    func headers() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(600), feeds: ["lines", "out"])
        graph.add("lines", SplittingProcess([]) { Int($0 % 4) }, feeds: ["odd"])
        graph.add("odd", FunctionMap { ($0[0] ?? 0) % 2 == 1 ? $0[0] : nil }, feeds: ["out"])
        graph.add("out", sink) { $0.onMissing = .null }
        let report = try await graph.run()
        var expected: [[Int64?]] = []
        for number in 0..<Int64(600) {
            for child in 0..<number % 4 {
                expected.append([number, child % 2 == 1 ? number * 10 + child : nil])
            }
        }
        // The order of inputs is the order in which their senders stand: src, then odd.
        #expect(sink.rows == expected)
        #expect(report["out"].missing == expected.count { $0[1] == nil })
    }
}

/// Yields some rows one by one, then waits in a call until it is interrupted.
final class StallingSource: TestProcessor {
    let description = ProcessorDescription.source()
    /// Raised when it starts to wait.
    let isStalled = Signal()
    private let gate = Gate()
    private let left: Mutex<Int>

    init(after rows: Int) { left = Mutex(rows) }

    func interrupt() { gate.open() }

    func produce(_ call: Call) -> Answer {
        let isLeft = left.withLock { left in
            left -= 1
            return left >= 0
        }
        if isLeft {
            call.emission.append(pipes_value(7), port: 0, row: nil)
            return .ok
        }
        isStalled.raise()
        gate.pass()
        return .end
    }
}

extension FunctionMap {
    static func without(multiplesOf divisor: Int64) -> FunctionMap {
        FunctionMap([]) { ($0[0] ?? 0) % divisor == 0 ? nil : $0[0] }
    }

    static func every50th() -> FunctionMap {
        FunctionMap([]) { ($0[0] ?? 0) % 50 == 49 ? $0[0] : nil }
    }
}
