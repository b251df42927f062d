import CPipes
import Glibc
import Logging
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("The call of an async closure") struct CoroProcessorTests {
    private let call: Call
    private let completions = Locked<[Call.Completion]>([])
    private let hasCompleted = Signal()

    init() {
        call = Call(
            node: NodeContext(
                name: "map", coro: "map", inputCount: 1, outputsUsed: [true], concurrency: 1,
                env: [:], logger: Logger(label: "test"), clock: ManualClock()), outputs: 1)
        call.onComplete = { [completions, hasCompleted] _, completion in
            completions.withLock { $0.append(completion) }
            hasCompleted.raise()
        }
    }

    private func map(
        _ count: Int,
        _ body: @escaping @Sendable (Coro.Row, Coro.Context) async throws -> Value?
    ) -> (done: Int, answer: Answer, results: [Int64?]) {
        let processor = CoroProcessor(
            .asyncMap(body), Coro.Context(node: "map", args: [:], env: [:]), isLimited: false)
        let rows = (0..<Int64(count)).map { pipes_value($0) }
        var results = [pipes_value](repeating: .null, count: count)
        call.reset(rowCount: 1)
        let (done, answer) = rows.withUnsafeBufferPointer { rows in
            results.withUnsafeMutableBufferPointer { results in
                guard let rows = rows.baseAddress, let results = results.baseAddress else {
                    return (0, Answer.fatal)
                }
                return processor.map(
                    call, rows: rows, count: count, width: 1, results: results, ports: nil)
            }
        }
        return (done, answer, results.prefix(done).map(\.number))
    }

    private static func number(_ row: Coro.Row) -> Int64 {
        if case .int(let number) = row[0] { number } else { -1 }
    }

    private static func now(_ row: Coro.Row) async -> Value? { row[0] }

    /// Gives up where a busy machine keeps a thread from a row for longer than rows may take.
    private static let rows = 8

    @Test("takes row after row in one task, on one thread, where none waits")
    func rows() {
        let threads = Locked<Set<pthread_t>>([])
        let tasks = Locked<Set<Int>>([])
        var done = 0
        // What is cut by time begins again.
        for _ in 0..<100 where done < Self.rows {
            tasks.withLock { $0 = [] }
            let outcome = map(Self.rows) { row, _ in
                _ = threads.withLock { $0.insert(pthread_self()) }
                withUnsafeCurrentTask { task in
                    _ = tasks.withLock { $0.insert(task.hashValue) }
                }
                return await Self.now(row)
            }
            done = outcome.done
            #expect(outcome.answer == .ok && outcome.results == (0..<Int64(done)).map { $0 })
        }
        #expect(done == Self.rows)
        #expect(threads.withLock { $0.count } == 1)
        #expect(tasks.withLock { $0.count } == 1)
        #expect(completions.withLock { $0.isEmpty })
    }

    @Test("ends at the first row that waits, which completes the call")
    func waiting() async {
        let gate = Signal()
        let begun = Locked<[Int64]>([])
        let outcome = map(8) { row, _ in
            begun.withLock { $0.append(Self.number(row)) }
            if Self.number(row) == 0 { await gate.wait() }
            return row[0]
        }
        #expect(outcome.done == 0 && outcome.answer == .deferred)
        #expect(begun.withLock { $0 } == [0])
        #expect(completions.withLock { $0.isEmpty })
        gate.raise()
        await hasCompleted.wait()
        #expect(begun.withLock { $0 } == [0])
        #expect(completions.withLock { $0.map(\.answer) } == [.ok])
        #expect(completions.withLock { $0.first?.value?.value.number } == 0)
    }

    @Test("ends at the first row that fails")
    func failing() {
        let outcome = map(8) { row, _ in
            throw RetryableError("not yet")
        }
        #expect(outcome.done == 0 && outcome.answer == .retry)
        #expect(call.explanation == "not yet")
    }
}
