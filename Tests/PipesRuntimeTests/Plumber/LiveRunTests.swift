import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A run whose graph is replaced")
struct LiveRunTests {
    /// `source` through a map that adds `offset` to `sink`.
    private func graph(
        _ source: any TestProcessor, adding offset: Int64, _ sink: any TestProcessor
    ) -> TestGraph {
        var graph = TestGraph()
        graph.add("source", source, feeds: ["map"])
        graph.add("map", FunctionMap { $0[0].map { $0 + offset } }, feeds: ["sink"])
        graph.add("sink", sink)
        return graph
    }

    @Test("loses no row and repeats none, however often it is replaced")
    func losesNothing() async throws {
        let source = CountingSource(200_000)
        let sink = CollectingSink()
        let run = LiveRun(
            try graph(source, adding: 0, sink).plumber(configure: { $0.isReplaceable = true }))
        let ended = Task { try await within { try await run.run() } }
        var replacements = 0
        for offset in 1...20 {
            do {
                let plumber = try graph(source, adding: Int64(offset) * 1_000_000, sink)
                    .plumber(configure: { $0.isReplaceable = true })
                try await run.replace(with: plumber)
                replacements += 1
            } catch LiveRun.Refusal.over {
                break
            }
        }
        let report = try await ended.value
        #expect(sink.firsts.map { $0 % 1_000_000 } == (0..<200_000).map { Int64($0) })
        #expect(sink.firsts.map { $0 / 1_000_000 }.isSorted)
        #expect(report["source"].out == 200_000 && report["map"].in == 200_000)
        #expect(report["sink"].out == 200_000 && report["sink"].unsettled == 0)
        #expect(report.edge("source", "map")?.rows == 200_000)
        #expect(report.status == .clean)
        #expect(source.life.opened == 1 && source.life.closed == 1)
        #expect(replacements > 0 || sink.firsts.count == 200_000)
    }

    @Test("a graph that can't be opened leaves the one before running")
    func refusesWhatCantBeOpened() async throws {
        let source = CountingSource()
        let sink = CollectingSink()
        let run = LiveRun(
            try graph(source, adding: 0, sink).plumber(configure: { $0.isReplaceable = true }))
        let ended = Task { try await within { try await run.run() } }
        while sink.firsts.isEmpty { await Task.yield() }
        let broken = try graph(source, adding: 0, UnopenableSink()).plumber(configure: {
            $0.isReplaceable = true
        })
        await #expect(throws: LiveRun.Refusal.self) { try await run.replace(with: broken) }
        let count = sink.firsts.count
        while sink.firsts.count == count { await Task.yield() }
        run.drain()
        let report = try await ended.value
        #expect(report.status == .clean)
        #expect(sink.firsts == (0..<sink.firsts.count).map { Int64($0) })
        #expect(source.life.opened == 1 && source.life.closed == 1)
    }

    @Test("a source that waits goes on in the next graph, without being asked to stop")
    func handsOverOpenCalls() async throws {
        let source = CalledSource()
        let sink = CollectingSink()
        let run = LiveRun(
            try graph(source, adding: 0, sink).plumber(configure: { $0.isReplaceable = true }))
        let ended = Task { try await within { try await run.run() } }
        await source.asked.wait()
        try await within { [self] in
            try await run.replace(
                with: graph(source, adding: 100, sink).plumber(configure: {
                    $0.isReplaceable = true
                }))
        }
        source.bring(7)
        await source.asked.wait()
        #expect(source.cancels == 0)
        run.drain()
        source.bring(nil)
        let report = try await ended.value
        #expect(sink.firsts == [107])
        #expect(report.status == .clean)
    }

    @Test("what is kept of the graph before")
    func heirs() throws {
        let (source, sink) = (CountingSource(), CollectingSink())
        func resolved(_ graph: TestGraph) throws -> Heir.Resolved {
            let (checked, factories, _) = Plumber.check(graph.graph, resolvers: [graph])
            return (try #require(checked), factories)
        }
        let old = try resolved(graph(source, adding: 0, sink))
        let new = try resolved(graph(source, adding: 1, sink))
        #expect(
            Heir.find(from: old, to: new, ended: []) == [
                0: Heir(former: 0, hasEnded: false), 2: Heir(former: 2, hasEnded: false),
            ])
        // The sink has ended, and gets new rows from a node that is new.
        #expect(
            Heir.find(from: old, to: new, ended: [0, 1, 2]) == [
                0: Heir(former: 0, hasEnded: true)
            ])
        let ended = Heir.find(from: old, to: old, ended: [0, 1, 2])
        #expect(ended.values.map(\.hasEnded) == [true, true, true])
        var other = graph(source, adding: 0, sink)
        other.graph.env["x"] = .int(1)
        let withEnv = try resolved(other)
        #expect(Heir.find(from: old, to: withEnv, ended: []).isEmpty)
    }
}

/// Defers each call until it is brought a row; nil ends it.
private final class CalledSource: TestProcessor {
    let description = ProcessorDescription.source([.nonblocking, .defers])
    let asked = Signal()
    private let state = Locked((call: Call?.none, cancels: 0))

    var cancels: Int { state.withLock { $0.cancels } }

    func produce(_ call: Call) -> Answer {
        state.withLock { $0.call = call }
        asked.raise()
        return .deferred
    }

    func bring(_ number: Int64?) {
        guard
            let call = state.withLock({ state in
                defer { state.call = nil }
                return state.call
            })
        else { return }
        if let number { call.emission.append(pipes_value(number), port: 0, row: nil) }
        call.complete(number == nil ? .end : .ok)
    }

    func cancel(_ call: Call) { state.withLock { $0.cancels += 1 } }
}

extension [Int64] {
    fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}
