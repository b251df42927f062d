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
        var random: SeededGenerator
    }

    init(_ spec: NodeSpec, seed: UInt64) {
        self.spec = spec
        description = spec.description
        state = Locked(State(random: SeededGenerator(seed: seed)))
    }

    /// What a sink took.
    var collected: [[Int64?]] { state.withLock { $0.collected } }

    func open() throws(OpenFailure) { life.open() }
    func close() { life.close() }

    // MARK: Calls

    func produce(_ call: Call) -> Answer {
        guard case .source(let rows) = spec.kind else { return .notAllowed("is no source") }
        return state.withLock { state in
            let count = min(call.demand, rows - state.produced, state.random.int(1...300))
            for _ in 0..<count {
                let value = SpecifiedProcessor.sourceValue(state.produced, spec.behaviour)
                guard let result = result(value, borrowed: nil, call) else { return .fatal }
                call.emission.append(result, port: 0, row: nil)
                state.produced += 1
            }
            return state.produced == rows ? .end : .ok
        }
    }

    static func sourceValue(_ number: Int, _ behaviour: Behaviour) -> Int64 {
        Int64(number) &+ Int64(behaviour.salt % 1000) &* 1_000_000
    }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        if spec.style == .deferred, count > 0 {
            let row = (0..<width).map { PlainValue(rows[$0]) }
            deferring { [self] in
                let (answer, value, port) = answer(row.map(\.value), call)
                call.complete(answer, value: value.map { PlainValue($0) }, port: UInt32(port))
            }
            return (0, .deferred)
        }
        for row in 0..<count {
            let values = (0..<width).map { rows[row * width + $0] }
            let (answer, value, port) = answer(values, call)
            if let value { results[row] = value }
            ports?[row] = UInt32(port)
            guard answer == .ok else { return (row, answer) }
        }
        return (count, .ok)
    }

    func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        guard spec.style == .deferred else { return work(call, batch) }
        let held = HeldBatch(batch)
        deferring { [self] in call.complete(work(call, held.batch)) }
        return .deferred
    }

    func flush(_ call: Call) -> Answer {
        guard case .sum = spec.kind else { return .ok }
        return state.withLock { state in
            if state.sum.count > 0 { append(state.sum.value, borrowed: nil, call, row: nil) }
            return .ok
        }
    }

    private func deferring(_ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.open.append(work) }
        queue.async { [self] in
            let next = state.withLock { state in
                state.open.remove(at: state.random.int(0...state.open.count - 1))
            }
            next()
        }
    }

    // MARK: What rows come to

    private func work(_ call: Call, _ batch: pipes_batch) -> Answer {
        let rows = (0..<Int(batch.count)).map { row in
            (0..<Int(batch.width)).map { batch.columns?[$0]?[row] ?? .null }
        }
        if case .sum(let size) = spec.kind {
            for row in rows { add(row.map(\.number), size: size, call) }
            return .ok
        }
        for (index, row) in rows.enumerated() {
            let (answer, value, _) = answer(row, call)
            guard answer == .ok else {
                _ = call.settle(row: UInt64(index), answer, nil)
                continue
            }
            guard let value else { continue }
            if case .split = spec.kind {
                let children = spec.behaviour.children(row.map(\.number), of: value.number ?? 0)
                for child in children { append(child, borrowed: nil, call, row: index) }
            } else {
                call.emission.append(value, port: 0, row: index)
            }
        }
        return .ok
    }

    private func add(_ row: [Int64?], size: Int, _ call: Call) {
        state.withLock { state in
            state.sum.count += 1
            for value in row { state.sum.value &+= value ?? 1 }
            guard state.sum.count == size else { return }
            append(state.sum.value, borrowed: nil, call, row: nil)
            state.sum = (0, 0)
        }
    }

    private func append(_ value: Int64, borrowed: pipes_value?, _ call: Call, row: Int?) {
        guard let result = result(value, borrowed: borrowed, call) else { return }
        call.emission.append(result, port: 0, row: row)
    }

    private func answer(
        _ row: [pipes_value], _ call: Call
    ) -> (answer: Answer, value: pipes_value?, port: Int) {
        let numbers = row.map(\.number)
        let value: Int64
        switch spec.behaviour.outcome(numbers) {
        case .skip: return (.skip, nil, 0)
        case .reject: return (.reject, nil, 0)
        case .hopeless: return (.retry, nil, 0)
        case .flaky(let number):
            if state.withLock({ $0.flaky.insert(numbers).inserted }) { return (.retry, nil, 0) }
            value = number
        case .value(let number): value = number
        }
        if case .sink = spec.kind {
            state.withLock { $0.collected.append(numbers) }
            return (.ok, nil, 0)
        }
        let borrowed = spec.behaviour.borrows ? row.first { $0.number != nil } : nil
        guard let result = result(value, borrowed: borrowed, call) else { return (.fatal, nil, 0) }
        return (.ok, result, spec.outputs == 2 ? spec.behaviour.port(value) : 0)
    }

    private func result(_ value: Int64, borrowed: pipes_value?, _ call: Call) -> pipes_value? {
        if let borrowed { return borrowed }
        guard spec.behaviour.yieldsTexts else { return pipes_value(value) }
        return Value.string(String(value)).copied(to: call.storage)
    }
}

/// A batch on its way to the thread that completes its call.
///
/// `@unchecked Sendable`: the runtime keeps it valid until the call is completed.
private struct HeldBatch: @unchecked Sendable {
    let batch: pipes_batch
    init(_ batch: pipes_batch) { self.batch = batch }
}
