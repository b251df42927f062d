import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A run whose edges drop rows") struct DroppingEdgeTests {
    private static let policies: [NodeProperties.Overflow] = [.dropOldest, .dropNewest]

    /// A map that is held up until everything else has come to its end.
    private func gatedMap(_ gate: Gate) -> FunctionMap {
        FunctionMap([]) { row in
            gate.pass()
            return row[0]
        }
    }

    @Test("goes on past a reader that is stuck, and other readers miss nothing")
    func fanOut() async throws {
        let slow = GatedSink()
        let all = CollectingSink([])
        var graph = TestGraph()
        graph.add("src", CountingSource(1000), feeds: ["slow", "all"])
        graph.add("slow", slow, queue: 4) { $0.overflow = .dropOldest }
        graph.add("all", all, queue: 16)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            // One row is let in when the source is long at its end.
            while all.rows.count < 1000 { await Task.yield() }
            slow.turnstile.letIn(1000)
            return try await ended
        }
        #expect(all.firsts == Array(0..<1000))
        let edge = try #require(report.edge("src", "slow"))
        #expect(edge.rows + edge.dropped == 1000)
        // Four on the edge, and as many as the sink had taken before it was stuck.
        #expect(edge.rows <= 8)
        #expect(edge.waits == 0)
        #expect(edge.peak <= 4)
        #expect(report["slow"].in == edge.rows)
        #expect(report["slow"].out == edge.rows)
        #expect(report.edge("src", "all")?.dropped == 0)
        #expect(report.status == .clean)
    }

    @Test("pairs what belongs together where one branch loses rows", arguments: policies)
    func join(overflow: NodeProperties.Overflow) async throws {
        let gate = Gate()
        let sink = CollectingSink()
        let all = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(500), feeds: ["slow", "out", "all"])
        graph.add("slow", gatedMap(gate), queue: 3, feeds: ["out"]) { $0.overflow = overflow }
        // The other branch waits for the join, as ever, and needs its room.
        graph.add("out", sink, queue: 1000)
        graph.add("all", all)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            while all.rows.count < 500 { await Task.yield() }
            gate.open()
            return try await ended
        }
        let edge = try #require(report.edge("src", "slow"))
        #expect(edge.dropped >= 490)
        #expect(sink.rows.count == 500 - edge.dropped)
        #expect(sink.rows.allSatisfy { $0[0] == $0[1] })
        #expect(sink.firsts == sink.firsts.sorted())
        #expect(report["slow"].in == edge.rows)
        #expect(report["slow"].unsettled == 0)
        #expect(report["out"].missing == edge.dropped)
        if overflow == .dropOldest { #expect(sink.firsts.suffix(3) == [497, 498, 499]) }
        if overflow == .dropNewest { #expect(sink.firsts.first == 0) }
    }

    @Test("keeps the last row, or the first, on an edge of one", arguments: policies)
    func edgeOfOne(overflow: NodeProperties.Overflow) async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(100), feeds: ["batch"])
        // All its rows leave in one batch.
        graph.add("batch", SummingProcess(1), feeds: ["out"])
        graph.add("out", sink, queue: 1) { $0.overflow = overflow }
        let report = try await graph.run()
        let edge = try #require(report.edge("batch", "out"))
        #expect(edge.rows + edge.dropped == 100)
        #expect(edge.peak == 1)
        #expect(sink.rows.count == edge.rows)
        if overflow == .dropOldest { #expect(sink.firsts.last == 99) }
        if overflow == .dropNewest { #expect(sink.firsts.first == 0) }
    }

    @Test("merges what is left")
    func merge() async throws {
        let gate = Gate()
        let done = CollectingSink([])
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("a", CountingSource(300), feeds: ["out", "done"])
        graph.add("b", CountingSource(300), feeds: ["minus"])
        graph.add("minus", FunctionMap { -($0[0] ?? 0) - 1 }, feeds: ["out", "done"])
        graph.add("done", done, queue: 8) { $0.aggregateInputs = false }
        graph.add("out", gatedMap(gate), queue: 2, feeds: ["sink"]) {
            $0.aggregateInputs = false
            $0.overflow = .dropOldest
        }
        graph.add("sink", sink)
        let plumber = try graph.plumber()
        let report = try await within {
            async let ended = plumber.run()
            while done.rows.count < 600 { await Task.yield() }
            gate.open()
            return try await ended
        }
        let edges = try [#require(report.edge("a", "out")), #require(report.edge("minus", "out"))]
        for edge in edges { #expect(edge.rows + edge.dropped == 300) }
        #expect(sink.rows.count == edges[0].rows + edges[1].rows)
        #expect(sink.firsts.filter { $0 >= 0 }.suffix(2) == [298, 299])
        #expect(sink.firsts.filter { $0 < 0 }.suffix(2) == [-299, -300])
    }

    @Test("is drained and cancelled like any other")
    func stops() async throws {
        for stopNow in [false, true] {
            let slow = GatedSink()
            var graph = TestGraph()
            graph.add("src", CountingSource(), feeds: ["slow"])
            graph.add("slow", slow, queue: 4) { $0.overflow = .dropNewest }
            let plumber = try graph.plumber()
            let report = try await within {
                async let ended = plumber.run()
                await slow.arrival.wait()
                if stopNow { plumber.cancel() } else { plumber.drain() }
                slow.turnstile.letIn(100_000)
                return try await ended
            }
            let edge = try #require(report.edge("src", "slow"))
            #expect(report.status == (stopNow ? .cancelled : .clean))
            #expect(edge.rows + edge.dropped == report["src"].out)
            #expect(report["slow"].unsettled == 0)
            #expect(edge.depth == 0)
        }
    }

    @Test("stands as a queue also between nodes that never wait")
    func plan() throws {
        var graph = TestGraph()
        graph.add("src", CountingSource(1), feeds: ["map"])
        graph.add("map", FunctionMap { $0[0] }, feeds: ["out"])
        graph.add("out", CollectingSink()) { $0.overflow = .dropOldest }
        #expect(try graph.plumber().plan.isQueue == [false, true])
    }
}
