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
