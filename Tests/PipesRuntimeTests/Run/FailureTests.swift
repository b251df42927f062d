import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("Failures") struct FailureTests {
    /// A source of `rows`, a node that answers as `body` says, a sink.
    private func graph(
        rows: Int = 10, flags: ProcessorDescription.Flags = .nonblocking, sink: CollectingSink,
        _ configure: (inout NodeProperties) -> Void = { _ in },
        body: @escaping @Sendable (Int64, Int) -> Answer
    ) -> TestGraph {
        var graph = TestGraph()
        graph.add("src", CountingSource(rows), feeds: ["map"])
        graph.add("map", FaultyMap(flags, body), feeds: ["out"], configure)
        graph.add("out", sink)
        return graph
    }

    @Test("of single rows become dead letters, and the others go on", arguments: [1, 4])
    func reject(concurrency: Int) async throws {
        let letters = DeadLetterBox()
        let sink = CollectingSink()
        let graph = graph(flags: [.nonblocking, .concurrent], sink: sink) {
            $0.concurrency = concurrency
            $0.retry.max = concurrency - 1
        } body: { row, _ in
            row == 3 ? .reject : .ok
        }
        let report = try await graph.run(letters: letters)
        #expect(sink.firsts == [0, 1, 2, 4, 5, 6, 7, 8, 9])
        #expect(report.status == .failedRows)
        #expect(report["map"].failed == 1)
        #expect(report["map"].out == 9)
        #expect(report["map"].unsettled == 0)
        let letter = try #require(letters.letters.first)
        #expect(letters.letters.count == 1)
        #expect(letter.key == [3])
        #expect(letter.attempts == 1)
        #expect(letter.message == "no luck with 3")
        #expect(letter.row == [.int(3)])
        #expect(letter.node == "map")
    }

    @Test("that may go away are tried again after pauses", arguments: [1, 4])
    func retry(concurrency: Int) async throws {
        let letters = DeadLetterBox()
        let sink = CollectingSink()
        let graph = graph(flags: [.nonblocking, .concurrent], sink: sink) {
            $0.concurrency = concurrency
            $0.retry = .init(
                max: 2, shortestPause: .milliseconds(1), longestPause: .milliseconds(2))
        } body: { row, attempt in
            row == 7 || (row % 3 == 0 && attempt <= Int(row / 3) % 3) ? .retry : .ok
        }
        let report = try await graph.run(letters: letters)
        // 3 comes through at the second attempt, 6 at the third, 9 at the first; 7 never does.
        #expect(sink.firsts == [0, 1, 2, 3, 4, 5, 6, 8, 9])
        #expect(report["map"].retries == 1 + 2 + 2)
        #expect(report["map"].failed == 1)
        #expect(letters.letters.map(\.attempts) == [3])
        #expect(letters.letters.map(\.key) == [[7]])
    }

    @Test("are skips where the node says so, without a letter")
    func thenSkip() async throws {
        let letters = DeadLetterBox()
        let sink = CollectingSink()
        let graph = graph(sink: sink) {
            $0.then = .skip
        } body: { row, _ in
            row % 2 == 1 ? .reject : .ok
        }
        let report = try await graph.run(letters: letters)
        #expect(sink.firsts == [0, 2, 4, 6, 8])
        #expect(report.status == .clean)
        #expect(report["map"].skipped == 5)
        #expect(letters.letters.isEmpty)
    }

    @Test(
        "stop the graph where the node says so, and what is in flight is counted",
        arguments: [
            (Answer.reject, "no luck with 5"), (.fatal, "no luck with 5"),
            (.retry, "no luck with 5"),
            (
                .notAllowed("answered the unknown status 77"),
                "map: answered the unknown status 77; it explains: no luck with 5"
            ),
        ])
    func thenStop(answer: Answer, message: String) async throws {
        let letters = DeadLetterBox()
        let sink = CollectingSink()
        let graph = graph(rows: 1000, sink: sink) {
            $0.then = .stop
        } body: { row, _ in
            row == 5 ? answer : .ok
        }
        let report = try await graph.run(letters: letters)
        #expect(report.status == .stopped)
        #expect(report.failures == ["node \"map\": \(message)"])
        #expect(!sink.firsts.contains(5))
        for node in report.nodes where node.name != "src" {
            #expect(node.in == node.out + node.skipped + node.failed, "\(node.name)")
            #expect(node.unsettled == 0)
        }
        #expect(letters.letters.count == report.nodes.reduce(0) { $0 + $1.failed })
    }

    @Test("that a node calls fatal stop the graph whatever its policy is")
    func fatal() async throws {
        let letters = DeadLetterBox()
        let graph = graph(sink: CollectingSink()) {
            $0.then = .skip
        } body: { row, _ in
            row == 5 ? .fatal : .ok
        }
        let report = try await graph.run(letters: letters)
        #expect(report.status == .stopped)
        #expect(report["map"].failed >= 1)
        #expect(letters.letters.first?.key == [5])
    }

    @Test("of a source stop the graph")
    func source() async throws {
        var graph = TestGraph()
        graph.add("src", BrokenSource(), feeds: ["out"])
        graph.add("out", CollectingSink())
        let report = try await graph.run()
        #expect(report.status == .stopped)
        #expect(report.failures == ["node \"src\": produce: the well is dry"])
    }

    @Test("to open end the run before a source starts, and close what was opened, once")
    func open() async throws {
        let source = CountingSource(5)
        let map = FunctionMap { $0[0] }
        let sink = CollectingSink()
        let unopenable = UnopenableSink()
        var graph = TestGraph()
        graph.add("src", source, feeds: ["map"])
        graph.add("map", map, feeds: ["out", "bad"])
        graph.add("bad", unopenable)
        graph.add("out", sink)
        let plumber = try graph.plumber()
        let failure = await #expect(throws: GraphFailure.self) { try await plumber.run() }
        #expect(
            failure?.description == "error: node \"bad\": can't open bad: the door is locked")
        #expect(source.produced == 0)
        #expect(source.life.opened == source.life.closed)
        #expect(map.life.opened == map.life.closed)
        #expect(sink.life.opened == sink.life.closed)
        #expect(source.life.opened == 1)
        #expect(unopenable.life.closed == 0)
    }

    @Test(
        "of a partner are a missing partner for the join",
        arguments: [
            (NodeProperties.OnMissing.skip, 8, 0), (.null, 10, 0), (.fail, 8, 2),
        ])
    func joins(onMissing: NodeProperties.OnMissing, taken: Int, failed: Int) async throws {
        let letters = DeadLetterBox()
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(10), feeds: ["map", "out"])
        graph.add("map", FaultyMap { row, _ in row % 5 == 2 ? .reject : .ok }, feeds: ["out"])
        graph.add("out", sink) { $0.onMissing = onMissing }
        let report = try await graph.run(letters: letters)
        #expect(sink.rows.count == taken)
        #expect(sink.rows.allSatisfy { $0[1] == nil || $0[0] == $0[1] })
        #expect(report["out"].missing == 2)
        #expect(report["out"].failed == failed)
        #expect(report["out"].in == taken + failed)
        #expect(report["map"].failed == 2)
        #expect(letters.letters.count == 2 + failed)
    }

    @Test("of rows in a batch are single, and come again in a batch of their own")
    func process() async throws {
        let letters = DeadLetterBox()
        let sink = CollectingSink()
        let process = PickySplit()
        var graph = TestGraph()
        graph.add("src", CountingSource(20), feeds: ["split"])
        graph.add("split", process, feeds: ["out"]) {
            $0.retry = .init(
                max: 1, shortestPause: .milliseconds(1), longestPause: .milliseconds(1))
        }
        graph.add("out", sink)
        let report = try await graph.run(letters: letters)
        #expect(sink.firsts == (0..<20).filter { $0 != 4 && $0 != 9 && $0 != 13 })
        #expect(report["split"].failed == 2)
        #expect(report["split"].skipped == 1)
        #expect(report["split"].retries == 2)
        #expect(report["split"].in == 20)
        // A row that comes again may do so before or behind those of other batches.
        let failed = letters.letters.sorted { $0.attempts < $1.attempts }
        #expect(failed.map(\.key) == [[9], [4]])
        #expect(failed.map(\.attempts) == [1, 2])
    }
}

/// Can't produce.
final class BrokenSource: TestProcessor {
    let description = ProcessorDescription.source(.nonblocking)

    func produce(_ call: Call) -> Answer {
        call.explanation = "the well is dry"
        return .fatal
    }
}

/// Passes rows on; 3 fails once, 4 always, 9 is rejected, twice over, 13 skipped.
final class PickySplit: TestProcessor {
    let description = ProcessorDescription.process(.splits, .nonblocking)
    private let hasSeenThree = Locked(false)

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        for row in (0..<Int(batch.count)).reversed() {
            let number = batch.number(row) ?? 0
            // What a row emitted before it failed must not count.
            call.emission.append(pipes_value(number), port: 0, row: row)
            let settled: [Answer] =
                switch number {
                case 3: hasSeenThree.withLock { $0.first() } ? [.retry] : []
                case 4: [.retry]
                case 9: [.reject, .reject]
                case 13: [.skip]
                default: []
                }
            for answer in settled { _ = call.settle(row: UInt64(row), answer, "no \(number)") }
        }
        return .ok
    }
}

extension Bool {
    /// True the first time.
    fileprivate mutating func first() -> Bool {
        defer { self = true }
        return !self
    }
}
