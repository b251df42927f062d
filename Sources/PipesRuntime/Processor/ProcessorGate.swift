import Synchronization

/// Keeps the promises of a processor's life: closed once for each successful open, and no
/// interrupt before or after that.
final class ProcessorGate: Sendable {
    private enum State {
        case unopened
        case open
        case closed
    }

    let processor: any Processor
    private let state = Locked(State.unopened)
    /// The number of the call in progress; 0 for none.
    private let inside = Atomic(0)
    private let callCount = Atomic(0)

    init(_ processor: any Processor) {
        self.processor = processor
    }

    /// The number of the call in progress, if one is.
    var currentCall: Int? {
        let number = inside.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Whether a call of the processor is in progress. Set by the one thread that makes calls, so
    /// that calls can be counted without a locked instruction.
    var isInside: Bool {
        get { currentCall != nil }
        set {
            guard newValue else { return inside.store(0, ordering: .relaxed) }
            let number = callCount.load(ordering: .relaxed) + 1
            callCount.store(number, ordering: .relaxed)
            inside.store(number, ordering: .relaxed)
        }
    }

    var isOpen: Bool { state.withLock { $0 == .open } }

    func open() throws(OpenFailure) {
        try processor.open()
        state.withLock { $0 = .open }
    }

    func interrupt() {
        // Under the lock, so that close waits for it. Processors only set a flag or write to a
        // pipe here, as pipes.h asks.
        state.withLock { state in
            if state == .open { processor.interrupt() }
        }
    }

    func close() {
        let wasOpen = state.withLock { state in
            defer { state = .closed }
            return state == .open
        }
        if wasOpen { processor.close() }
    }
}
