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
    private let state: Locked<EdgeState>
    private let lastDemand = Atomic(EdgeState.Demand.everything.rawValue)

    init(
        index: Int, from: Int, to: Int, capacity: Int, byteCapacity: Int, isQueue: Bool,
        sender: Doorbell, reader: Doorbell, sourceStop: SourceStop?
    ) {
        self.index = index
        self.from = from
        self.to = to
        self.isQueue = isQueue
        self.sender = sender
        self.sourceStop = sourceStop
        self.reader = reader
        state = Locked(EdgeState(capacity: capacity, byteCapacity: byteCapacity))
    }

    /// For reports and the deadlock detector.
    var snapshot: EdgeState { state.withLock { $0 } }

    /// Read by the sender for every batch, so without the lock.
    var demand: EdgeState.Demand {
        EdgeState.Demand(rawValue: lastDemand.load(ordering: .acquiring)) ?? .nothing
    }
    /// Changes whenever rows are sent or taken.
    var movedCount: Int { state.withLock { $0.rows &* 2 &- $0.depth } }
    var isDrained: Bool { state.withLock { $0.isDrained } }

    /// Rows that can be sent now. Where there is none, the sender's doorbell rings once there is.
    /// An edge inside a stage takes the next batch once the last one was read.
    func roomOrWait() -> Int {
        state.withLock { state in
            isQueue || state.demand == .nothing
                ? state.roomOrWait() : (state.hasBatch ? 0 : Int.max)
        }
    }

    /// How many of the first items of `batch` can be sent now; as `roomOrWait` otherwise.
    func admit(_ batch: Batch, byteCount: Int) -> Int {
        state.withLock { state in
            isQueue
                ? state.admit(batch, byteCount: byteCount)
                : (state.hasBatch ? 0 : batch.itemCount)
        }
    }

    func send(_ batch: Batch, byteCount: Int) {
        if state.withLock({ $0.send(batch, byteCount: byteCount) }), isQueue { reader.ring() }
    }

    func finish() {
        if state.withLock({ $0.finish() }), isQueue { reader.ring() }
    }

    func take() -> EdgeState.Taken {
        let taken = state.withLock { $0.take() }
        if case .batch(_, freesRoom: true) = taken, isQueue { sender.ring() }
        return taken
    }

    func want(_ less: EdgeState.Demand) {
        let (isNews, isFirst) = state.withLock { state in
            let former = state.demand
            let isNews = state.want(less)
            lastDemand.store(state.demand.rawValue, ordering: .releasing)
            return (isNews, former == .everything && state.demand != .everything)
        }
        if isFirst { sourceStop?.oneReaderLess() }
        if isNews, isQueue { sender.ring() }
    }

    func grow(by rows: Int) {
        if state.withLock({ $0.grow(by: rows) }) { sender.ring() }
    }
}
