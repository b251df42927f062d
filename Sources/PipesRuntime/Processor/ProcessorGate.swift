import Synchronization

/// Keeps the promises of a processor's life: closed once for each successful open, after its last
/// call, and no interrupt before or after that.
final class ProcessorGate: Sendable {
    private enum State {
        case unopened
        case open
        /// There will be no more calls.
        case finished
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

    /// The last call is over.
    func finish() {
        state.withLock { state in
            if state == .open { state = .finished }
        }
    }

    /// Closes a processor that was opened for nothing, since another one could not be.
    func closeUnused() {
        finish()
        close()
    }

    /// Only where the last call is over: a processor that is still inside one stays open.
    func close() {
        let isDue = state.withLock { state in
            guard state == .finished else { return false }
            state = .closed
            return true
        }
        guard isDue else { return }
        isInside = true
        processor.close()
        isInside = false
    }
}
