import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

/// A cycle of references would keep a run, its processors and the rows in them for as long as the
/// process lives, however many graphs an embedding service runs.
@Suite("A run that is over leaves nothing behind") struct ReleaseTests {
    enum Shape: CaseIterable, Sendable {
        case joined
        case lanes
        case loop
    }

    /// What is to be let go of, held weakly.
    private final class Remains {
        private struct Entry {
            let name: String
            weak var object: AnyObject?
        }

        private var entries: [Entry] = []

        func add(_ object: AnyObject, as name: String) {
            entries.append(Entry(name: name, object: object))
        }

        /// What is still there after a while: what looks at a run from time to time may hold it
        /// for the moment of a look.
        func left() async throws -> [String] {
            let end = ContinuousClock.now + .seconds(10)
            while ContinuousClock.now < end, entries.contains(where: { $0.object != nil }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            return entries.filter { $0.object != nil }.map(\.name)
        }
    }

    private static func graph(
        _ shape: Shape, source: any TestProcessor, map: any TestProcessor, sink: any TestProcessor
    ) -> TestGraph {
        var graph = TestGraph()
        switch shape {
        case .joined:
            graph.add("source", source, feeds: ["map", "sink"])
            // Long enough for its alarm to outlive the run.
            graph.add("map", map, feeds: ["sink"]) {
                $0.concurrency = 10
                $0.timeout = .seconds(1000)
            }
            graph.add("sink", sink, queue: 4)
        case .lanes:
            graph.add("source", source, feeds: ["map"])
            graph.add("map", map, feeds: ["sink"]) { $0.concurrency = 4 }
            graph.add("sink", sink)
        case .loop:
            graph.add("source", source, feeds: ["map"])
            graph.add("map", map, feeds: ["sink"]) { $0.aggregateInputs = false }
            graph.add("sink", sink)
            graph.feedBack("map", to: "map", maxInLoop: 4)
        }
        return graph
    }

    private static func map(_ shape: Shape) -> any TestProcessor {
        switch shape {
        case .joined: DeferringMap(seed: 1) { $0 % 3 == 0 ? nil : $0 }
        case .lanes: FunctionMap([.nonblocking, .concurrent]) { $0[0] }
        // Each row leaves the loop after some rounds.
        case .loop: FunctionMap { ($0[0] ?? 0) % 5 == 0 ? nil : ($0[0] ?? 0) + 1 }
        }
    }

    @Test("whatever its graph, and however it ended", arguments: Shape.allCases, [true, false])
    func graphs(shape: Shape, isCancelled: Bool) async throws {
        let remains = Remains()
        try await {
            let source = CountingSource(isCancelled ? nil : 1000)
            let (map, sink) = (ReleaseTests.map(shape), CollectingSink())
            let graph = ReleaseTests.graph(shape, source: source, map: map, sink: sink)
            var options = Plan.Options()
            options.processorCount = 4
            let plumber = try graph.plumber(plan: options)
            remains.add(plumber, as: "plumber")
            remains.add(source, as: "source")
            remains.add(map, as: "map")
            remains.add(sink, as: "sink")
            async let report = plumber.run()
            if isCancelled { plumber.cancel() }
            #expect(try await report["source"].unsettled == 0)
        }()
        #expect(try await remains.left() == [])
    }

    @Test("though another graph took over")
    func replaced() async throws {
        let remains = Remains()
        try await {
            let (source, sink) = (CountingSource(), CollectingSink())
            let maps = [FunctionMap { $0[0] }, FunctionMap { $0[0].map { -$0 } }]
            let plumbers = try maps.map { map in
                try ReleaseTests.graph(.lanes, source: source, map: map, sink: sink)
                    .plumber(configure: { $0.isReplaceable = true })
            }
            let run = LiveRun(plumbers[0])
            remains.add(run, as: "run")
            remains.add(source, as: "source")
            remains.add(sink, as: "sink")
            for (map, plumber) in zip(maps, plumbers) {
                remains.add(map, as: "map")
                remains.add(plumber, as: "plumber")
            }
            async let report = run.run()
            while sink.firsts.isEmpty { await Task.yield() }
            try await run.replace(with: plumbers[1])
            run.drain()
            #expect(try await report.status == .clean)
        }()
        #expect(try await remains.left() == [])
    }

    @Test("though a call is completed when nobody waits for it any longer")
    func lateCompletion() async throws {
        let remains = Remains()
        try await {
            let map = LateMap()
            var graph = TestGraph()
            graph.add("source", CountingSource(3), feeds: ["map"])
            graph.add("map", map, feeds: ["sink"]) { $0.concurrency = 3 }
            graph.add("sink", CollectingSink())
            let plumber = try graph.plumber(cancelGrace: .milliseconds(300))
            remains.add(plumber, as: "plumber")
            async let report = plumber.run()
            for _ in 0..<3 { await map.arrival.wait() }
            plumber.cancel()
            #expect(try await report.status == .cancelled)
            for call in map.takeCalls() {
                remains.add(call, as: "call")
                call.complete(.ok, value: PlainValue(pipes_value(1)))
            }
        }()
        #expect(try await remains.left() == [])
    }
}

/// Defers each row and keeps its call, whatever it is told.
private final class LateMap: TestProcessor {
    let description = ProcessorDescription.map([.defers, .nonblocking, .concurrent])
    /// Raised for each row.
    let arrival = Signal()
    private let calls = Locked<[Call]>([])

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        calls.withLock { $0.append(call) }
        arrival.raise()
        return (0, .deferred)
    }

    func takeCalls() -> [Call] {
        calls.withLock { calls in
            defer { calls = [] }
            return calls
        }
    }
}
