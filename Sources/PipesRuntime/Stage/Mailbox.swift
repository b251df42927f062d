/// Completed calls on their way to the node, from any thread.
final class Mailbox: Sendable {
    private let letters = Locked<[(Call, Call.Completion)]>([])

    func put(_ call: Call, _ completion: Call.Completion) {
        letters.withLock { $0.append((call, completion)) }
    }

    func takeAll() -> [(Call, Call.Completion)] {
        letters.withLock { letters in
            guard !letters.isEmpty else { return [] }
            defer { letters = [] }
            return letters
        }
    }
}
