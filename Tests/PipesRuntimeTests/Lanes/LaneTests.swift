import CPipes
import Glibc
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A stage with lanes") struct LaneTests {
    private func options(processors: Int = 2) -> Plan.Options {
        var options = Plan.Options()
        options.processorCount = processors
        return options
    }

    @Test("lets rows leave in key order, whatever lane is faster", arguments: [1, 2, 5])
    func order(lanes: Int) async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("numbers", CountingSource(5000), feeds: ["map"])
        // Some rows take longer than others.
        let map = FunctionMap([.nonblocking, .concurrent]) { (row: [Int64?]) -> Int64? in
            var value = row[0] ?? 0
            for _ in 0..<(value % 7 == 0 ? 500 : 1) { value = (value &* 31 &+ 7) & 0xFFFF }
            return row[0]
        }
        graph.add("map", map, feeds: ["out"]) { $0.concurrency = lanes }
        graph.add("out", sink)
        let plumber = try graph.plumber(plan: options(processors: 8))
        let report = try await within { try await plumber.run() }
        #expect(sink.firsts == Array(0..<5000))
        #expect(report["map"].in == 5000)
        #expect(report["map"].out == 5000)
        #expect(map.life.closed == 1)
    }

    @Test("enters a processor that blocks as often at once as its concurrency says")
    func blocking() async throws {
        let sink = CollectingSink()
        let crowd = Crowd(of: 6)
        var graph = TestGraph()
        graph.add("numbers", CountingSource(60), feeds: ["map"])
        graph.add(
            "map",
            FunctionMap([.concurrent]) { row in
                crowd.meet()
                return row[0]
            }, feeds: ["out"]
        ) { $0.concurrency = 6 }
        graph.add("out", sink)
        // Each call waits until six of them are there: fewer at once, and it never ends.
        let report = try await graph.run()
        #expect(sink.firsts == Array(0..<60))
        #expect(report["map"].out == 60)
    }

    @Test("has no edge inside that holds less than lanes are given at once")
    func narrowEdge() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        let flags: ProcessorDescription.Flags = [.nonblocking, .concurrent]
        graph.add("numbers", CountingSource(300), feeds: ["first"])
        graph.add("first", FunctionMap(flags) { $0[0] }, feeds: ["second"]) { $0.concurrency = 2 }
        graph.add("second", FunctionMap(flags) { $0[0] }, feeds: ["out"]) {
            $0.concurrency = 2
            $0.queueSize = 3
        }
        graph.add("out", sink)
        let plumber = try graph.plumber(plan: options())
        #expect(plumber.plan.stages.map(\.nodes.count) == [1, 1, 1, 1])
        let report = try await within { try await plumber.run() }
        #expect(sink.firsts == Array(0..<300))
        #expect((1...3).contains(report.edge("first", "second")?.peak ?? 0))
    }

    @Test("has nodes that share it run in each lane, joins included")
    func joins() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        let flags: ProcessorDescription.Flags = [.nonblocking, .concurrent]
        graph.add("numbers", CountingSource(3000), feeds: ["first"])
        graph.add("first", FunctionMap(flags) { $0[0] }, feeds: ["odd", "sum"]) {
            $0.concurrency = 2
        }
        graph.add(
            "odd", FunctionMap(flags) { row in row[0].flatMap { $0 % 2 == 1 ? $0 * 10 : nil } },
            feeds: ["sum"]
        ) { $0.concurrency = 2 }
        graph.add("sum", FunctionMap(flags) { ($0[0] ?? 0) + ($0[1] ?? 0) }, feeds: ["out"]) {
            $0.concurrency = 2
        }
        graph.add("out", sink)
        let plumber = try graph.plumber(plan: options())
        #expect(plumber.plan.stages.map(\.lanes) == [1, 2, 1])
        #expect(plumber.plan.stages[1].nodes.count == 3)
        let report = try await within { try await plumber.run() }
        let sums = (0..<1500).map { (row: Int64) -> Int64 in (row * 2 + 1) * 11 }
        #expect(sink.firsts == sums)
        #expect(report["sum"].missing == 1500)
        #expect(report.edge("first", "odd")?.rows == 3000)
    }

    @Test("stops its sender when the processor wants no more")
    func wantsNoMore() async throws {
        let source = CountingSource()
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("numbers", source, feeds: ["map"])
        graph.add(
            "map", FaultyMap([.nonblocking, .concurrent]) { row, _ in row == 1000 ? .end : .ok },
            feeds: ["out"]
        ) { $0.concurrency = 2 }
        graph.add("out", sink)
        let plumber = try graph.plumber(plan: options())
        let report = try await within { try await plumber.run() }
        #expect(Array(sink.firsts.prefix(1000)) == Array(0..<1000))
        #expect(sink.firsts == sink.firsts.sorted())
        #expect(!sink.firsts.contains(1000))
        #expect(report.status == .clean)
    }

    @Test("tries rows again without holding up those of other pieces")
    func retries() async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("numbers", CountingSource(100), feeds: ["map"])
        graph.add(
            "map",
            FaultyMap([.concurrent]) { row, attempt in
                row % 10 == 0 && attempt == 1 ? .retry : .ok
            }, feeds: ["out"]
        ) {
            $0.concurrency = 4
            $0.retry = .init(
                max: 2, shortestPause: .milliseconds(2), longestPause: .milliseconds(4))
        }
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(sink.firsts == Array(0..<100))
        #expect(report["map"].retries == 10)
    }
}

/// Calls that wait for one another: each goes on once there are enough.
private final class Crowd: Sendable {
    private let size: Int
    private let arrived = Locked(0)

    init(of size: Int) {
        self.size = size
    }

    func meet() {
        let number = arrived.withLock { arrived in
            arrived += 1
            return arrived
        }
        let enough = (number + size - 1) / size * size
        while arrived.withLock({ $0 < enough }) { sched_yield() }
    }
}
