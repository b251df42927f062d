/// Finds out why no node of a run goes on, and lets the run go on: a join waits for one input while
/// another one, full, holds back the sender of both. That edge grows. What can't be helped so stops
/// the run, with the cycle of waits.
final class DeadlockResolver: @unchecked Sendable {
    // Set once, before any stage has started; `resolving` guards against two resolvers at once. It
    // must not hold the run, nor its edges: whatever rings a doorbell of the run holds this.
    private weak var run: Run?
    private let resolving = Locked(())
    /// Rows that each edge may grow by.
    private let largestGrowth: Int

    init(largestGrowth: Int) {
        self.largestGrowth = largestGrowth
    }

    func attach(_ run: Run) { self.run = run }

    /// All stages sleep, and nothing outside the graph will wake any of them.
    func allAsleep() {
        guard let run, run.hasUnfinishedStages else { return }
        resolving.withLock { _ in
            let waiting = run.waitingEdges
            guard !waiting.isEmpty else {
                run.stop("deadlock: all nodes wait for one another, and no edge is full")
                return
            }
            if stopFollowingReaders(waiting) { return }
            guard let edge = edgeToGrow(waiting, of: run) else {
                run.stop("deadlock: " + waiting.map(run.describe).joined(separator: "; "))
                return
            }
            let rows = max(1, edge.snapshot.capacity / 8)
            edge.grow(by: rows)
            run.noteGrowth(edge, by: rows)
        }
    }

    /// Nothing has moved for a while, and calls are open. Where a node keeps rows, so that they stay
    /// open until it has more of them, the run would wait for ever.
    /// - Returns: whether an edge has grown.
    func nothingMoves() -> Bool {
        guard let run, run.hasUnfinishedStages else { return false }
        return resolving.withLock { _ in
            let waiting = run.waitingEdges
            let holders = run.holders(among: run.starvedNodes)
            guard !waiting.isEmpty, !holders.isEmpty else { return false }
            if stopFollowingReaders(waiting) { return true }
            guard let edge = edgeToGrow(waiting, of: run) else {
                // It may be a call that takes long, unless that was tried.
                guard waiting.contains(where: { $0.snapshot.grownBy > 0 }) else { return false }
                let waits = holders.map(run.describe(holder:)) + waiting.map(run.describe)
                run.stop("deadlock: " + waits.joined(separator: "; "))
                return false
            }
            let state = edge.snapshot
            edge.grow(by: min(state.capacity * 3, largestGrowth - state.grownBy))
            run.noteGrowth(edge, holders: holders)
            return true
        }
    }

    /// Edges that hold fewer rows than they could, since their readers are slow, are not full.
    /// - Returns: whether a sender goes on.
    private func stopFollowingReaders(_ waiting: [Edge]) -> Bool {
        var hasHelped = false
        for edge in waiting where edge.stopFollowingReader() { hasHelped = true }
        return hasHelped
    }

    /// Room helps where the reader has looked for another input and found nothing there; one that is
    /// held up by its own outputs would only be given more to hold. Nor does it help where rows must
    /// leave a loop first.
    private func edgeToGrow(_ waiting: [Edge], of run: Run) -> Edge? {
        let starved = run.starvedNodes
        return waiting.filter {
            starved.contains($0.to) && $0.snapshot.grownBy < largestGrowth
                && !run.isFull(before: $0)
        }.min { $0.snapshot.grownBy < $1.snapshot.grownBy }
    }
}
