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

    fileprivate struct State {
        var loop: LoopState
        /// For each feedback edge, until its head has taken it.
        var initial: [Batch?] = []
        /// What the feedback edges are sent of the batch that the closer sends just now.
        var sentBack = Batch(bare: [])
        /// Rows that each head has taken off its feedback edge.
        var taken: [Int]
        /// How many of them that may be, where another graph is to go on.
        var pause: Int?
        /// Whether some of what goes round lies in memory that its makers must not give back.
        var refersToOthers = false
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
        self.state = Locked(
            State(
                loop: state, taken: loop.feedback.map { _ in 0 }, eagerExits: loop.exits.count))
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

    /// Takes what comes by a feedback edge.
    /// - Parameter take: takes it off the edge, behind the rows of round 0 where these are given.
    func take(
        by edge: Int, _ take: (_ initial: Batch?) -> EdgeState.Taken
    ) -> EdgeState.Taken {
        state.withLock { state in
            if state.loop.demand == .nothing { return .end }
            if let pause = state.pause, state.taken[edge] >= pause { return .end }
            let initial = state.takeInitial(edge)
            let taken = take(initial)
            switch taken {
            case .batch(let batch, _):
                state.taken[edge] += batch.itemCount
                if initial == nil { state.loop.takeBack(batch.itemCount) }
            case .nothingYet where state.loop.isOver: return .end
            case .nothingYet, .end: break
            }
            return taken
        }
    }

    /// Whether rows from outside must wait until others have left.
    var isFull: Bool { state.withLock { $0.loop.isFull } }
    var room: Int { state.withLock { $0.loop.room } }
    func enter(_ rows: Int) { state.withLock { $0.loop.enter(rows) } }

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
        let (sentBack, isOwn) = batch.dense().copied(staying, rounds)
        state.withLock { state in
            state.sentBack = sentBack
            if !isOwn { state.refersToOthers = true }
        }
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
            // They end for another graph to go on, where it is asked again.
            if state.eagerExits > 0 || state.pause != nil { return .everything }
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

    // MARK: For another graph to go on

    /// Has its rows finish the round they are in, and wait on the feedback edges. Every head takes
    /// what one of them has taken already: their rows meet again in the body.
    func pause() {
        state.withLock { $0.pause = $0.taken.max() ?? 0 }
        for head in heads { head.ring() }
    }

    var isPaused: Bool { state.withLock { $0.pause != nil } }
    var refersToOthers: Bool { state.withLock { $0.refersToOthers } }

    /// Goes on where a loop paused, before the first step.
    func goOn(from former: Loop) {
        let former = former.state.withLock { $0 }
        state.withLock { state in
            state.loop.goOn(from: former.loop)
            state.refersToOthers = former.refersToOthers
            // Another graph may have other first rows; these had theirs.
            if state.loop.hasBegun { state.initial = former.initial }
            lastDemand.store(state.loop.demand.rawValue, ordering: .releasing)
        }
    }
}

extension Loop.State {
    /// The rows of round 0, once for each feedback edge.
    fileprivate mutating func takeInitial(_ edge: Int) -> Batch? {
        guard edge < initial.count, loop.begin(), let batch = initial[edge] else { return nil }
        initial[edge] = nil
        return batch
    }
}

/// The place of a feedback edge in its loop.
struct FeedbackEnd: Sendable {
    let loop: Loop
    /// Among the loop's feedback edges.
    let edge: Int

    func take(_ take: (_ initial: Batch?) -> EdgeState.Taken) -> EdgeState.Taken {
        loop.take(by: edge, take)
    }
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
