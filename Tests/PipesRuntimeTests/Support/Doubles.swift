import CPipes
import Dispatch
import PipesCore

@testable import PipesRuntime

/// Counts how often a processor was opened and closed.
final class LifeCounter: Sendable {
    private let counts = Locked((opened: 0, closed: 0))

    func open() { counts.withLock { $0.opened += 1 } }
    func close() { counts.withLock { $0.closed += 1 } }

    var opened: Int { counts.withLock { $0.opened } }
    var closed: Int { counts.withLock { $0.closed } }
}

/// Yields 0, 1, 2, ... as many as are wanted of it.
final class CountingSource: TestProcessor {
    let description: ProcessorDescription
    let life = LifeCounter()
    private let limit: Int
    private let count = Locked(0)

    /// - Parameter limit: how many rows it has; nil: it never ends by itself.
    init(_ limit: Int? = nil, _ flags: ProcessorDescription.Flags = .nonblocking) {
        self.limit = limit ?? Int.max
        description = .source(flags)
    }

    var produced: Int { count.withLock { $0 } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func produce(_ call: Call) -> Answer {
        count.withLock { count in
            let end = min(limit, count + call.demand)
            while count < end {
                call.emission.append(pipes_value(Int64(count)), port: 0, row: nil)
                count += 1
            }
            return count == limit ? .end : .ok
        }
    }
}

/// Maps rows of numbers by a function; nil is a skip.
final class FunctionMap: TestProcessor {
    let description: ProcessorDescription
    let life = LifeCounter()
    private let body: @Sendable ([Int64?]) -> Int64?

    init(
        _ flags: ProcessorDescription.Flags = .nonblocking,
        _ body: @escaping @Sendable ([Int64?]) -> Int64?
    ) {
        description = .map(flags)
        self.body = body
    }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        for row in 0..<count {
            let values = (0..<width).map { rows[row * width + $0].number }
            guard let result = body(values) else { return (row, .skip) }
            results[row] = pipes_value(result)
        }
        return (count, .ok)
    }
}

/// Answers what a function says for the n-th attempt of a row, n from 1; `.ok` passes it on.
final class FaultyMap: TestProcessor {
    let description: ProcessorDescription
    let life = LifeCounter()
    private let body: @Sendable (Int64, Int) -> Answer
    private let attempts = Locked<[Int64: Int]>([:])

    init(
        _ flags: ProcessorDescription.Flags = .nonblocking,
        _ body: @escaping @Sendable (_ row: Int64, _ attempt: Int) -> Answer
    ) {
        description = flags.contains(.sink) ? .sink(flags) : .map(flags)
        self.body = body
    }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        for row in 0..<count {
            let number = rows[row * width].number ?? -1
            let attempt = attempts.withLock { attempts in
                attempts[number, default: 0] += 1
                return attempts[number, default: 0]
            }
            let answer = body(number, attempt)
            results[row] = rows[row * width]
            guard answer == .ok else {
                if answer != .skip { call.explanation = "no luck with \(number)" }
                return (row, answer)
            }
        }
        return (count, .ok)
    }
}

/// Keeps the rows it is given.
final class CollectingSink: TestProcessor {
    let description: ProcessorDescription
    let life = LifeCounter()
    private let collected = Locked<[[Int64?]]>([])
    private let limit: Int

    /// - Parameter limit: how many rows it takes before it wants no more.
    init(_ flags: ProcessorDescription.Flags = .nonblocking, limit: Int = .max) {
        description = .sink(flags)
        self.limit = limit
    }

    /// The values of each row.
    var rows: [[Int64?]] { collected.withLock { $0 } }
    /// The first value of each row.
    var firsts: [Int64] { rows.compactMap { $0[0] } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        collected.withLock { collected in
            for row in 0..<count {
                collected.append((0..<width).map { rows[row * width + $0].number })
                if collected.count == limit { return (row, .end) }
            }
            return (count, .ok)
        }
    }
}

/// Takes each row only when it is let in, on a thread that waits.
final class GatedSink: TestProcessor {
    let description = ProcessorDescription.sink()
    let life = LifeCounter()
    let turnstile = Turnstile()
    /// Raised before each row is waited for.
    let arrival = Signal()
    private let count = Locked(0)
    private let isInterrupted = Locked(false)

    /// Rows it was let to take.
    var taken: Int { count.withLock { $0 } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func interrupt() {
        isInterrupted.withLock { $0 = true }
        turnstile.letIn()
    }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        for row in 0..<count {
            arrival.raise()
            turnstile.pass()
            if isInterrupted.withLock({ $0 }) { return (row, .cancelled) }
            self.count.withLock { $0 += 1 }
        }
        return (count, .ok)
    }
}

/// Splits the row n into `children(n)` rows: n * 10, n * 10 + 1, ...
final class SplittingProcess: TestProcessor {
    let description: ProcessorDescription
    private let children: @Sendable (Int64) -> Int

    init(
        _ flags: ProcessorDescription.Flags = .nonblocking,
        _ children: @escaping @Sendable (Int64) -> Int
    ) {
        description = .process(.splits, flags)
        self.children = children
    }

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        for row in 0..<Int(batch.count) {
            let number = batch.number(row) ?? 0
            for child in 0..<children(number) {
                call.emission.append(
                    pipes_value(number * 10 + Int64(child)), port: 0, row: row)
            }
        }
        return .ok
    }
}

/// Sums every `size` rows, and what is left at the end.
final class SummingProcess: TestProcessor {
    let description: ProcessorDescription
    private let size: Int
    private let state = Locked((count: 0, sum: Int64(0)))

    init(_ size: Int, _ flags: ProcessorDescription.Flags = .nonblocking) {
        self.size = size
        description = .process(.aggregates, flags, holds: .rows(size))
    }

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        state.withLock { state in
            for row in 0..<Int(batch.count) {
                state.count += 1
                state.sum &+= batch.number(row) ?? 0
                guard state.count == size else { continue }
                call.emission.append(pipes_value(state.sum), port: 0, row: nil)
                state = (0, 0)
            }
        }
        return .ok
    }

    func flush(_ call: Call) -> Answer {
        state.withLock { state in
            if state.count > 0 { call.emission.append(pipes_value(state.sum), port: 0, row: nil) }
        }
        return .ok
    }
}

/// Defers each row; a thread of its own completes the open ones in random order.
final class DeferringMap: TestProcessor {
    let description: ProcessorDescription
    let life = LifeCounter()
    private let body: @Sendable (Int64) -> Int64?
    private let queue = DispatchQueue(label: "DeferringMap")
    private let state: Locked<State>

    private struct State {
        var open: [(call: Call, number: Int64)] = []
        var largestOpenCount = 0
        var random: SeededGenerator
    }

    init(seed: UInt64, _ body: @escaping @Sendable (Int64) -> Int64?) {
        description = .map([.defers, .nonblocking, .concurrent])
        state = Locked(State(random: SeededGenerator(seed: seed)))
        self.body = body
    }

    var largestOpenCount: Int { state.withLock { $0.largestOpenCount } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        let number = rows[0].number ?? 0
        state.withLock { state in
            state.open.append((call, number))
            state.largestOpenCount = max(state.largestOpenCount, state.open.count)
        }
        queue.async { self.completeOne() }
        return (0, .deferred)
    }

    private func completeOne() {
        let next = state.withLock { state in
            state.open.remove(at: state.random.int(0...state.open.count - 1))
        }
        if let result = body(next.number) {
            next.call.complete(.ok, value: PlainValue(pipes_value(result)))
        } else {
            next.call.complete(.skip)
        }
    }
}

/// Defers each row and never completes it by itself.
final class SilentMap: TestProcessor {
    let description = ProcessorDescription.map([.defers, .nonblocking, .concurrent])
    let life = LifeCounter()
    /// Whether it completes a call that it is asked to stop.
    private let heedsCancel: Bool
    private let abandonedCount = Locked(0)
    /// Raised for each row.
    let arrival = Signal()

    init(heedsCancel: Bool) { self.heedsCancel = heedsCancel }

    var abandoned: Int { abandonedCount.withLock { $0 } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        arrival.raise()
        return (0, .deferred)
    }

    func cancel(_ call: Call) { if heedsCancel { call.complete(.cancelled) } }
    func abandon(_ call: Call) { abandonedCount.withLock { $0 += 1 } }
}

/// Gives one row, and then defers a call that only a cancel completes.
final class PatientSource: TestProcessor {
    let description = ProcessorDescription.source([.defers, .nonblocking])
    let life = LifeCounter()
    private let hasGiven = Locked(false)

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    func produce(_ call: Call) -> Answer {
        let isFirst = hasGiven.withLock { hasGiven in
            defer { hasGiven = true }
            return !hasGiven
        }
        guard isFirst else { return .deferred }
        call.emission.append(pipes_value(0), port: 0, row: nil)
        return .ok
    }

    func cancel(_ call: Call) { call.complete(.cancelled) }
}

/// Can't be opened.
final class UnopenableSink: TestProcessor {
    let description = ProcessorDescription.sink(.nonblocking)
    let life = LifeCounter()

    func open() throws(OpenFailure) { throw OpenFailure("the door is locked") }
    func close() { life.close() }
}

extension pipes_value {
    /// An INT, or the STRING of one; nil for NULL.
    var number: Int64? {
        switch kind {
        case Kind.int.rawValue: integer
        case Kind.string.rawValue: Int64(String(decoding: buffer, as: UTF8.self))
        default: nil
        }
    }
}

extension pipes_batch {
    func number(_ row: Int, column: Int = 0) -> Int64? { columns?[column]?[row].number }
}
