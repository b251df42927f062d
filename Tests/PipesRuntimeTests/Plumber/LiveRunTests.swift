import CPipes
import Glibc
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

    @Test("goes on counting what goes over each edge, also of two between the same nodes")
    func edges() async throws {
        let source = CountingSource(3000)
        let report = try await replaced { number in
            var graph = TestGraph()
            graph.add("source", source, feeds: ["route"])
            // Every third row leaves by the second output.
            graph.add("route", ThirdsMap(), feeds: ["some:sink", "others:sink"])
            graph.add("sink", FunctionMap { $0[0] }) { $0.aggregateInputs = false }
            return graph
        }
        let edges = report.edges.filter { $0.from == "route" }
        #expect(edges.map(\.rows) == [2000, 1000])
        #expect(report["sink"].in == 3000)
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

    // MARK: Rows that wait

    /// Runs a graph to its end and has others like it take over meanwhile.
    /// - Parameter make: makes the n-th graph, n from 0.
    private func replaced(
        _ make: @escaping @Sendable (_ number: Int) -> TestGraph
    ) async throws -> RunReport {
        // However fast the rest of the graph is, this does not end before it was replaced.
        let held = HeldSource()
        let run = try ReplacedRun { number in
            if number > 1 { held.end() }
            var graph = make(number)
            graph.add("held", held)
            return try graph.plumber { $0.isReplaceable = true }
        }
        let (report, replacements) = try await within { try await run.run() }
        #expect(replacements > 0)
        return report
    }

    @Test("rows that wait for a partner by position find it in the next graph")
    func pairsByPosition() async throws {
        let (left, right) = (CountingSource(15_000), CountingSource(10_000))
        let sink = CollectingSink()
        let report = try await replaced { number in
            var graph = TestGraph()
            graph.add("left", left, feeds: ["map"])
            // It is another one each time; every third row is lost.
            graph.add(
                "map", FunctionMap { $0[0].flatMap { $0 % 3 == 0 ? nil : $0 } }, feeds: ["join"])
            graph.add("right", right, feeds: ["join"])
            graph.add(
                "join", FunctionMap { ($0[0] ?? -1) * 100_000 + ($0[1] ?? -1) }, feeds: ["sink"])
            graph.add("sink", sink)
            return graph
        }
        let pairs = (0..<10_000).map { (row: Int64) -> Int64 in
            let left = row / 2 * 3 + row % 2 + 1
            return left * 100_000 + row
        }
        #expect(sink.firsts == pairs)
        #expect(report["join"].in == 10_000 && report["join"].missing == 0)
        #expect(report.status == .clean)
        #expect(report.nodes.allSatisfy { $0.unsettled == 0 })
    }

    @Test("lanes go on as lanes: their rows stay in order, and calls overlap")
    func lanes() async throws {
        let (left, right) = (CountingSource(5000), CountingSource(5000))
        let sink = CollectingSink()
        let meeting = MeetingMap()
        let report = try await replaced { number in
            var graph = TestGraph()
            graph.add("left", left, feeds: ["meet"])
            graph.add("right", right, feeds: ["meet"])
            graph.add("meet", meeting, feeds: ["plus"]) { $0.concurrency = 4 }
            let plus = FunctionMap([.concurrent]) { $0[0].map { $0 + 1 } }
            graph.add("plus", plus, feeds: ["sink"]) { $0.concurrency = 3 }
            graph.add("sink", sink)
            return graph
        }
        #expect(sink.firsts == Array(1...5000))
        #expect(report["meet"].in == 5000 && report["plus"].out == 5000)
        #expect(report["meet"].missing == 0 && report.status == .clean)
        #expect(meeting.largestCount > 1)
        #expect(meeting.life.opened == 1 && meeting.life.closed == 1)
    }

    @Test("a loop that joins goes on with what it has come to")
    func joiningLoop() async throws {
        let source = CountingSource(5000)
        let sink = CollectingSink()
        let report = try await replaced { number in
            var graph = TestGraph()
            graph.add("data", source, feeds: ["sum"])
            graph.add("sum", FunctionMap { ($0[0] ?? 0) + ($0[1] ?? 0) }, feeds: ["out"])
            graph.add("out", sink)
            graph.feedBack("sum", to: "sum", initial: [1000])
            return graph
        }
        let sums = (0..<5000).map { (row: Int64) -> Int64 in 1000 + row * (row + 1) / 2 }
        #expect(sink.firsts == sums)
        #expect(report.edge("sum", "sum")?.rounds == 5001)
        #expect(report["sum"].missing == 1)
        #expect(report.status == .clean)
    }

    @Test("a loop with many heads goes on where all of them are in the same round")
    func manyHeads() async throws {
        let sink = CollectingSink()
        let report = try await replaced { number in
            var graph = TestGraph()
            for worker in 0..<4 {
                graph.add(
                    "worker\(worker)",
                    FunctionMap(worker % 2 == 0 ? [] : .nonblocking) { row in
                        (row[0] ?? 0) + Int64(worker)
                    }, feeds: ["sum"])
            }
            let sum = FunctionMap { row in
                let values = row.map { $0 ?? 0 }
                let isPaired = zip(values, values.dropFirst()).allSatisfy { $1 - $0 == 1 }
                return isPaired && values[0] < 600 ? values[0] + 1 : nil
            }
            graph.add("sum", sum, feeds: ["out"])
            graph.add("out", sink)
            for worker in 0..<4 {
                graph.feedBack("sum", to: "worker\(worker)", initial: [0, 10_000], maxInLoop: 2)
            }
            return graph
        }
        #expect(sink.firsts == Array(1...600))
        #expect((0..<4).allSatisfy { report["worker\($0)"].in == 602 })
        #expect(report.status == .clean)
    }

    @Test("a graph that has no place for rows that wait does not take over, and says why")
    func refusals() throws {
        func checked(_ build: (inout TestGraph) -> Void) throws -> CheckedGraph {
            var graph = TestGraph()
            build(&graph)
            return try #require(Plumber.check(graph.graph, resolvers: [graph]).checked)
        }
        func pairing(_ left: String, _ right: String, _ mode: Bool = true) throws -> CheckedGraph {
            try checked { graph in
                for name in [left, right] {
                    graph.add(name, CountingSource(), feeds: ["out"])
                }
                graph.add("out", CollectingSink()) { $0.aggregateInputs = mode }
            }
        }
        let pair = try pairing("a", "b")
        #expect(try pair.reasonToStay(insteadOf: pairing("a", "b"), ended: []) == nil)
        let reason = """
            node "out" pairs rows of different sources by position, and does not pair the same ones \
            in the changed graph, so rows that wait for a partner would be lost; start the run again
            """
        #expect(try pair.reasonToStay(insteadOf: pairing("b", "a"), ended: []) == reason)
        #expect(try pair.reasonToStay(insteadOf: pairing("a", "c"), ended: []) == reason)
        #expect(try pair.reasonToStay(insteadOf: pairing("a", "b", false), ended: []) == reason)
        #expect(try pairing("a", "b", false).reasonToStay(insteadOf: pair, ended: []) == nil)

        func loop(_ head: String) throws -> CheckedGraph {
            try checked { graph in
                graph.add(head, FunctionMap { $0[0] }, feeds: ["out"])
                graph.add("out", CollectingSink())
                graph.feedBack(head, to: head, initial: [0])
            }
        }
        let step = try loop("step")
        #expect(try step.reasonToStay(insteadOf: loop("step"), ended: []) == nil)
        #expect(
            try step.reasonToStay(insteadOf: loop("other"), ended: []) == """
                edge "step" -> "step" leads back, and the changed graph has no such loop, so what goes \
                round would be lost; start the run again
                """)
        #expect(pair.reasonToStay(insteadOf: step, ended: []) == reason)
        // Where it has ended no row waits.
        #expect(pair.reasonToStay(insteadOf: step, ended: [0, 1, 2]) == nil)
        #expect(step.reasonToStay(insteadOf: pair, ended: [0, 1]) == nil)
    }

    @Test("rows that wait are failed where the run is cancelled before another graph goes on")
    func cancelledWhileItPauses() async throws {
        let (left, right) = (CalledSource(), CalledSource())
        let silent = SilentMap(heedsCancel: true)
        let letters = DeadLetterBox()
        func plumber(_ sink: any TestProcessor) throws -> Plumber {
            var graph = TestGraph()
            graph.add("left", left, feeds: ["join"])
            graph.add("right", right, feeds: ["join"])
            graph.add("join", FunctionMap { $0[0] }, feeds: ["sink"])
            graph.add("sink", sink)
            // What is in flight here keeps the run from ending.
            graph.add("one", CountingSource(1), feeds: ["silent"])
            graph.add("silent", silent)
            return try graph.plumber(letters: letters) { $0.isReplaceable = true }
        }
        let sink = FlushedSink()
        let run = LiveRun(try plumber(sink))
        let ended = Task { try await within { try await run.run() } }
        await silent.arrival.wait()
        for number in 0..<3 {
            await left.asked.wait()
            left.bring(Int64(number))
        }
        await left.asked.wait()
        await right.asked.wait()
        let refused = Task {
            let next = try plumber(CollectingSink())
            try await within { try await run.replace(with: next) }
        }
        // It is not in the next graph, so it ends behind the join.
        await sink.flushed.wait()
        run.cancel()
        let report = try await ended.value
        await #expect(throws: LiveRun.Refusal.self) { try await refused.value }
        #expect(report.status == .cancelled)
        #expect(report["join"].in == 3 && report["join"].failed == 3)
        let lost = letters.letters.filter { $0.node == "join" }
        #expect(lost.map(\.key) == [[0], [1], [2]])
        #expect(lost.map(\.row) == [[.int(0)], [.int(1)], [.int(2)]])
        #expect(Set(lost.map(\.message)) == ["cancelled"])
        #expect(letters.letters.count == 4)
    }

    @Test("a graph that can't be opened lets go of the one that was to follow")
    func unopened() async throws {
        let door = Gate()
        let sink = DoorSink(door)
        var graph = TestGraph()
        graph.add("source", CountingSource(), feeds: ["sink"])
        graph.add("sink", sink)
        let run = LiveRun(try graph.plumber { $0.isReplaceable = true })
        let ended = Task { try await within { try await run.run() } }
        await sink.arrival.wait()
        let fresh = CollectingSink()
        var next = TestGraph()
        next.add("source", CountingSource(), feeds: ["other"])
        next.add("other", fresh)
        let plumber = try next.plumber { $0.isReplaceable = true }
        let refused = Task { try await within { try await run.replace(with: plumber) } }
        while fresh.life.opened == 0 { await Task.yield() }
        door.open()
        await #expect(throws: GraphFailure.self) { try await ended.value }
        await #expect(throws: LiveRun.Refusal.self) { try await refused.value }
        #expect(fresh.life.closed == 1)
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
        // What was left of it when all has ended: no row can come to the new map.
        #expect(
            Heir.find(from: old, to: new, ended: [0, 1, 2]) == [
                0: Heir(former: 0, hasEnded: true), 1: Heir(former: nil, hasEnded: true),
                2: Heir(former: 2, hasEnded: true),
            ])
        // The sink has ended, and gets new rows.
        let renewed = try resolved(graph(CountingSource(), adding: 0, sink))
        #expect(Heir.find(from: old, to: renewed, ended: [0, 1, 2]).isEmpty)
        let ended = Heir.find(from: old, to: old, ended: [0, 1, 2])
        #expect(ended.values.map(\.hasEnded) == [true, true, true])
        var other = graph(source, adding: 0, sink)
        other.graph.env["x"] = .int(1)
        let withEnv = try resolved(other)
        #expect(Heir.find(from: old, to: withEnv, ended: []).isEmpty)
    }
}

/// Passes on the first of each row's values, if they are the same, and counts who is inside at once.
private final class MeetingMap: TestProcessor {
    let description = ProcessorDescription.map([.concurrent])
    let life = LifeCounter()
    private let counts = Locked((inside: 0, largest: 0))

    var largestCount: Int { counts.withLock { $0.largest } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        counts.withLock { counts in
            counts.inside += 1
            counts.largest = max(counts.largest, counts.inside)
        }
        defer { counts.withLock { $0.inside -= 1 } }
        // As a call that waits for something outside.
        usleep(200)
        for row in 0..<count {
            let isPair = rows[row * width].number == rows[row * width + 1].number
            results[row] = isPair ? rows[row * width] : pipes_value(-1)
        }
        return (count, .ok)
    }
}

/// Passes on each third row by its second output.
private final class ThirdsMap: TestProcessor {
    let description = ProcessorDescription.map(.nonblocking).outputs("some", "others")

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        for row in 0..<count {
            results[row] = rows[row * width]
            ports?[row] = (rows[row * width].number ?? 0) % 3 == 0 ? 1 : 0
        }
        return (count, .ok)
    }
}

/// Can't be opened, and takes until the door is open to find out.
private final class DoorSink: TestProcessor {
    let description = ProcessorDescription.sink(.nonblocking)
    let arrival = Signal()
    private let door: Gate

    init(_ door: Gate) { self.door = door }

    func open() throws(OpenFailure) {
        arrival.raise()
        door.pass()
        throw OpenFailure("there is nothing behind the door")
    }
}

/// Yields no row, and ends when it is told to.
private final class HeldSource: TestProcessor {
    let description = ProcessorDescription.source([.nonblocking, .defers])
    private let state = Locked((call: Call?.none, isOver: false))

    func produce(_ call: Call) -> Answer {
        state.withLock { state in
            if state.isOver { return .end }
            state.call = call
            return .deferred
        }
    }

    func end() {
        let call = state.withLock { state in
            defer { state.call = nil }
            state.isOver = true
            return state.call
        }
        call?.complete(.end)
    }

    func cancel(_ call: Call) { end() }
}

/// Says when it has taken its last row.
private final class FlushedSink: TestProcessor {
    let description = ProcessorDescription.sink(.nonblocking)
    let flushed = Signal()

    func flush(_ call: Call) -> Answer {
        flushed.raise()
        return .ok
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
