import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

/// Completes each call, and then the one before once more, as another row.
private final class DoubleCompleter: TestProcessor {
    let description: ProcessorDescription
    private let former = Locked<Call?>(nil)

    init(isMap: Bool) {
        let flags: ProcessorDescription.Flags = [.nonblocking, .defers, .concurrent]
        description = isMap ? .map(flags) : .process(.keeps, flags)
    }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        complete(call, PlainValue(rows[0]))
        return (0, .deferred)
    }

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        for row in 0..<Int(batch.count) {
            call.emission.append(batch.columns?[0]?[row] ?? .null, port: 0, row: row)
        }
        complete(call, nil)
        return .deferred
    }

    private func complete(_ call: Call, _ value: PlainValue?) {
        let former = former.withLock { former in
            defer { former = call }
            return former
        }
        former?.complete(.reject)
        call.complete(.ok, value: value)
    }
}

/// Has each third row leave by an output that there is none of.
private final class Misdirector: TestProcessor {
    let description: ProcessorDescription
    private let defers: Bool

    init(defers: Bool) {
        self.defers = defers
        let flags: ProcessorDescription.Flags = defers ? [.nonblocking, .defers] : .nonblocking
        description = ProcessorDescription.map(flags).outputs("first", "second")
    }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        for row in 0..<count {
            let port = UInt32(rows[row].number.map { $0 % 3 == 2 ? 9 : $0 % 3 } ?? 0)
            if defers {
                call.complete(.ok, value: PlainValue(rows[row]), port: port)
                return (0, .deferred)
            }
            results[row] = rows[row]
            ports?[row] = port
        }
        return (count, .ok)
    }
}

/// Keeps keys, and emits two values when all is over.
private final class LateEmitter: TestProcessor {
    let description: ProcessorDescription

    init(_ rate: ProcessorDescription.Rate) { description = .process(rate, .nonblocking) }

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        for row in 0..<Int(batch.count) {
            call.emission.append(batch.columns?[0]?[row] ?? .null, port: 0, row: row)
        }
        return .ok
    }

    func flush(_ call: Call) -> Answer {
        call.emission.append(pipes_value(77), port: 0, row: nil)
        call.emission.append(pipes_value(78), port: 0, row: nil)
        return .ok
    }
}

@Suite("A processor that misuses its calls") struct CallMisuseTests {
    @Test("and completes them twice settles no other row", arguments: [true, false])
    func doubleCompletion(isMap: Bool) async throws {
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(200), feeds: ["twice"])
        graph.add("twice", DoubleCompleter(isMap: isMap), queue: 1, feeds: ["out"]) {
            $0.concurrency = 4
        }
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(sink.firsts == Array(0..<200))
        #expect(report["twice"].failed == 0)
        #expect(report["twice"].metrics["misuses"] ?? 0 > 0)
    }

    @Test(
        "and chooses an output that there is none of has its row failed", arguments: [true, false])
    func misdirection(defers: Bool) async throws {
        let (first, second) = (CollectingSink(), CollectingSink())
        let letters = DeadLetterBox()
        var graph = TestGraph()
        graph.add("src", CountingSource(9), feeds: ["map"])
        graph.add("map", Misdirector(defers: defers), feeds: ["first:a", "second:b"])
        graph.add("a", first)
        graph.add("b", second)
        let report = try await graph.run(letters: letters)
        #expect(first.firsts == [0, 3, 6])
        #expect(second.firsts == [1, 4, 7])
        #expect(report["map"].failed == 3)
        #expect(report["map"].out == 6)
        #expect(report["map"].metrics["misuses"] == 3)
        #expect(letters.letters.map(\.row) == [[.int(2)], [.int(5)], [.int(8)]])
        #expect(letters.letters.allSatisfy { $0.message == "chose output 9; it has 2" })
    }

    @Test(
        "and emits in flush although its rows have keys has these values failed",
        arguments: [ProcessorDescription.Rate.keeps, .splits])
    func lateEmission(rate: ProcessorDescription.Rate) async throws {
        let sink = CollectingSink()
        let letters = DeadLetterBox()
        var graph = TestGraph()
        graph.add("src", CountingSource(3), feeds: ["late"])
        graph.add("late", LateEmitter(rate), feeds: ["out"])
        graph.add("out", sink)
        let report = try await graph.run(letters: letters)
        #expect(sink.firsts == [0, 1, 2])
        #expect(report.status == .failedRows)
        #expect(report["late"].in == 5)
        #expect(report["late"].out == 3)
        #expect(report["late"].failed == 2)
        #expect(report["late"].unsettled == 0)
        #expect(report["late"].metrics["misuses"] == 1)
        #expect(letters.letters.map(\.row) == [[.int(77)], [.int(78)]])
        #expect(letters.letters.map(\.key) == [[], []])
    }
}
