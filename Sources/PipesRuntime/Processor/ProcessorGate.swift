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
    private let inside = Atomic(false)

    init(_ processor: any Processor) {
        self.processor = processor
    }

    /// Whether a call of the processor is in progress.
    var isInside: Bool {
        get { inside.load(ordering: .relaxed) }
        set { inside.store(newValue, ordering: .relaxed) }
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
