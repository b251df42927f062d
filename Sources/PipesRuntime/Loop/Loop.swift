import CPipes
import PipesCore
import Synchronization

/// A loop of a running graph: `LoopState` behind a lock, what goes round, and the doorbells of
/// those who wait for it.
final class Loop: Sendable {
    /// The stages of the heads, and the closer's.
    private let heads: [Doorbell]
    private let closer: Doorbell
    private let values: [[Value]]
    private let state: Locked<State>
    private let lastDemand = Atomic(LoopState.Demand.everything.rawValue)

    private struct State {
        var loop: LoopState
        /// For each feedback edge, until its head has taken it.
        var initial: [Batch?] = []
        /// What the feedback edges are sent of the batch that the closer sends just now.
        var sentBack = Batch(bare: [])
        /// Edges that leave the loop, by what their readers want.
        var eagerExits: Int
        var restingExits = 0
    }

    /// - Parameters:
    ///   - heads: the doorbells of the heads, in the order of the loop's feedback edges.
    ///   - merges: whether the head lets rows from outside in one by one.
    init(
        _ loop: CheckedGraph.Loop, heads: [Doorbell], closer: Doorbell, merges: Bool,
        hasOutside: Bool
    ) {
        self.heads = heads
        self.closer = closer
        values = loop.initial
        let state = LoopState(
            initialCount: loop.initial.first?.count ?? 0, maxInLoop: loop.maxInLoop,
            merges: merges, hasOutside: hasOutside)
        self.state = Locked(State(loop: state, eagerExits: loop.exits.count))
    }

    /// Makes the initial rows.
    /// - Returns: false where there is no memory for them.
    func open() -> Bool {
        var batches: [Batch?] = []
        for values in values {
            guard let batch = Loop.batch(of: values) else { return false }
            batches.append(batch)
        }
        state.withLock { $0.initial = batches }
        return true
    }

    private static func batch(of values: [Value]) -> Batch? {
        let rows = RowStorage(capacity: values.count)
        for (row, value) in values.enumerated() {
            guard let copy = value.copied(to: rows) else { return nil }
            rows.values[row] = copy
        }
        let run = KeyRun(parent: [0], first: 0, count: values.count, settlement: .item)
        return Batch(
            runs: values.isEmpty ? [] : [run], rows: rows, slots: 0..<values.count,
            itemCount: values.count)
    }

    // MARK: For the heads

    /// The rows of round 0, once for each feedback edge.
    func takeInitial(_ edge: Int) -> Batch? {
        state.withLock { state in
            guard edge < state.initial.count, state.loop.begin(),
                let batch = state.initial[edge]
            else { return nil }
            state.initial[edge] = nil
            return batch
        }
    }

    func takeBack(_ rows: Int) { state.withLock { $0.loop.takeBack(rows) } }

    /// Whether rows from outside must wait until others have left.
    var isFull: Bool { state.withLock { $0.loop.isFull } }
    var room: Int { state.withLock { $0.loop.room } }
    func enter(_ rows: Int) { state.withLock { $0.loop.enter(rows) } }

    var isOver: Bool { state.withLock { $0.loop.isOver } }
    /// Whether it is over whatever is still in it.
    var isClosed: Bool { demand == .nothing }

    /// The inputs from outside have ended.
    func endOutside() {
        state.withLock { $0.loop.endOutside() }
        for head in heads { head.ring() }
    }

    // MARK: For the closer

    /// What goes round of a batch that the closer sends: under the keys of the next round, in
    /// memory of its own.
    /// - Parameter edge: the first one sends before the others, which get the same.
    func sendBack(_ batch: Batch, by edge: Int) -> Batch {
        guard edge == 0 else { return state.withLock { $0.sentBack } }
        var rounds: [KeyRun] = []
        var staying: [Range<Int>] = []
        var item = 0
        let settled = batch.bareRuns()
        let hasEnded = state.withLock { state in
            let former = state.loop.count
            for run in settled {
                for rows in state.loop.settle(run.count, areItems: run.settlement == .item) {
                    defer { item += rows.count }
                    guard let start = rows.start else { continue }
                    staying.append(item..<item + rows.count)
                    rounds.appendJoining(
                        KeyRun(
                            parent: [start.round], first: start.place, count: rows.count,
                            settlement: .item))
                }
            }
            return state.loop.count < former
        }
        let sentBack = batch.dense().copied(staying, rounds)
        state.withLock { $0.sentBack = sentBack }
        // A place is free, or the loop is empty.
        if hasEnded { for head in heads { head.ring() } }
        return sentBack
    }

    /// What the closer is to yield for the loop's sake. Read for every batch, so without the lock.
    var demand: LoopState.Demand {
        LoopState.Demand(rawValue: lastDemand.load(ordering: .acquiring)) ?? .nothing
    }

    /// The closer has ended: nothing goes round any more.
    func close() { want(.nothing) }

    // MARK: From any thread

    func drain() { state.withLock { $0.loop.drain() } }

    /// The reader of an edge that leaves the loop wants less than before. When nobody wants
    /// everything any longer, neither does the loop: what it feeds back to itself is no demand.
    func exitWants(_ less: EdgeState.Demand, insteadOf former: EdgeState.Demand) {
        let most: LoopState.Demand = state.withLock { state in
            if former == .everything { state.eagerExits -= 1 }
            if former == .theRest { state.restingExits -= 1 }
            if less == .theRest { state.restingExits += 1 }
            if state.eagerExits > 0 { return .everything }
            return state.restingExits > 0 ? .thisRound : .nothing
        }
        if most != .everything { want(most) }
    }

    private func want(_ less: LoopState.Demand) {
        let isNews = state.withLock { state in
            guard less < state.loop.demand else { return false }
            state.loop.want(less)
            lastDemand.store(less.rawValue, ordering: .releasing)
            return true
        }
        guard isNews else { return }
        for head in heads { head.ring() }
        closer.ring()
    }

    /// Rounds that have begun.
    var rounds: Int { state.withLock { $0.loop.rounds } }
}

/// The place of a feedback edge in its loop.
struct FeedbackEnd: Sendable {
    let loop: Loop
    /// Among the loop's feedback edges.
    let edge: Int

    func takeInitial() -> Batch? { loop.takeInitial(edge) }
    func sendBack(_ batch: Batch) -> Batch { loop.sendBack(batch, by: edge) }

    /// What the closer is to yield, where the head wants `own`.
    func demand(_ own: EdgeState.Demand) -> EdgeState.Demand {
        switch loop.demand {
        case .everything: own
        case .thisRound: own == .nothing ? .nothing : .theRest
        case .nothing: .nothing
        }
    }
}

extension Batch {
    /// Some of the rows, which lie side by side, in memory of their own: what goes round must not
    /// keep the memory of all rounds before it.
    /// - Parameters:
    ///   - ranges: of rows, counted from the first.
    ///   - keys: as many as rows.
    fileprivate func copied(_ ranges: [Range<Int>], _ keys: [KeyRun]) -> Batch {
        guard let rows, !ranges.isEmpty else { return Batch(bare: []) }
        let count = ranges.reduce(0) { $0 + $1.count }
        let copies = RowStorage(capacity: count)
        var slot = 0
        for row in ranges.joined() {
            copies.take(rows.values[slots.lowerBound + row], from: rows, into: slot)
            slot += 1
        }
        return Batch(runs: keys, rows: copies, slots: 0..<count, itemCount: count)
    }
}

extension RowStorage {
    /// Copies a value with all that it refers to. What can't be copied is kept where it is.
    fileprivate func take(_ value: pipes_value, from owner: RowStorage, into slot: Int) {
        values[slot] = value
        guard value.kind > Kind.float.rawValue else { return }
        if let copy = value.copied(to: self) {
            values[slot] = copy
        } else {
            keepAlive(owner)
        }
    }
}
