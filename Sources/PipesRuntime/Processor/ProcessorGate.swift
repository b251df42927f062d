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
    private let closing = Atomic(false)
    /// Tasks that call the processor and have not ended.
    private let userCount: Atomic<Int>

    /// - Parameter users: tasks that will call the processor.
    init(_ processor: any Processor, users: Int = 1) {
        self.processor = processor
        userCount = Atomic(users)
    }

    /// Another graph goes on, whose tasks will call the processor from now on.
    func handOver(to users: Int) { userCount.store(users, ordering: .releasing) }

    /// One of its users will make no more calls, but for what the last one has to end with.
    /// - Returns: whether it was the last.
    func leave() -> Bool { userCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }

    /// Whether it is being closed.
    var isClosing: Bool { closing.load(ordering: .relaxed) }

    /// Whether there may be more calls.
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
        closing.store(true, ordering: .relaxed)
        processor.close()
        closing.store(false, ordering: .relaxed)
    }
}
