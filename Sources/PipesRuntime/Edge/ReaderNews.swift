import Synchronization

/// Whether a reader of a node has come to want less since the node last looked: asked for every
/// batch, where asking each edge would take longer than a batch of cheap rows.
final class ReaderNews: Sendable {
    private let isPosted = Atomic(false)

    /// Any thread, after the edge has changed.
    func post() { isPosted.store(true, ordering: .releasing) }

    /// Whether there is news. It is forgotten.
    func take() -> Bool {
        isPosted.load(ordering: .relaxed)
            && isPosted.exchange(false, ordering: .acquiringAndReleasing)
    }
}
