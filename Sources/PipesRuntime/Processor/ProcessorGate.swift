import Synchronization

/// Keeps the promise that a processor is closed once, and that no interrupt comes after that.
final class ProcessorGate: Sendable {
    let processor: any Processor
    private let isClosed = Locked(false)
    private let inside = Atomic(false)

    init(_ processor: any Processor) {
        self.processor = processor
    }

    /// Whether a call of the processor is in progress.
    var isInside: Bool {
        get { inside.load(ordering: .relaxed) }
        set { inside.store(newValue, ordering: .relaxed) }
    }

    var isOpen: Bool { isClosed.withLock { !$0 } }

    func interrupt() {
        // Under the lock, so that close waits for it. Processors only set a flag or write to a
        // pipe here, as pipes.h asks.
        isClosed.withLock { isClosed in
            if !isClosed { processor.interrupt() }
        }
    }

    func close() {
        let isFirst = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return !isClosed
        }
        if isFirst { processor.close() }
    }
}
