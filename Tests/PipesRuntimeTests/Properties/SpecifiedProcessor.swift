import CPipes
import Dispatch
import PipesCore

@testable import PipesRuntime

/// Runs a node of a random graph.
final class SpecifiedProcessor: TestProcessor {
    let description: ProcessorDescription
    let life = LifeCounter()
    private let spec: NodeSpec
    private let state: Locked<State>
    private let queue = DispatchQueue(label: "SpecifiedProcessor")

    private struct State {
        var produced = 0
        var sum: (count: Int, value: Int64) = (0, 0)
        /// Rows that were answered with RETRY once.
        var flaky: Set<[Int64?]> = []
        var collected: [[Int64?]] = []
        /// Deferred calls; completed in random order.
        var open: [@Sendable () -> Void] = []
        /// Deferred calls that only a cancel completes.
        var stalled: [ObjectIdentifier: Call] = [:]
        var tripwire: Tripwire?
        var random: SeededGenerator
    }

    init(_ spec: NodeSpec, seed: UInt64) {
        self.spec = spec
        description = spec.description
        state = Locked(State(random: SeededGenerator(seed: seed)))
    }

    /// What a sink took.
    var collected: [[Int64?]] { state.withLock { $0.collected } }

    /// Counts the rows that pass here from now on.
    func lay(_ tripwire: Tripwire) { state.withLock { $0.tripwire = tripwire } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    // MARK: Calls

    func produce(_ call: Call) -> Answer {
        guard case .source(let rows) = spec.kind else { return .notAllowed("is no source") }
        return state.withLock { state in
            // Now and then the end comes in a call of its own.
            let count = min(call.demand, rows - state.produced, state.random.int(0...300))
            for _ in 0..<count {
                let value = SpecifiedProcessor.sourceValue(state.produced, spec.behaviour)
                guard let result = result(value, borrowed: nil, call) else { return .fatal }
                call.emission.append(result, port: 0, row: nil)
                state.produced += 1
            }
            state.tripwire?.pass(count)
            return state.produced == rows && !state.random.once(in: 4) ? .end : .ok
        }
    }

    static func sourceValue(_ number: Int, _ behaviour: Behaviour) -> Int64 {
        Int64(number) &+ Int64(behaviour.salt % 1000) &* 1_000_000
    }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        state.withLock { $0.tripwire }?.pass(count)
        if spec.defers, count > 0 {
            let row = (0..<width).map { PlainValue(rows[$0]) }
            if stalls(row.map(\.value.number), call) { return (0, .deferred) }
            // A short timeout must only ever hit those that stall.
            if spec.behaviour.share(.stall) == 0 {
                deferring { [self] in
                    let (answer, value, port) = answer(row.map(\.value), call)
                    call.complete(answer, value: value.map { PlainValue($0) }, port: UInt32(port))
                }
                return (0, .deferred)
            }
        }
        for row in 0..<count {
            let values = (0..<width).map { rows[row * width + $0] }
            let (answer, value, port) = answer(values, call)
            results[row] = value ?? .null
            ports?[row] = UInt32(port)
            guard answer == .ok else { return (row, answer) }
        }
        return (count, .ok)
    }

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        state.withLock { $0.tripwire }?.pass(Int(batch.count))
        if case .sum(let size) = spec.kind {
            // Rows count in the order in which they were passed in, whenever calls are completed.
            for row in 0..<Int(batch.count) { add(batch.numbers(row), size: size, call) }
            guard spec.defers else { return .ok }
            deferring { call.complete(.ok) }
            return .deferred
        }
        guard spec.defers else { return work(call, batch) }
        let held = HeldBatch(batch)
        deferring { [self] in call.complete(work(call, held.batch)) }
        return .deferred
    }

    func flush(_ call: Call) -> Answer {
        guard case .sum = spec.kind else { return .ok }
        let left = state.withLock { $0.sum }
        if left.count > 0 { append(left.value, call, row: nil) }
        guard spec.defers else { return .ok }
        deferring { call.complete(.ok) }
        return .deferred
    }

    func cancel(_ call: Call) {
        let stalled = state.withLock { $0.stalled.removeValue(forKey: ObjectIdentifier(call)) }
        stalled?.complete(.cancelled)
    }

    private func stalls(_ row: [Int64?], _ call: Call) -> Bool {
        guard spec.behaviour.outcome(row) == .nothing(.stall) else { return false }
        state.withLock { $0.stalled[ObjectIdentifier(call)] = call }
        return true
    }

    private func deferring(_ work: @escaping @Sendable () -> Void) {
        let pause = state.withLock { state in
            state.open.append(work)
            return spec.style == .delayed ? state.random.int(0...300) : 0
        }
        let next: @Sendable () -> Void = { [self] in
            let next = state.withLock { state in
                state.open.remove(at: state.random.int(0...state.open.count - 1))
            }
            next()
        }
        if pause == 0 {
            queue.async(execute: next)
        } else {
            queue.asyncAfter(deadline: .now() + .microseconds(pause), execute: next)
        }
    }

    // MARK: What rows come to

    private func work(_ call: Call, _ batch: pipes_batch) -> Answer {
        var hasEnded = false
        for index in 0..<Int(batch.count) {
            if hasEnded {
                _ = call.settle(row: UInt64(index), .skip, nil)
                continue
            }
            let row = (0..<Int(batch.width)).map { batch.columns?[$0]?[index] ?? .null }
            let (answer, value, port) = answer(row, call)
            switch answer {
            case .ok: break
            case .last: hasEnded = true
            case .end:
                hasEnded = true
                if !spec.isSink { _ = call.settle(row: UInt64(index), .skip, nil) }
                continue
            default:
                _ = call.settle(row: UInt64(index), answer, nil)
                continue
            }
            guard let value else { continue }
            if case .split(let outputs) = spec.kind {
                let children = spec.behaviour.children(
                    row.map(\.number), of: value.number ?? 0, outputs: outputs)
                for (port, children) in children.enumerated() {
                    for child in children { append(child, call, port: port, row: index) }
                }
            } else {
                call.emission.append(value, port: port, row: index)
            }
        }
        return hasEnded ? .end : .ok
    }

    private func add(_ row: [Int64?], size: Int, _ call: Call) {
        let sum: Int64? = state.withLock { state in
            state.sum.count += 1
            for value in row { state.sum.value &+= value ?? 1 }
            guard state.sum.count == size else { return nil }
            defer { state.sum = (0, 0) }
            return state.sum.value
        }
        if let sum { append(sum, call, row: nil) }
    }

    private func append(_ value: Int64, _ call: Call, port: Int = 0, row: Int?) {
        guard let result = result(value, borrowed: nil, call) else { return }
        call.emission.append(result, port: port, row: row)
    }

    private func answer(
        _ row: [pipes_value], _ call: Call
    ) -> (answer: Answer, value: pipes_value?, port: Int) {
        let numbers = row.map(\.number)
        var answer = Answer.ok
        let number: Int64
        switch spec.behaviour.outcome(numbers) {
        case .nothing(let fault):
            if spec.isSink, fault == .end { state.withLock { $0.collected.append(numbers) } }
            return (fault.answer, nil, 0)
        case .flaky(let value):
            if state.withLock({ $0.flaky.insert(numbers).inserted }) { return (.retry, nil, 0) }
            number = value
        case .last(let value):
            answer = .last
            number = value
        case .value(let value): number = value
        }
        if spec.isSink {
            state.withLock { $0.collected.append(numbers) }
            return (answer, nil, 0)
        }
        if spec.behaviour.deviates, number % 5 == 0 { return (.skip, nil, 0) }
        let borrowed = spec.behaviour.borrows ? row.first { $0.number != nil } : nil
        guard let result = result(number, borrowed: borrowed, call) else { return (.fatal, nil, 0) }
        return (answer, result, spec.behaviour.port(number, outputs: spec.outputs))
    }

    private func result(_ value: Int64, borrowed: pipes_value?, _ call: Call) -> pipes_value? {
        if let borrowed { return borrowed }
        guard spec.behaviour.yieldsTexts else { return pipes_value(value) }
        return Value.string(String(value)).copied(to: call.storage)
    }
}

extension Behaviour.Fault {
    /// What a processor answers for such a row.
    fileprivate var answer: Answer {
        switch self {
        case .skip: .skip
        case .reject: .reject
        case .hopeless, .flaky, .stall: .retry
        case .fatal: .fatal
        case .end: .end
        case .last: .last
        }
    }
}

/// Does something once so many rows were seen.
final class Tripwire: Sendable {
    private let left: Locked<Int>
    private let action: @Sendable () -> Void

    init(after rows: Int, _ action: @escaping @Sendable () -> Void) {
        left = Locked(rows)
        self.action = action
    }

    func pass(_ rows: Int) {
        let isNow = left.withLock { left in
            guard left > 0 else { return false }
            left -= rows
            return left <= 0
        }
        // From another thread, as a signal would.
        if isNow { DispatchQueue.global().async(execute: action) }
    }
}

extension pipes_batch {
    fileprivate func numbers(_ row: Int) -> [Int64?] {
        (0..<Int(width)).map { columns?[$0]?[row].number }
    }
}

/// A batch on its way to the thread that completes its call.
///
/// `@unchecked Sendable`: the runtime keeps it valid until the call is completed.
private struct HeldBatch: @unchecked Sendable {
    let batch: pipes_batch
    init(_ batch: pipes_batch) { self.batch = batch }
}
