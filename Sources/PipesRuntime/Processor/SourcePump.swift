import PipesCore

/// Turns an async sequence into answers to a source's calls: one task iterates it, and takes the
/// next value only when a call asks for one.
final class SourcePump: Sendable {
    private enum Demand {
        case none
        case call(Call)
        case waiting(CheckedContinuation<Call?, Never>)
    }

    private struct State {
        var isClosed = false
        var demand = Demand.none
        var task: Task<Void, Never>?
    }

    private let state = Locked(State())

    init(_ rows: any AsyncSequence<Value, any Error> & Sendable) {
        let task = Task { await self.run(rows) }
        state.withLock { $0.task = task }
    }

    /// The next value, or the end, completes the call.
    func answer(_ call: Call) {
        let waiting: CheckedContinuation<Call?, Never>? = state.withLock { state in
            if case .waiting(let continuation) = state.demand {
                state.demand = .none
                return continuation
            }
            state.demand = .call(call)
            return nil
        }
        waiting?.resume(returning: call)
    }

    /// No more values are wanted: the open call is completed with the end.
    func stop() { state.withLock { $0.task }?.cancel() }

    /// There will be no more calls.
    func close() {
        stop()
        let waiting: CheckedContinuation<Call?, Never>? = state.withLock { state in
            state.isClosed = true
            guard case .waiting(let continuation) = state.demand else { return nil }
            state.demand = .none
            return continuation
        }
        waiting?.resume(returning: nil)
    }

    /// Nobody waits for the open call any longer.
    func abandon() {
        stop()
        state.withLock { if case .call = $0.demand { $0.demand = .none } }
    }

    private func run(_ rows: any AsyncSequence<Value, any Error> & Sendable) async {
        var outcome = Answer.end
        var explanation: String?
        do {
            for try await value in rows {
                guard let call = await nextCall() else { return }
                guard let copy = value.copied(to: call.storage) else {
                    call.explanation = "no memory for a row"
                    call.complete(.fatal)
                    return
                }
                call.emission.append(copy, port: 0, row: nil)
                call.complete(.ok)
            }
        } catch is CancellationError {
            outcome = .end
        } catch {
            outcome = .fatal
            explanation = "\(error)"
        }
        guard let call = await nextCall() else { return }
        call.explanation = explanation
        call.complete(outcome)
    }

    /// - Returns: nil where there will be none.
    private func nextCall() async -> Call? {
        await withCheckedContinuation { continuation in
            let (call, isClosed): (Call?, Bool) = state.withLock { state in
                if case .call(let call) = state.demand {
                    state.demand = .none
                    return (call, false)
                }
                if !state.isClosed { state.demand = .waiting(continuation) }
                return (nil, state.isClosed)
            }
            if call != nil || isClosed { continuation.resume(returning: call) }
        }
    }
}
