import PipesCore
import Synchronization

/// An edge of a running graph: `EdgeState` behind a lock, and the doorbells at its ends.
final class Edge: Sendable {
    let index: Int
    /// Positions of the nodes at its ends.
    let from: Int
    let to: Int
    /// Bytes that it holds at most, unless it grows.
    let byteCapacity: Int
    /// Whether it stands between stages; inside one it only hands over.
    var isQueue: Bool { handover == nil }
    private let sender: Doorbell
    /// Tells the sender that a reader wants less; one for all edges of a node.
    let readerNews: ReaderNews
    /// Where the sender is a source.
    private let sourceStop: SourceStop?
    private let reader: Doorbell
    /// Where it starts the next round of a loop.
    private let feedback: FeedbackEnd?
    /// The loop that rows leave by it.
    private let leaves: Loop?
    private let state: Locked<EdgeState>
    /// Takes the place of the queue inside a stage; the state is then there for the demand alone.
    private let handover: Handover?
    /// Inside a stage with lanes: the edge of each lane.
    private let parts: [Edge]
    /// Whether a slow reader makes it hold fewer rows.
    private let measuresReader: Bool
    private let lastDemand = Atomic(EdgeState.Demand.everything.rawValue)

    init(
        index: Int, from: Int, to: Int, capacity: Int, byteCapacity: Int,
        overflow: NodeProperties.Overflow, readsKeys: Bool, isQueue: Bool,
        followsReader: Bool = false, leastRoom: Int = 1, sender: Doorbell,
        readerNews: ReaderNews = ReaderNews(), reader: Doorbell, sourceStop: SourceStop?,
        feedback: FeedbackEnd? = nil, leaves: Loop? = nil, parts: [Edge] = []
    ) {
        self.index = index
        self.from = from
        self.to = to
        self.sender = sender
        self.readerNews = readerNews
        self.sourceStop = sourceStop
        self.reader = reader
        self.feedback = feedback
        self.leaves = leaves
        self.parts = parts
        self.byteCapacity = byteCapacity
        handover = isQueue ? nil : Handover(capacity: capacity)
        let state = EdgeState(
            capacity: capacity, byteCapacity: byteCapacity, overflow: overflow,
            readsKeys: readsKeys, followsReader: followsReader && isQueue && feedback == nil,
            leastRoom: leastRoom)
        measuresReader = state.measuresReader
        self.state = Locked(state)
    }

    /// An edge inside a lane.
    /// - Parameter edge: the one that it is a part of; nil for one that only leads into the lane or
    ///   out of it.
    ///   - byteCapacity: that of what it leads to, where it is no part of an edge.
    init(
        inLane edge: CheckedGraph.Edge?, byteCapacity: Int = Int.max, bell: Doorbell,
        readerNews: ReaderNews
    ) {
        self.byteCapacity = edge?.byteCapacity ?? byteCapacity
        measuresReader = false
        index = -1
        from = edge?.from ?? -1
        to = edge?.to ?? -1
        sender = bell
        self.readerNews = readerNews
        sourceStop = nil
        reader = bell
        feedback = nil
        leaves = nil
        parts = []
        handover = Handover(handsAllOver: true)
        state = Locked(EdgeState(capacity: Int.max, byteCapacity: Int.max))
    }

    var isFeedback: Bool { feedback != nil }
    /// Rounds that have begun; nil for an edge that goes back to nobody.
    var rounds: Int? { feedback?.loop.rounds }

    /// For reports and the deadlock detector.
    var snapshot: EdgeState {
        var snapshot = state.withLock { $0 }
        if let handover {
            let all = [handover] + parts.compactMap(\.handover)
            snapshot.noteHandedOver(
                rows: all.reduce(0) { $0 + $1.rows }, peak: all.reduce(0) { max($0, $1.peak) })
        }
        return snapshot
    }

    /// Read by the sender for every batch, so without the lock.
    var demand: EdgeState.Demand {
        let demand = EdgeState.Demand(rawValue: lastDemand.load(ordering: .acquiring)) ?? .nothing
        return feedback?.demand(demand) ?? demand
    }
    /// Changes whenever rows are sent or taken.
    var movedCount: Int {
        let handedOver = parts.reduce(handover?.rows ?? 0) { $0 &+ ($1.handover?.rows ?? 0) }
        return state.withLock { $0.rows &* 2 &- $0.depth } &+ handedOver
    }

    /// Rows that can be sent now. Where there is none, the sender's doorbell rings once there is.
    /// An edge inside a stage takes the next batch once the last one was read.
    func roomOrWait() -> Int {
        // It has room for all rows that are in its loop.
        if feedback != nil { return Int.max }
        if let handover { return handover.room }
        return state.withLock { $0.roomOrWait() }
    }

    /// How many of the first items of `batch` can be sent now; as `roomOrWait` otherwise.
    func admit(_ batch: Batch, byteCount: Int) -> Int {
        if feedback != nil { return batch.itemCount }
        if let handover { return min(handover.room, batch.itemCount) }
        return state.withLock { $0.admit(batch, byteCount: byteCount) }
    }

    /// Whether it is inside a stage, and takes a batch of so many rows.
    func takesAtOnce(_ rows: Int) -> Bool { handover.map { $0.room >= rows } ?? false }

    func send(_ batch: Batch, byteCount: Int) {
        if let handover { return handover.send(batch) }
        let batch = feedback?.sendBack(batch) ?? batch
        if state.withLock({ $0.send(batch, byteCount: byteCount) }) { reader.ring() }
    }

    func finish() {
        if let handover {
            handover.finish()
        } else if state.withLock({ $0.finish() }) {
            reader.ring()
        }
    }

    /// - Parameter most: rows of a batch that are taken; the others stay. Inside a stage a batch is
    ///   taken whole.
    func take(atMost most: Int = Int.max) -> EdgeState.Taken {
        if let handover { return handover.take() }
        if let feedback { return takeBack(feedback) }
        let now = measuresReader ? MonotonicTime.nanoseconds : 0
        let taken = state.withLock { $0.take(atMost: most, now: now) }
        if case .batch(_, freesRoom: true) = taken { sender.ring() }
        return taken
    }

    /// The reader is about to sleep: it may be waiting for what the sender can only bring once it
    /// knows of the room there is.
    func rest() {
        if handover == nil, state.withLock({ $0.rest() }) { sender.ring() }
    }

    func want(_ less: EdgeState.Demand) {
        // What goes round goes on in the next graph, whatever ends in this one.
        if feedback?.loop.isPaused ?? false { return }
        let (isNews, former, now) = state.withLock { state in
            let former = state.demand
            let isNews = state.want(less)
            lastDemand.store(state.demand.rawValue, ordering: .releasing)
            return (isNews, former, state.demand)
        }
        handover?.want(now)
        readerNews.post()
        if former == .everything, now != .everything { sourceStop?.oneReaderLess() }
        if former != now { leaves?.exitWants(now, insteadOf: former) }
        if isNews, isQueue { sender.ring() }
    }

    /// Its sender has nothing more for the loop, whatever is still to be sent elsewhere.
    func endRounds() { feedback?.loop.close() }

    private func takeBack(_ feedback: FeedbackEnd) -> EdgeState.Taken {
        feedback.take { initial in
            state.withLock { state in
                if let initial { _ = state.send(initial, byteCount: initial.byteCount) }
                return state.take()
            }
        }
    }

    // MARK: Going on for the edge of another graph

    /// Goes on with the rows that wait to go round.
    func goOn(from former: Edge) {
        let former = former.state.withLock { $0 }
        state.withLock { $0.goOn(from: former) }
    }

    /// What waits to go round and never will.
    var left: [Batch] { isFeedback ? state.withLock { $0.batches.map(\.batch) } : [] }

    /// Lets in as many rows as there is room for, whatever its reader's pace.
    /// - Returns: whether a sender could go on for that.
    func stopFollowingReader() -> Bool {
        guard measuresReader, state.withLock({ $0.stopFollowingReader() }) else { return false }
        sender.ring()
        return true
    }

    func grow(by rows: Int) {
        if state.withLock({ $0.grow(by: rows) }) { sender.ring() }
    }
}
