import PipesCore

/// The receiving side of a node: one edge, several one by one, or several joined.
struct InputPort {
    enum Step {
        case batch(Batch)
        case nothingYet
        case end
    }

    private enum Mode {
        case none
        case single
        case merge(Merge)
        case loop(LoopEntry)
        case keyJoin(KeyJoin)
        case positionJoin(PositionJoin)
        /// With the partners that never came.
        case closed(missing: Int)
    }

    let edges: [Edge]
    /// The first of them, not counted when it is taken out of the array.
    private let first: Unmanaged<Edge>?
    /// The loop that begins here.
    private let loop: Loop?
    /// Inputs of such a loop that have not ended.
    private var openOutside: Int
    private var mode: Mode
    private let endsEarly: Bool
    /// Says whether another graph is to go on; nil in a lane, where none ever does.
    private let control: RunControl?
    private let watcher: (@Sendable (Batch) -> Void)?
    private var wantsTheRestOnly = false
    /// Batches taken so far. Taking one makes room for a sender in the same stage, whether or not
    /// a row came of it.
    private(set) var takenCount = 0

    /// Rows in a joined batch.
    static let joinLimit = 256

    /// - Parameters:
    ///   - control: of a run that another graph may go on after.
    ///   - loop: the loop that begins here.
    ///   - watcher: sees every batch that is taken, joined already.
    init(
        _ mode: CheckedGraph.InputMode, edges: [Edge], onMissing: NodeProperties.OnMissing,
        control: RunControl? = nil, loop: Loop? = nil,
        watcher: (@Sendable (Batch) -> Void)? = nil
    ) {
        self.control = control
        self.edges = edges
        first = edges.first.map(Unmanaged.passUnretained)
        self.loop = loop
        self.watcher = watcher
        openOutside = edges.count { !$0.isFeedback }
        endsEarly = onMissing == .skip
        switch mode {
        case .none: self.mode = .none
        case .single: self.mode = .single
        case .merge:
            self.mode = loop.map { .loop(LoopEntry($0, edges: edges)) } ?? .merge(Merge())
        case .join(let config) where config.groups.count == 1:
            self.mode = .keyJoin(KeyJoin(depths: config.depths, onMissing: onMissing))
        case .join(let config):
            self.mode = .positionJoin(PositionJoin(config, onMissing: onMissing))
        }
    }

    /// Batches that one pass through a stage brings: joined inputs come as one.
    var batchesPerPass: Int {
        switch mode {
        case .merge, .loop: edges.count
        case .none, .single, .keyJoin, .positionJoin, .closed: 1
        }
    }

    /// Partners that never came.
    var missing: Int {
        switch mode {
        case .keyJoin(let join): join.missing
        case .positionJoin(let join): join.missing
        case .closed(let missing): missing
        case .none, .single, .merge, .loop: 0
        }
    }

    /// - Parameter most: rows that are wanted at once; a batch that does not come through a queue
    ///   may have more.
    mutating func next(atMost most: Int = Int.max) -> Step {
        let step = take(atMost: most)
        if let watcher, case .batch(let batch) = step { watcher(batch) }
        return step
    }

    private mutating func take(atMost most: Int) -> Step {
        if let loop, loop.isClosed { return .end }
        switch mode {
        case .none, .closed: return .end
        case .single:
            switch first?._withUnsafeGuaranteedRef({ $0.take(atMost: most) }) ?? .end {
            case .batch(let batch, _):
                takenCount += 1
                return .batch(batch)
            case .nothingYet: return .nothingYet
            case .end: return .end
            }
        case .merge(var merge):
            mode = .none
            defer { mode = .merge(merge) }
            return merge.next(edges, atMost: most, &takenCount)
        case .loop(var entry):
            mode = .none
            defer { mode = .loop(entry) }
            return entry.next(edges, &takenCount)
        case .keyJoin(var join):
            mode = .none  // so that the join is not copied while it changes
            defer { mode = .keyJoin(join) }
            return next(&join, atMost: most)
        case .positionJoin(var join):
            mode = .none
            defer { mode = .positionJoin(join) }
            return next(&join, atMost: most)
        }
    }

    private mutating func next(_ join: inout some Pairing, atMost most: Int) -> Step {
        while true {
            switch join.next(limit: min(most, InputPort.joinLimit)) {
            case .batch(let batch):
                endOthersEarly(join)
                return .batch(batch)
            case .end: return .end
            case .needs(let inputs):
                // All of them, also behind one that has nothing yet: a batch that is taken makes
                // room, and an end may stop the senders of the others.
                var isWaiting = false
                for input in inputs {
                    switch edges[input].take() {
                    case .batch(let batch, _):
                        takenCount += 1
                        join.offer(batch, input: input)
                    case .nothingYet: isWaiting = true
                    case .end:
                        if isPausing { join.pause(input: input) } else { join.end(input: input) }
                        noteEnd(of: edges[input])
                    }
                }
                endOthersEarly(join)
                if isWaiting { return .nothingYet }
            }
        }
    }

    /// Once an input has ended, rows of the others are missing a partner: with `on_missing: skip`
    /// nothing more of them is wanted than what is under way.
    private mutating func endOthersEarly(_ join: some Pairing) {
        guard endsEarly, !wantsTheRestOnly, join.anyEnded, !isPausing else { return }
        wantsTheRestOnly = true
        want(.theRest)
    }

    /// Nothing more is taken for now.
    func rest() {
        for edge in edges { edge.rest() }
    }

    /// Gives the rows back that a join still holds, but for those that wait for another graph.
    mutating func close() {
        switch mode {
        case .positionJoin where !isPausing, .loop where !isPausing, .keyJoin:
            mode = .closed(missing: missing)
        case .none, .single, .merge, .positionJoin, .loop, .closed: break
        }
    }

    private mutating func noteEnd(of edge: Edge) {
        guard let loop, !edge.isFeedback else { return }
        openOutside -= 1
        if openOutside == 0 { loop.endOutside() }
    }

    func want(_ less: EdgeState.Demand) {
        for edge in edges { edge.want(less) }
    }

    // MARK: Another graph goes on

    /// Whether inputs end because they pause.
    private var isPausing: Bool { control?.isPausing ?? false }

    /// Whether rows that wait here lie in memory that its makers must not give back.
    var refersToOthers: Bool {
        switch mode {
        case .positionJoin(let join): join.refersToOthers
        case .loop(let entry): entry.refersToOthers
        case .none, .single, .merge, .keyJoin, .closed: false
        }
    }

    /// Goes on where the same node of another graph paused: with rows that wait for a partner or
    /// for a place in a loop, and with the numbers of the rows.
    mutating func goOn(from former: InputPort) {
        switch (mode, former.mode) {
        case (.merge, .merge(let merge)): mode = .merge(merge)
        case (.loop(var entry), .loop(let formerEntry)):
            entry.goOn(from: formerEntry)
            mode = .loop(entry)
        case (.positionJoin(var join), .positionJoin(let formerJoin)):
            join.goOn(from: formerJoin)
            mode = .positionJoin(join)
        default: break
        }
    }

    /// Rows that wait for what will never come, since no graph goes on after all.
    var left: [Batch] {
        let held: [Batch] =
            switch mode {
            case .positionJoin(let join): join.left
            case .loop(let entry): entry.left
            case .none, .single, .merge, .keyJoin, .closed: []
            }
        return held + edges.flatMap(\.left)
    }
}

/// What both kinds of join offer.
protocol Pairing {
    var anyEnded: Bool { get }
    mutating func offer(_ batch: Batch, input: Int)
    mutating func end(input: Int)
    /// It has ended for another graph to go on.
    mutating func pause(input: Int)
    mutating func next(limit: Int) -> KeyJoin.Step
}

extension KeyJoin: Pairing {
    /// What is in flight was finished, so no row of one lineage waits for another.
    mutating func pause(input: Int) { end(input: input) }
}

extension PositionJoin: Pairing {}

/// Takes the rows of several inputs one by one: inputs that are ready take turns, by batch, and
/// the rows get new keys as they arrive. Settlements without a row end here.
struct Merge {
    private var turn = 0
    private var nextKey: UInt64 = 0

    mutating func next(
        _ edges: [Edge], atMost most: Int = Int.max, _ takenCount: inout Int
    ) -> InputPort.Step {
        var ended = 0
        for offset in edges.indices {
            let index = (turn + offset) % edges.count
            taking: while true {
                switch edges[index].take(atMost: most) {
                case .batch(let batch, _):
                    takenCount += 1
                    if batch.itemCount == 0 { continue taking }
                    turn = (index + 1) % edges.count
                    return .batch(renumber(batch))
                case .nothingYet: break taking
                case .end:
                    ended += 1
                    break taking
                }
            }
        }
        return ended == edges.count ? .end : .nothingYet
    }

    mutating func renumber(_ batch: Batch) -> Batch {
        let dense = batch.itemCount < batch.slots.count ? batch.dense() : batch
        let run = KeyRun(first: nextKey, count: dense.itemCount, settlement: .item)
        nextKey += UInt64(dense.itemCount)
        return Batch(
            runs: [run], rows: dense.rows, slots: dense.slots, itemCount: dense.itemCount)
    }
}
