import CPipes
import Dispatch
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("What a deferring node is done with leaves") struct DeferredSendingTests {
    /// Answers each row at once, and takes longer than rows may be kept: each waits until those
    /// before it have come through.
    private final class SlowMap: TestProcessor {
        // Not one that never blocks: two that wait would keep all threads of the sinks.
        let description = ProcessorDescription.map([.defers, .concurrent])
        let sink: CollectingSink
        private let lateRows = Locked<[Int64]>([])

        init(before sink: CollectingSink) { self.sink = sink }

        var late: [Int64] { lateRows.withLock { $0 } }

        func map(
            _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
            results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
        ) -> (done: Int, answer: Answer) {
            let number = rows[0].number ?? 0
            let start = ContinuousClock.now
            while ContinuousClock.now < start + .milliseconds(2) {}
            while sink.rows.count < number, ContinuousClock.now < start + .seconds(20) {}
            if sink.rows.count < number { lateRows.withLock { $0.append(number) } }
            results[0] = rows[0]
            return (1, .ok)
        }
    }

    @Test("before another row is begun that may take long", arguments: [true, false])
    func slowRows(ordered: Bool) async throws {
        let sink = CollectingSink()
        let map = SlowMap(before: sink)
        var graph = TestGraph()
        graph.add("src", CountingSource(20), feeds: ["map"])
        graph.add("map", map, feeds: ["out"]) {
            $0.concurrency = 16
            $0.ordered = ordered
        }
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(map.late.isEmpty)
        #expect(sink.firsts == Array(0..<20) && report.status == .clean)
    }

    /// Results that are said to take 8 MiB, and are counted as long as they are kept.
    private final class LargeMap: TestProcessor {
        let description = ProcessorDescription.map([.defers, .nonblocking, .concurrent])
        private let completesLater: Bool
        private let queue = DispatchQueue(label: "LargeMap")
        private final class Counter: Sendable {
            let counts = Locked((now: 0, most: 0))
        }
        private let counter = Counter()

        init(completesLater: Bool) { self.completesLater = completesLater }

        var most: Int { counter.counts.withLock { $0.most } }
        var left: Int { counter.counts.withLock { $0.now } }

        func map(
            _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
            results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
        ) -> (done: Int, answer: Answer) {
            guard completesLater else {
                results[0] = makeValue(call)
                return (1, .ok)
            }
            queue.async { call.complete(.ok, value: PlainValue(self.makeValue(call))) }
            return (0, .deferred)
        }

        private func makeValue(_ call: Call) -> pipes_value {
            counter.counts.withLock { counts in
                counts.now += 1
                counts.most = max(counts.most, counts.now)
            }
            call.storage.adopt(
                release: { context in
                    guard let context else { return }
                    let counter = Unmanaged<Counter>.fromOpaque(context).takeRetainedValue()
                    counter.counts.withLock { $0.now -= 1 }
                }, context: Unmanaged.passRetained(counter).toOpaque())
            // Nobody looks into it.
            var value = pipes_value()
            value.kind = Kind.bytes.rawValue
            value.size = 8 << 20
            return value
        }
    }

    @Test(
        "with its memory, however many rows there are",
        arguments: [
            (true, true, 1), (true, true, 4), (true, false, 4), (false, true, 4), (false, false, 1),
        ])
    func largeRows(completesLater: Bool, ordered: Bool, concurrency: Int) async throws {
        let map = LargeMap(completesLater: completesLater)
        let sink = CollectingSink()
        var graph = TestGraph()
        graph.add("src", CountingSource(1000), feeds: ["map"])
        graph.add("map", map, feeds: ["out"]) {
            $0.concurrency = concurrency
            $0.ordered = ordered
        }
        graph.add("out", sink)
        let report = try await graph.run()
        #expect(report["out"].out == 1000)
        #expect(map.left == 0)
        // Two on the edge, one that waits for room, one at the sink, and those in flight.
        #expect(map.most <= 6 + concurrency)
    }

    @Test("as they come, in batches, and by the output each has chosen")
    func outputs() async throws {
        let (even, odd) = (CollectingSink(), CollectingSink())
        var graph = TestGraph()
        graph.add("src", CountingSource(1000), feeds: ["map"])
        graph.add("map", ChoosingMap(), feeds: ["even:even", "odd:odd"]) {
            $0.concurrency = 32
            $0.ordered = false
        }
        graph.add("even", even)
        graph.add("odd", odd)
        let report = try await graph.run()
        #expect(even.firsts.sorted() == (0..<1000).filter { $0 % 2 == 0 })
        #expect(odd.firsts.sorted() == (0..<1000).filter { $0 % 2 == 1 })
        #expect(report["map"].out == 1000 && report.status == .clean)
    }

    /// Completes each row later, by one of two outputs.
    private final class ChoosingMap: TestProcessor {
        let description = ProcessorDescription.map([.defers, .nonblocking, .concurrent])
            .outputs("even", "odd")
        private let queue = DispatchQueue(label: "ChoosingMap")

        func map(
            _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
            results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
        ) -> (done: Int, answer: Answer) {
            let number = rows[0].number ?? 0
            queue.async {
                call.complete(
                    .ok, value: PlainValue(pipes_value(number)), port: UInt32(number % 2))
            }
            return (0, .deferred)
        }
    }

    /// Wants more memory than there is for row 2, and explains nothing; rejects row 3.
    private final class HungryMap: TestProcessor {
        let description = ProcessorDescription.map([.defers, .nonblocking, .concurrent])
        private let completesLater: Bool
        private let queue = DispatchQueue(label: "HungryMap")

        init(completesLater: Bool) { self.completesLater = completesLater }

        func map(
            _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
            results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
        ) -> (done: Int, answer: Answer) {
            let value = PlainValue(rows[0])
            guard completesLater else {
                results[0] = value.value
                let answer = answer(call, value)
                return (answer == .ok ? 1 : 0, answer)
            }
            queue.async { call.complete(self.answer(call, value), value: value) }
            return (0, .deferred)
        }

        private func answer(_ call: Call, _ value: PlainValue) -> Answer {
            switch value.value.number {
            case 2: call.storage.allocate(1 << 50) == nil ? .retry : .ok
            case 3: .reject
            default: .ok
            }
        }
    }

    @Test("and a row that could not get memory says how many bytes", arguments: [true, false])
    func missingMemory(completesLater: Bool) async throws {
        let letters = DeadLetterBox()
        var graph = TestGraph()
        graph.add("src", CountingSource(5), feeds: ["map"])
        graph.add("map", HungryMap(completesLater: completesLater), feeds: ["out"])
        graph.add("out", CollectingSink())
        let report = try await graph.run(letters: letters)
        #expect(report["out"].out == 3)
        #expect(
            letters.letters.map(\.message) == [
                "could not get 1125899906842624 bytes of memory",
                "answered REJECT without an explanation",
            ])
    }
}
