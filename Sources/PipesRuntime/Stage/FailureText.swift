/// What a dead letter says where the processor gave no explanation.
enum FailureText {
    static func of(_ answer: Answer) -> String {
        switch answer {
        case .cancelled: "cancelled"
        case .notAllowed(let text): text
        case .retry: "failed, and no retries are left"
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
