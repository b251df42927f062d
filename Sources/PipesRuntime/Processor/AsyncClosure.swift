import PipesCore

/// A closure that awaits, as a task calls it.
final class AsyncClosure: Sendable {
    private let body: Coro.Body
    private let context: Coro.Context

    init(_ body: Coro.Body, _ context: Coro.Context) {
        self.body = body
        self.context = context
    }

    func outcome(_ row: Coro.Row) async -> ClosureOutcome {
        do {
            switch body {
            case .asyncMap(let body):
                return try await body(row, context).map { .value($0) } ?? .nothing
            case .asyncSink(let body):
                try await body(row, context)
                return .taken
            case .source, .values, .map, .sink:
                return .failure(.notAllowed("awaits nothing"), nil)
            }
        } catch {
            return ClosureOutcome(error)
        }
    }
}
