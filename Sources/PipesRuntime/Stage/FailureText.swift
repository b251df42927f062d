/// What a dead letter says.
enum FailureText {
    static func of(_ answer: Answer, _ explanation: String?) -> String {
        switch (answer, explanation) {
        case (.notAllowed(let text), let explanation?) where explanation != text:
            "\(text); it explains: \(explanation)"
        case (.notAllowed(let text), _): text
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
