import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("Closures") struct CoroTests {
    private struct Refusal: Error, CustomStringConvertible {
        let description = "refused"
    }

    /// `values` through `map` into a list.
    private func run(
        _ source: Coro, _ map: Coro, letters: DeadLetterBox = DeadLetterBox(),
        _ configure: (inout NodeProperties) -> Void = { _ in }
    ) async throws -> (report: RunReport, values: [Int64]) {
        let values = Locked<[Int64]>([])
        var properties = NodeProperties()
        configure(&properties)
        let graph = Graph(
            name: "closures",
            nodes: [
                .init("src", coro: "src"), .init("map", coro: "map", properties: properties),
                .init("out", coro: "out"),
            ],
            edges: [.init(from: "src", to: "map"), .init(from: "map", to: "out")])
        let coros: CoroMap = [
            "src": source, "map": map,
            "out": .sink { row, _ in
                if case .int(let number) = row[0] { values.withLock { $0.append(number) } }
            },
        ]
        var options = Plumber.Options()
        options.deadLetters = { letters.add($0) }
        let plumber = try Plumber(graph, resolvers: [coros], options: options)
        let report = try await within { try await plumber.run() }
        return (report, values.withLock { $0 })
    }

    private static func numbers(_ count: Int) -> Coro {
        .values((0..<Int64(count)).map(Value.int))
    }

    private static func number(_ row: Coro.Row) -> Int64 {
        if case .int(let number) = row[0] { number } else { -1 }
    }

    /// Yields what it gets, rejects 3, and yields nothing for 5.
    private static func body(_ row: Coro.Row) throws -> Value? {
        switch number(row) {
        case 3: throw Refusal()
        case 5: nil
        case let number: .int(number)
        }
    }

    /// The ways in which a closure may come to its end.
    enum Kind: CaseIterable {
        case plain
        case blocking
        case asyncAtOnce
        case asyncLater

        var coro: Coro {
            switch self {
            case .plain: .map { row, _ in try body(row) }
            case .blocking: .map(blocks: true) { row, _ in try body(row) }
            case .asyncAtOnce:
                .map { row, _ in try await CoroTests.now { try body(row) } }
            case .asyncLater:
                .map { row, _ in
                    await Task.yield()
                    return try body(row)
                }
            }
        }
    }

    private static func now<Result>(_ body: () throws -> Result) async rethrows -> Result {
        try body()
    }

    @Test(
        "yield, filter and fail rows in order, whether they wait or not", arguments: Kind.allCases,
        [1, 4])
    func outcomes(kind: Kind, concurrency: Int) async throws {
        let letters = DeadLetterBox()
        let (report, values) = try await run(Self.numbers(2000), kind.coro, letters: letters) {
            $0.concurrency = concurrency
        }
        #expect(values == (0..<2000).filter { $0 != 3 && $0 != 5 })
        #expect(report["map"].in == 2000 && report["map"].out == 1998)
        #expect(report["map"].skipped == 1 && report["map"].failed == 1)
        #expect(letters.letters.map(\.message) == ["refused"])
        #expect(letters.letters.map(\.key) == [[3]])
    }

    @Test("that throw a RetryableError are called again", arguments: [false, true])
    func retry(waits: Bool) async throws {
        let attempts = Locked<[Int64: Int]>([:])
        let body: @Sendable (Coro.Row) throws -> Value? = { row in
            let number = Self.number(row)
            let attempt = attempts.withLock { attempts in
                attempts[number, default: 0] += 1
                return attempts[number, default: 0]
            }
            if attempt <= Int(number) { throw RetryableError("not yet") }
            return .int(number)
        }
        let map: Coro =
            waits
            ? .map { row, _ in
                await Task.yield()
                return try body(row)
            } : .map { row, _ in try body(row) }
        let letters = DeadLetterBox()
        let (report, values) = try await run(Self.numbers(4), map, letters: letters) {
            $0.concurrency = 2
            $0.retry = .init(
                max: 2, shortestPause: .milliseconds(1), longestPause: .milliseconds(1))
        }
        #expect(values == [0, 1, 2])
        #expect(report["map"].retries == 1 + 2 + 2)
        #expect(letters.letters.map(\.message) == ["not yet"])
    }

    @Test("that wait do so side by side, as many as the node says")
    func concurrency() async throws {
        let inside = Locked((now: 0, most: 0))
        let full = Signal()
        let (_, values) = try await run(
            Self.numbers(8),
            .map { row, _ in
                let isFull = inside.withLock { inside in
                    inside.now += 1
                    inside.most = max(inside.most, inside.now)
                    return inside.now == 4
                }
                // The fourth of each four lets them all go on.
                if isFull { for _ in 0..<4 { full.raise() } }
                await full.wait()
                inside.withLock { $0.now -= 1 }
                return row[0]
            }
        ) { $0.concurrency = 4 }
        #expect(values == Array(0..<8))
        #expect(inside.withLock { $0.most } == 4)
    }

    @Test("past the timeout are cancelled, and no other is", arguments: [false, true])
    func timeout(computes: Bool) async throws {
        let cancelled = Locked<[Int64]>([])
        let letters = DeadLetterBox()
        let computing: Coro = .map { row, _ in
            let number = Self.number(row)
            while number == 1, !Task.isCancelled {}
            if Task.isCancelled { cancelled.withLock { $0.append(number) } }
            return row[0]
        }
        let waiting: Coro = .map { row, _ in
            let number = Self.number(row)
            do {
                if number == 1 { try await Task.sleep(for: .seconds(1000)) }
            } catch {
                cancelled.withLock { $0.append(number) }
                throw error
            }
            return row[0]
        }
        let (_, values) = try await run(
            Self.numbers(3), computes ? computing : waiting, letters: letters
        ) {
            $0.concurrency = 3
            $0.timeout = .milliseconds(200)
        }
        #expect(values == [0, 2])
        #expect(cancelled.withLock { $0 } == [1])
        #expect(letters.letters.map(\.message) == ["took longer than its timeout of 0.2 seconds"])
    }

    /// Values of a source that waits before each, or before none, and may fail at the end.
    private static func sequence(_ count: Int, waits: Bool, fails: Bool = false) -> Coro {
        .source { _ in
            let next = Locked<Int64>(0)
            return AsyncThrowingStream<Value, any Error>(unfolding: {
                if waits { await Task.yield() }
                let number = next.withLock { next in
                    defer { next += 1 }
                    return next
                }
                if number < count { return .int(number) }
                if fails { throw Refusal() }
                return nil
            })
        }
    }

    @Test("give each value of a sequence once, in order", arguments: [false, true])
    func sequences(waits: Bool) async throws {
        let (report, values) = try await run(
            Self.sequence(3000, waits: waits), .map { row, _ in row[0] })
        #expect(values == Array(0..<3000))
        #expect(report.status == .clean && report["src"].out == 3000)
    }

    @Test("stop the run where their sequence fails", arguments: [false, true])
    func failingSequence(waits: Bool) async throws {
        let (report, _) = try await run(
            Self.sequence(10, waits: waits, fails: true), .map { row, _ in row[0] })
        #expect(report.status == .stopped)
        #expect(report.failures == ["node \"src\": produce: refused"])
    }

    @Test("give a value as soon as it is there, though the next one is not")
    func valueByValue() async throws {
        let (stream, continuation) = AsyncThrowingStream<Value, any Error>.makeStream()
        let (report, values) = try await run(
            .source { _ in stream },
            .map { row, _ in
                // Each value is asked for by the one before it.
                let number = Self.number(row)
                if number < 100 {
                    continuation.yield(.int(number + 1))
                } else {
                    continuation.finish()
                }
                return row[0]
            }.first(continuation))
        #expect(values == Array(0...100))
        #expect(report.status == .clean)
    }
}

extension Coro {
    /// After the first value was given.
    fileprivate func first(
        _ continuation: AsyncThrowingStream<Value, any Error>.Continuation
    ) -> Coro {
        continuation.yield(.int(0))
        return self
    }
}
