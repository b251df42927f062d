/// What a dead letter says, and a run that was stopped.
enum FailureText {
    /// - Parameter coro: who did what it may not.
    static func of(_ answer: Answer, _ explanation: String?, coro: String) -> String {
        let explanation = explanation.flatMap { $0.isEmpty ? nil : $0 }
        return switch (answer, explanation) {
        case (.notAllowed(let text), let explanation?) where explanation != text:
            "\(coro): \(text); it explains: \(explanation)"
        case (.notAllowed(let text), _): "\(coro): \(text)"
        case (_, let explanation?): explanation
        case (.cancelled, nil): "cancelled"
        case (.retry, nil): "failed, and no retries are left"
        default: "answered \(answer.name) without an explanation"
        }
    }
}

extension Answer {
    var isFatal: Bool {
        switch self {
        case .fatal, .notAllowed: true
        default: false
        }
    }
}
