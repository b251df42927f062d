import CPipes
import PipesCore

/// What became of a row that a closure was called with.
enum ClosureOutcome: Sendable {
    case value(Value)
    case taken
    case nothing
    case failure(Answer, String?)

    /// - Parameter body: yields the outer nil for nothing, and the inner one where the row was
    ///   taken, as a sink does.
    init(_ body: () throws -> Value??) {
        do {
            self.init(try body())
        } catch {
            self.init(error)
        }
    }

    private init(_ result: Value??) {
        switch result {
        case .none: self = .nothing
        case .some(.none): self = .taken
        case .some(.some(let value)): self = .value(value)
        }
    }

    init(_ error: any Error) {
        switch error {
        case is CancellationError: self = .failure(.cancelled, nil)
        case let error as RetryableError: self = .failure(.retry, error.description)
        default: self = .failure(.reject, "\(error)")
        }
    }

    /// The answer of a call; a value is copied to its memory.
    func answer(_ call: Call) -> (answer: Answer, value: pipes_value) {
        switch self {
        case .value(let value):
            guard let copy = value.copied(to: call.storage) else { return (.retry, .null) }
            return (.ok, copy)
        case .taken: return (.ok, .null)
        case .nothing: return (.skip, .null)
        case .failure(let answer, let text):
            call.explanation = text
            return (answer, .null)
        }
    }

    /// Answers a call that is in progress.
    func settle(_ call: Call, _ result: UnsafeMutablePointer<pipes_value>) -> Answer {
        let (answer, value) = answer(call)
        result.initialize(to: value)
        return answer
    }
}
