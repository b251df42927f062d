import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("A loop") struct LoopTests {
    /// Adds one until `last` is reached, and then filters.
    private static func counter(
        to last: Int64, _ flags: ProcessorDescription.Flags = .nonblocking
    ) -> FunctionMap {
        FunctionMap(flags) { row in
            guard let number = row[0], number < last else { return nil }
            return number + 1
        }
    }

    private static func merge(_ properties: inout NodeProperties) {
        properties.aggregateInputs = false
    }

    // MARK: Rounds of initial rows

    @Test(
        "goes round until no row is left in it",
        arguments: [ProcessorDescription.Flags.nonblocking, []])
    func untilEmpty(flags: ProcessorDescription.Flags) async throws {
        var graph = TestGraph()
        let sink = CollectingSink(flags)
        graph.add("step", Self.counter(to: 5, flags), feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("step", to: "step", initial: [0, 3], maxInLoop: 2)
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == [1, 4, 2, 5, 3, 4, 5])
        #expect(report["step"].in == 9)
        #expect(report["step"].skipped == 2)
        #expect(report.edge("step", "step")?.rows == 9)
        #expect(report.edge("step", "step")?.rounds == 6)
        #expect(report.edge("step", "step")?.depth == 0)
        #expect(report.edge("step", "out")?.rounds == nil)
    }

    @Test(
        "joins what many workers make of one model, round by round",
        arguments: [(1, 1), (1, 4), (4, 4)], [ProcessorDescription.Flags.nonblocking, []])
    func workers(rows: (initial: Int, most: Int), flags: ProcessorDescription.Flags) async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        let names = (0..<8).map { "worker\($0)" }
        graph.add("model", FunctionMap(flags) { $0[0] }, feeds: names)
        for (number, name) in names.enumerated() {
            graph.add(
                name, FunctionMap(flags) { row in (row[0] ?? 0) * 10 + Int64(number) },
                feeds: ["mean"])
        }
        let mean = FunctionMap(flags) { row in
            guard Set(row.map { ($0 ?? 0) / 10 }).count == 1 else { return -1 }
            return (row[0] ?? 0) / 10 + 1
        }
        graph.add("mean", mean, feeds: ["rounds"])
        graph.add("rounds", FunctionMap { ($0[0] ?? 0) % 1000 == 50 ? nil : $0[0] }, feeds: ["out"])
        graph.add("out", sink)
        let initial = (0..<rows.initial).map { Int64($0 * 1000) }
        graph.feedBack("rounds", to: "model", initial: initial, maxInLoop: rows.most)
        let report = try await graph.run()
        #expect(report.status == .clean)
        let expected = (1..<50).flatMap { (round: Int64) in initial.map { $0 + round } }
        #expect(sink.firsts == expected)
        for name in names { #expect(report[name].in == 50 * rows.initial) }
        #expect(report.nodes.allSatisfy { $0.missing == 0 && $0.unsettled == 0 })
    }

    @Test("may begin at many nodes at once, and their rows meet by key")
    func manyHeads() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        for number in 0..<8 {
            graph.add(
                "worker\(number)", FunctionMap([]) { row in (row[0] ?? 0) + Int64(number) },
                feeds: ["sum"])
        }
        let sum = FunctionMap { row in
            let values = row.map { $0 ?? 0 }
            let isPaired = zip(values, values.dropFirst()).allSatisfy { $1 - $0 == 1 }
            return isPaired && values[0] < 20 ? values[0] + 1 : nil
        }
        graph.add("sum", sum, feeds: ["out"])
        graph.add("out", sink)
        for number in 0..<8 {
            graph.feedBack("sum", to: "worker\(number)", initial: [0, 100], maxInLoop: 2)
        }
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == Array(1...20))
        #expect((0..<8).allSatisfy { report["worker\($0)"].in == 22 })
    }

    // MARK: Rows from outside

    @Test("takes rows from outside as places become free", arguments: [1, 4, 1000])
    func fromOutside(most: Int) async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        let source = CountingSource(500)
        graph.add("inp", source, feeds: ["step"])
        let step = FunctionMap { row in row[0].map { $0 + 1000 } }
        graph.add("step", step, feeds: ["gate"], Self.merge)
        // Each row goes round as often as its last digit says.
        let gate = RoutingMap { $0 / 1000 > $0 % 10 ? 0 : 1 }
        graph.add("gate", gate, feeds: ["done:out"])
        graph.add("out", sink)
        graph.feedBack("gate", output: "again", to: "step", maxInLoop: most)
        let report = try await graph.run()
        #expect(report.status == .clean)
        let expected = (0..<500).map { (row: Int64) -> Int64 in (row % 10 + 1) * 1000 + row }
        #expect(sink.firsts.sorted() == expected.sorted())
        if most == 1 { #expect(sink.firsts == expected) }
        let rounds = report.edge("gate", "step")
        #expect(rounds?.rounds == 10)
        #expect((rounds?.peak ?? .max) <= most)
        #expect(report["step"].in == 50 * 55)
        #expect(report["step"].in == report["step"].out)
        #expect(report["gate"].unsettled == 0)
    }

    @Test("joins the n-th row from outside with the n-th that comes back")
    func joined() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        graph.add("data", CountingSource(300), feeds: ["train"])
        let train = FunctionMap([]) { row in (row[0] ?? 0) + (row[1] ?? 0) }
        graph.add("train", train, feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("train", to: "train", initial: [1000])
        let report = try await graph.run()
        #expect(report.status == .clean)
        let expected = (0..<300).map { (row: Int64) -> Int64 in 1000 + row * (row + 1) / 2 }
        #expect(sink.firsts == expected)
        // The last one finds no partner.
        #expect(report["train"].in == 300)
        #expect(report["train"].missing == 1)
    }

    @Test("that joins ends with its last row, and cancels a source without end")
    func joinedEnds() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        let source = CountingSource()
        graph.add("data", source, feeds: ["train"])
        graph.add(
            "train", FunctionMap { ($0[1] ?? 0) < 5 ? ($0[1] ?? 0) + 1 : nil }, feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("train", to: "train", initial: [0])
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == [1, 2, 3, 4, 5])
        #expect(source.life.closed == 1)
    }

    // MARK: The end

    @Test("ends when its closer has had enough, and the last row does not go round")
    func closerEnds() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        graph.add("step", FunctionMap([]) { $0[0].map { $0 + 1 } }, feeds: ["head"])
        graph.add("head", FaultyMap { row, _ in row == 10 ? .last : .ok }, feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("head", to: "step", initial: [0])
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == Array(1...10))
        #expect(report["step"].in == 10)
        #expect(report["head"].out == 10)
    }

    @Test(
        "ends when nobody wants what leaves it, and with it its sources",
        arguments: [true, false])
    func nobodyWants(closerFeedsSink: Bool) async throws {
        var graph = TestGraph()
        let sink = CollectingSink(limit: 10)
        let source = CountingSource()
        graph.add("inp", source, feeds: ["step"])
        graph.add(
            "step", FunctionMap([]) { $0[0] }, feeds: closerFeedsSink ? ["back"] : ["back", "out"],
            Self.merge)
        graph.add("back", FunctionMap { $0[0] }, feeds: closerFeedsSink ? ["out"] : [])
        graph.add("out", sink)
        graph.feedBack("back", to: "step", initial: [-1], maxInLoop: 2)
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.rows.count == 10)
        #expect(source.life.closed == 1)
    }

    @Test("ends when a join behind it has no partners left")
    func partnersEnd() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        graph.add("step", FunctionMap([]) { $0[0].map { $0 + 1 } }, feeds: ["pair"])
        graph.add("few", CountingSource(7), feeds: ["pair"])
        graph.add("pair", FunctionMap { $0[0] }, feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("step", to: "step", initial: [0])
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == Array(1...7))
    }

    @Test("and another one behind it go round each by itself")
    func twoLoops() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        graph.add("first", Self.counter(to: 20), feeds: ["second"])
        graph.add("second", FunctionMap([]) { $0[0].map { $0 + 100 } }, feeds: ["gate"], Self.merge)
        graph.add("gate", RoutingMap { $0 > 500 ? 0 : 1 }, feeds: ["done:out"])
        graph.add("out", sink)
        graph.feedBack("first", to: "first", initial: [0])
        graph.feedBack("gate", output: "again", to: "second", maxInLoop: 3)
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == Array(501...520))
        #expect(report["second"].in == 100)
    }

    // MARK: Failures

    @Test("ends when its row fails, with one dead letter that says the round")
    func failure() async throws {
        var graph = TestGraph()
        let letters = DeadLetterBox()
        graph.add("step", FunctionMap { $0[0].map { $0 + 1 } }, feeds: ["risky"])
        graph.add("risky", FaultyMap { row, _ in row == 4 ? .reject : .ok })
        graph.feedBack("risky", to: "step", initial: [0])
        let report = try await graph.run(letters: letters)
        #expect(report.status == .failedRows)
        #expect(letters.letters.map(\.key) == [[3, 0]])
        #expect(letters.letters.map(\.row) == [[.int(4)]])
        #expect(report["risky"].in == 4)
        #expect(report["risky"].failed == 1)
    }

    @Test("waits for a row that is tried again, and loses only rows that are lost")
    func retries() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        graph.add("step", FunctionMap { $0[0].map { $0 + 1 } }, feeds: ["risky", "steady"])
        graph.add(
            "risky", FaultyMap { row, attempt in attempt < 3 ? .retry : .ok }, feeds: ["join"]
        ) {
            $0.retry = .init(
                max: 3, shortestPause: .milliseconds(1), longestPause: .milliseconds(2))
        }
        graph.add("steady", FunctionMap([]) { $0[0] }, feeds: ["join"])
        let join = FunctionMap { row in
            guard row[0] == row[1] else { return -1 }
            return (row[0] ?? 0) % 100 == 5 ? nil : row[0]
        }
        graph.add("join", join, feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("join", to: "step", initial: [0, 102, 200], maxInLoop: 4)
        let report = try await graph.run()
        #expect(report.status == .clean)
        #expect(sink.firsts == [1, 103, 201, 2, 104, 202, 3, 203, 4, 204])
        #expect(report["risky"].retries == 26)
        #expect(report["join"].skipped == 3)
    }

    @Test("passes its deferred rows on in order", arguments: [1, 4])
    func deferred(concurrency: Int) async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        let step = DeferringMap(seed: 7) { $0 % 1000 < 30 ? $0 + 1 : nil }
        graph.add("step", step, feeds: ["out"]) { $0.concurrency = concurrency }
        graph.add("out", sink)
        let initial: [Int64] = [0, 1000, 2000, 3000]
        graph.feedBack("step", to: "step", initial: initial, maxInLoop: 4)
        let report = try await graph.run()
        #expect(report.status == .clean)
        let expected = (1...30).flatMap { (round: Int64) in initial.map { $0 + round } }
        #expect(sink.firsts == expected)
        #expect(step.largestOpenCount <= concurrency)
    }

    @Test("that is stopped by a failure ends at once")
    func stopped() async throws {
        var graph = TestGraph()
        graph.add("step", FunctionMap([]) { $0[0].map { $0 + 1 } }, feeds: ["risky"])
        graph.add("risky", FaultyMap { row, _ in row == 100 ? .reject : .ok }) { $0.then = .stop }
        graph.feedBack("risky", to: "step", initial: [0, 50], maxInLoop: 2)
        let report = try await graph.run()
        #expect(report.status == .stopped)
        #expect(report.nodes.allSatisfy { $0.unsettled == 0 })
    }
}

@Suite("A loop that is told to end") struct LoopDrainTests {
    @Test("finishes the round of its initial rows", arguments: [1, 4])
    func drain(rows: Int) async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        let arrival = Signal()
        let step = FunctionMap([]) { row in
            arrival.raise()
            return row[0].map { $0 + 1 }
        }
        graph.add("step", step, feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("step", to: "step", initial: Array(repeating: 0, count: rows))
        let plumber = try graph.plumber()
        async let ending = within { try await plumber.run() }
        await arrival.wait()
        plumber.drain()
        let report = try await ending
        #expect(report.status == .clean)
        #expect(report["step"].in == report["step"].out)
        #expect(report["out"].out == report["step"].out)
        let sums = Dictionary(grouping: sink.firsts) { $0 }
        #expect(sums.values.allSatisfy { $0.count == rows })
    }

    @Test("before it has begun yields nothing")
    func early() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        graph.add("step", FunctionMap { $0[0] }, feeds: ["out"])
        graph.add("out", sink)
        graph.feedBack("step", to: "step", initial: [0])
        let plumber = try graph.plumber()
        plumber.drain()
        let report = try await within { try await plumber.run() }
        #expect(report.status == .clean)
        #expect(sink.rows.isEmpty)
    }

    @Test("lets rows from outside go on until they leave by themselves")
    func outside() async throws {
        var graph = TestGraph()
        let sink = CollectingSink()
        let source = CountingSource()
        let arrival = Signal()
        graph.add("inp", source, feeds: ["step"])
        let step = FunctionMap([]) { row in
            arrival.raise()
            return row[0].map { $0 + 1_000_000 }
        }
        graph.add("step", step, queue: 16, feeds: ["gate"]) { $0.aggregateInputs = false }
        graph.add("gate", RoutingMap { $0 > 5_000_000 ? 0 : 1 }, feeds: ["done:out"])
        graph.add("out", sink)
        graph.feedBack("gate", output: "again", to: "step", maxInLoop: 7)
        let plumber = try graph.plumber(drainTimeout: .seconds(60))
        async let ending = within { try await plumber.run() }
        for _ in 0..<100 { await arrival.wait() }
        plumber.drain()
        let report = try await ending
        #expect(report.status == .clean)
        #expect(sink.rows.count == source.produced)
        #expect(Set(sink.firsts).count == source.produced)
    }

    @Test("fails what is in it when it is cancelled")
    func cancelled() async throws {
        var graph = TestGraph()
        let letters = DeadLetterBox()
        let arrival = Signal()
        let step = FunctionMap([]) { row in
            arrival.raise()
            return row[0].map { $0 + 1 }
        }
        graph.add("step", step)
        graph.feedBack("step", to: "step", initial: [0, 0, 0])
        let plumber = try graph.plumber(letters: letters)
        async let ending = within { try await plumber.run() }
        for _ in 0..<10 { await arrival.wait() }
        plumber.cancel()
        let report = try await ending
        #expect(report.status == .cancelled)
        #expect(report["step"].failed == 3)
        #expect(letters.letters.count == 3)
    }

    @Test("is cancelled where it is not empty by the deadline")
    func deadline() async throws {
        var graph = TestGraph()
        let arrival = Signal()
        let step = FunctionMap([]) { row in
            arrival.raise()
            return row[0]
        }
        graph.add("inp", CountingSource(1), feeds: ["step"])
        graph.add("step", step) { $0.aggregateInputs = false }
        graph.feedBack("step", to: "step", maxInLoop: 1)
        let plumber = try graph.plumber(drainTimeout: .milliseconds(100))
        async let ending = within { try await plumber.run() }
        await arrival.wait()
        plumber.drain()
        let report = try await ending
        #expect(report.status == .cancelled)
        #expect(report["step"].failed == 1)
    }
}

/// Passes rows on by one of its outputs, `done` and `again`, by number.
private final class RoutingMap: TestProcessor {
    let description = ProcessorDescription.map(.nonblocking).outputs("done", "again")
    private let port: @Sendable (Int64) -> Int

    init(_ port: @escaping @Sendable (Int64) -> Int) { self.port = port }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        for row in 0..<count {
            results[row] = rows[row * width]
            ports?[row] = UInt32(port(rows[row * width].number ?? 0))
        }
        return (count, .ok)
    }
}
