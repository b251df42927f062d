/// Finds out why all stages of a run sleep with nothing outside to wake them, and lets the run go
/// on: a join waits for one input while another one, full, holds back the sender of both. That
/// edge grows. What can't be helped so stops the run, with the cycle of waits.
final class DeadlockResolver: @unchecked Sendable {
    // Set once, before any stage has started; `resolving` guards against two resolvers at once.
    private weak var run: Run?
    private var edges: [Edge] = []
    private let resolving = Locked(())

    /// Rows that edges of a run may grow by, each.
    static let largestGrowth = 1 << 20

    func attach(_ run: Run, edges: [Edge]) {
        self.run = run
        self.edges = edges
    }

    func allAsleep() {
        guard let run, run.hasUnfinishedStages else { return }
        resolving.withLock { _ in
            let waiting = edges.filter { $0.isQueue && $0.snapshot.senderWaits }
            guard !waiting.isEmpty else {
                run.stop("deadlock: all nodes wait for one another, and no edge is full")
                return
            }
            // Room helps where the reader has looked for another input and found nothing there;
            // one that is held up by its own outputs would only be given more to hold.
            let starved = Set(edges.filter { $0.isQueue && $0.snapshot.readerWaits }.map(\.to))
            // Nor does it help where rows must leave a loop first.
            let candidates = waiting.filter { starved.contains($0.to) && !run.isFull(before: $0) }
            guard let edge = candidates.min(by: { $0.snapshot.grownBy < $1.snapshot.grownBy }),
                edge.snapshot.grownBy < DeadlockResolver.largestGrowth
            else {
                run.stop("deadlock: " + waiting.map(run.describe).joined(separator: "; "))
                return
            }
            let rows = max(1, edge.snapshot.capacity / 8)
            edge.grow(by: rows)
            run.noteGrowth(edge, by: rows)
        }
    }
}
