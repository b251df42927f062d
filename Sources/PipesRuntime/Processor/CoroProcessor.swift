import CPipes
import PipesCore

/// Runs the closure of a `Coro`: each call is a task, and deferred.
final class CoroProcessor: Processor {
    private let body: Coro.Body
    private let context: Coro.Context
    private let state = Locked(State())

    var completesCallsOnce: Bool { true }

    private struct State {
        /// The open calls' tasks. The one that completes a call removes it.
        var tasks: [ObjectIdentifier: Task<Void, Never>] = [:]
        /// What a source's rows come from, once the first was asked for.
        var pump: SourcePump?
    }

    init(_ body: Coro.Body, _ context: Coro.Context) {
        self.body = body
        self.context = context
    }

    func open() {}

    func close() { state.withLock { $0.pump }?.close() }

    func produce(_ call: Call) -> Answer {
        guard case .source(let makeRows) = body else { return .notAllowed("is no source") }
        let pump = state.withLock { state in
            let pump = state.pump ?? SourcePump(makeRows(context))
            state.pump = pump
            return pump
        }
        pump.answer(call)
        return .deferred
    }

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        let row = (0..<width).map { Value(copying: rows[$0]) }
        let context = context
        switch body {
        case .source: return (0, .notAllowed("is a source"))
        case .map(let body):
            run(call) {
                guard let value = try await body(row, context) else { return (.skip, nil) }
                guard let copy = value.copied(to: call.storage) else { return (.retry, nil) }
                return (.ok, PlainValue(copy))
            }
        case .sink(let body):
            run(call) {
                try await body(row, context)
                return (.ok, nil)
            }
        }
        return (0, .deferred)
    }

    /// Starts the task of a call. The lock is held until the task is noted, so that it can't be
    /// over before.
    private func run(
        _ call: Call, _ work: @escaping @Sendable () async throws -> (Answer, PlainValue?)
    ) {
        state.withLock { state in
            state.tasks[ObjectIdentifier(call)] = Task {
                var outcome: (answer: Answer, value: PlainValue?)
                do {
                    outcome = try await work()
                } catch is CancellationError {
                    outcome = (.cancelled, nil)
                } catch let error as RetryableError {
                    call.explanation = error.description
                    outcome = (.retry, nil)
                } catch {
                    call.explanation = "\(error)"
                    outcome = (.reject, nil)
                }
                let task = self.state.withLock {
                    $0.tasks.removeValue(forKey: ObjectIdentifier(call))
                }
                if task != nil { call.complete(outcome.answer, value: outcome.value) }
            }
        }
    }

    func cancel(_ call: Call) {
        let (task, pump) = state.withLock { ($0.tasks[ObjectIdentifier(call)], $0.pump) }
        task?.cancel()
        pump?.stop()
    }

    func abandon(_ call: Call) {
        let pump = state.withLock { state in
            state.tasks[ObjectIdentifier(call)] = nil
            return state.pump
        }
        pump?.abandon()
    }
}
