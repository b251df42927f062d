import PipesCore
import Synchronization

/// An edge of a running graph: `EdgeState` behind a lock, and the doorbells at its ends.
final class Edge: Sendable {
    let index: Int
    /// Positions of the nodes at its ends.
    let from: Int
    let to: Int
    /// Whether it stands between stages; inside one it only hands over.
    let isQueue: Bool
    private let sender: Doorbell
    /// Where the sender is a source.
    private let sourceStop: SourceStop?
    private let reader: Doorbell
    /// Where it starts the next round of a loop.
    private let feedback: FeedbackEnd?
    /// The loop that rows leave by it.
    private let leaves: Loop?
    private let state: Locked<EdgeState>
    private let lastDemand = Atomic(EdgeState.Demand.everything.rawValue)

    init(
        index: Int, from: Int, to: Int, capacity: Int, byteCapacity: Int,
        overflow: NodeProperties.Overflow, readsKeys: Bool, isQueue: Bool, sender: Doorbell,
        reader: Doorbell, sourceStop: SourceStop?,
        feedback: FeedbackEnd? = nil, leaves: Loop? = nil
    ) {
        self.index = index
        self.from = from
        self.to = to
        self.isQueue = isQueue
        self.sender = sender
        self.sourceStop = sourceStop
        self.reader = reader
        self.feedback = feedback
        self.leaves = leaves
        state = Locked(
            EdgeState(
                capacity: capacity, byteCapacity: byteCapacity, overflow: overflow,
                readsKeys: readsKeys))
    }

    var isFeedback: Bool { feedback != nil }
    /// Rounds that have begun; nil for an edge that goes back to nobody.
    var rounds: Int? { feedback?.loop.rounds }

    /// For reports and the deadlock detector.
    var snapshot: EdgeState { state.withLock { $0 } }

    /// Read by the sender for every batch, so without the lock.
    var demand: EdgeState.Demand {
        let demand = EdgeState.Demand(rawValue: lastDemand.load(ordering: .acquiring)) ?? .nothing
        return feedback?.demand(demand) ?? demand
    }
    /// Changes whenever rows are sent or taken.
    var movedCount: Int { state.withLock { $0.rows &* 2 &- $0.depth } }
    var isDrained: Bool { state.withLock { $0.isDrained } }

    /// Rows that can be sent now. Where there is none, the sender's doorbell rings once there is.
    /// An edge inside a stage takes the next batch once the last one was read.
    func roomOrWait() -> Int {
        // It has room for all rows that are in its loop.
        if feedback != nil { return Int.max }
        return state.withLock { state in
            isQueue || state.demand == .nothing
                ? state.roomOrWait() : (state.hasBatch ? 0 : state.capacity)
        }
    }

    /// How many of the first items of `batch` can be sent now; as `roomOrWait` otherwise.
    func admit(_ batch: Batch, byteCount: Int) -> Int {
        if feedback != nil { return batch.itemCount }
        return state.withLock { state in
            isQueue
                ? state.admit(batch, byteCount: byteCount)
                : (state.hasBatch ? 0 : min(state.capacity, batch.itemCount))
        }
    }

    func send(_ batch: Batch, byteCount: Int) {
        let batch = feedback?.sendBack(batch) ?? batch
        if state.withLock({ $0.send(batch, byteCount: byteCount) }), isQueue { reader.ring() }
    }

    func finish() {
        if state.withLock({ $0.finish() }), isQueue { reader.ring() }
    }

    func take() -> EdgeState.Taken {
        if let feedback { return takeBack(feedback) }
        let taken = state.withLock { $0.take() }
        if case .batch(_, freesRoom: true) = taken, isQueue { sender.ring() }
        return taken
    }

    func want(_ less: EdgeState.Demand) {
        let (isNews, former, now) = state.withLock { state in
            let former = state.demand
            let isNews = state.want(less)
            lastDemand.store(state.demand.rawValue, ordering: .releasing)
            return (isNews, former, state.demand)
        }
        if former == .everything, now != .everything { sourceStop?.oneReaderLess() }
        if former != now { leaves?.exitWants(now, insteadOf: former) }
        if isNews, isQueue { sender.ring() }
    }

    /// Its sender has nothing more for the loop, whatever is still to be sent elsewhere.
    func endRounds() { feedback?.loop.close() }

    private func takeBack(_ feedback: FeedbackEnd) -> EdgeState.Taken {
        if feedback.loop.isClosed { return .end }
        let initial = feedback.takeInitial()
        let taken = state.withLock { state in
            if let initial { _ = state.send(initial, byteCount: initial.byteCount) }
            return state.take()
        }
        switch taken {
        case .batch(let batch, _):
            if initial == nil { feedback.loop.takeBack(batch.itemCount) }
        case .nothingYet where feedback.loop.isOver: return .end
        case .nothingYet, .end: break
        }
        return taken
    }

    func grow(by rows: Int) {
        if state.withLock({ $0.grow(by: rows) }) { sender.ring() }
    }
}
