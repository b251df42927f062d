import PipesCore

/// Turns an async sequence into answers to a source's calls. Values that are at hand are collected
/// in the call itself; where the sequence has to wait for one, that value completes the call, or
/// begins the next. No more than one is asked for that nobody has room for.
///
/// `@unchecked Sendable`: `iterator` belongs to the task that is inside the sequence, of which
/// there is one at a time.
final class SourcePump: @unchecked Sendable {
    private enum Next: Sendable {
        case value(Value)
        case end
        case failure(String)
    }

    private struct State {
        /// The task that is inside the sequence; nil while none is.
        var isInside = false
        var task: Task<Void, Never>?
        /// The rows of a call that is in progress.
        var rows: RowCollection?
        /// A deferred call, which waits for the next value.
        var waiting: Call?
        /// What came when no call was waiting for it.
        var ahead: Next?
    }

    private let makeRows: @Sendable () -> any AsyncSequence<Value, any Error> & Sendable
    private var iterator: (any AsyncIteratorProtocol<Value, any Error>)?
    private let state = Locked(State())

    init(
        _ makeRows:
            @escaping @Sendable (Coro.Context) -> any AsyncSequence<Value, any Error>
            & Sendable, _ context: Coro.Context
    ) {
        self.makeRows = { makeRows(context) }
    }

    /// Emits what is at hand, or has the next value complete the call.
    func answer(_ call: Call) -> Answer {
        var rows = RowCollection(call)
        let (isInside, ahead) = state.withLock { state in
            defer { state.ahead = nil }
            if state.isInside { state.waiting = call }
            return (state.isInside, state.ahead)
        }
        if isInside { return .deferred }
        if let ahead, let answer = Self.add(ahead, to: &rows, of: call) { return answer }
        if rows.isFull { return .ok }
        state.withLock { state in
            state.isInside = true
            state.rows = rows
        }
        let task = Task.immediate { await self.run(call) }
        return state.withLock { state in
            let count = state.rows?.count ?? 0
            state.rows = nil
            guard state.isInside else { return Self.answer(&state, call, count) }
            state.task = task
            if count > 0 { return .ok }
            state.waiting = call
            return .deferred
        }
    }

    /// The answer where the sequence did not have to wait.
    private static func answer(_ state: inout State, _ call: Call, _ count: Int) -> Answer {
        switch state.ahead {
        case .value, nil: return .ok
        case .end:
            // Asked once more, it says so again.
            return .end
        case .failure(let text):
            if count > 0 { return .ok }
            state.ahead = nil
            call.explanation = text
            return .fatal
        }
    }

    /// - Returns: the answer, where that was all.
    private static func add(_ next: Next, to rows: inout RowCollection, of call: Call) -> Answer? {
        switch next {
        case .value(let value): return rows.append(value) ? nil : .fatal
        case .end: return .end
        case .failure(let text):
            call.explanation = text
            return .fatal
        }
    }

    /// Takes values until the call that is in progress has enough, or is over.
    private func run(_ call: Call) async {
        while true {
            let next = await self.next()
            let (goesOn, waiting): (Bool, Call?) = state.withLock { state in
                if case .value(let value) = next, state.rows != nil {
                    guard state.rows?.append(value) ?? false else {
                        state.ahead = .failure("no memory for a row")
                        state.isInside = false
                        return (false, nil)
                    }
                    if state.rows?.isFull == false { return (true, nil) }
                } else if state.waiting == nil {
                    state.ahead = next
                }
                state.isInside = false
                defer { state.waiting = nil }
                return (false, state.waiting)
            }
            if goesOn { continue }
            if let waiting { complete(waiting, with: next) }
            return
        }
    }

    private func complete(_ call: Call, with next: Next) {
        var rows = RowCollection(call)
        call.complete(Self.add(next, to: &rows, of: call) ?? .ok)
    }

    private func next() async -> Next {
        do {
            var iterator = self.iterator.take() ?? makeRows().makeAsyncIterator()
            let value = try await iterator.next()
            self.iterator = iterator
            return value.map { .value($0) } ?? .end
        } catch is CancellationError {
            return .end
        } catch {
            return .failure("\(error)")
        }
    }

    /// No more values are wanted: the open call is completed with the end.
    func stop() { state.withLock { $0.task }?.cancel() }

    /// There will be no more calls.
    func close() { stop() }

    /// Nobody waits for the open call any longer.
    func abandon() {
        stop()
        state.withLock { $0.waiting = nil }
    }
}
