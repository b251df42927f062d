internal import CPipes
internal import Synchronization

/// The deferred calls of one node, each a task that is owned here until its ticket is completed.
///
/// A call is known to `cancel` by a number of its own, the `context` of the ABI: a cancel may come
/// before `defer` has answered with a ticket, or while the call is being completed, and a number
/// that is not in the table any more does no harm then.
final class DeferredCalls: Sendable {
    private struct State {
        var nextNumber: UInt = 1
        var calls: [UInt: Progress] = [:]
        /// The last call that must not overlap with another one.
        var last: Task<Void, Never>?
    }

    private enum Progress {
        case starting(isCancelled: Bool)
        case running(Task<Void, Never>)
    }

    /// What a deferred call is completed with.
    struct Completion {
        var status: pipes_status
        /// The result of a map.
        var value: pipes_value?
    }

    private let state = Mutex(State())

    /// Answers `PIPES_DEFERRED` for a call and completes it with what `body` returns.
    ///
    /// - Parameter inOrder: Runs after all earlier calls of this node that are in order, too.
    func start(
        _ call: Call, inOrder: Bool, body: @escaping @Sendable (Call) async -> Completion
    ) -> pipes_status {
        let number = state.withLock { state in
            let number = state.nextNumber
            state.nextNumber += 1
            state.calls[number] = .starting(isCancelled: false)
            return number
        }
        // From here on the call is the task's: another thread may complete it at any moment.
        nonisolated(unsafe) let host: UnsafePointer<pipes_host> = call.pointee.host
        let ticket = host.pointee.defer(call, UnsafeMutableRawPointer(bitPattern: number))
        state.withLock { state in
            let earlier = inOrder ? state.last : nil
            let task = Task {
                await earlier?.value
                guard let call = host.pointee.resume(host, ticket) else { return forget(number) }
                let completion = await body(call)
                // The node may be closed as soon as its last ticket is completed, so that is last.
                forget(number)
                complete(host, ticket, completion)
            }
            if inOrder { state.last = task }
            if case .starting(isCancelled: true) = state.calls[number] { task.cancel() }
            state.calls[number] = .running(task)
        }
        return Status.deferred
    }

    func cancel(_ context: UnsafeMutableRawPointer?) {
        let number = UInt(bitPattern: context)
        let task: Task<Void, Never>? = state.withLock { state in
            switch state.calls[number] {
            case .running(let task): return task
            case .starting: state.calls[number] = .starting(isCancelled: true)
            case nil: break
            }
            return nil
        }
        // Cancelling runs the handlers of whatever the task awaits: not under the lock.
        task?.cancel()
    }

    private func forget(_ number: UInt) {
        state.withLock { $0.calls[number] = nil }
    }
}

private func complete(
    _ host: UnsafePointer<pipes_host>, _ ticket: pipes_ticket,
    _ completion: DeferredCalls.Completion
) {
    guard var value = completion.value else {
        _ = host.pointee.complete(host, ticket, completion.status, nil)
        return
    }
    _ = host.pointee.complete(host, ticket, completion.status, &value)
}
