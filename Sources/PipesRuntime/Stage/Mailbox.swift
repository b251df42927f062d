/// Completed calls on their way to the node, from any thread.
final class Mailbox: Sendable {
    private struct State {
        var letters: [(Call, Call.Completion)] = []
        /// Of the stage that looks into it.
        var doorbell: Doorbell
    }

    private let state: Locked<State>

    init(_ doorbell: Doorbell) {
        state = Locked(State(doorbell: doorbell))
    }

    func put(_ call: Call, _ completion: Call.Completion) {
        let doorbell: Doorbell? = state.withLock { state in
            state.letters.append((call, completion))
            // Whoever put the first of several rings for all.
            return state.letters.count == 1 ? state.doorbell : nil
        }
        doorbell?.ring()
    }

    func takeAll() -> [(Call, Call.Completion)] {
        state.withLock { state in
            guard !state.letters.isEmpty else { return [] }
            defer { state.letters = [] }
            return state.letters
        }
    }

    /// Another stage looks into it from now on.
    func forward(to doorbell: Doorbell) {
        let hasLetters = state.withLock { state in
            state.doorbell = doorbell
            return !state.letters.isEmpty
        }
        if hasLetters { doorbell.ring() }
    }
}
