import DequeModule
import PipesCore

/// One of several tasks that run the same nodes, each on batches of its own. What a lane is given
/// in one piece it gives back as one, in parts where it takes long.
///
/// `@unchecked Sendable`: the nodes and edges are only touched by `run`, which is called once, or
/// by `retire` where it never is; all else is behind the lock.
final class Lane: @unchecked Sendable {
    struct Piece {
        /// In the order in which pieces were cut.
        var number: Int
        var batch: Batch
    }

    struct Result {
        var number: Int
        /// By exit, in key order.
        var batches: [[Batch]]
        /// Whether nothing more comes of the piece.
        var isWhole = true
        /// Of the piece, where it is whole.
        var cost = Cost()
    }

    /// What a piece took.
    struct Cost {
        var rows = 0
        var nanoseconds = 0
        /// Of what came of it.
        var byteCount = 0
    }

    private struct Mail {
        var pieces: Deque<Piece> = []
        var isClosed = false
        /// What is still wanted of each exit.
        var demands: [EdgeState.Demand]
        var results: [Result] = []
        /// What the first node still wants.
        var demand = EdgeState.Demand.everything
        var hasEnded = false
    }

    /// Rings when there is mail, and when a node is to look again.
    let bell: Doorbell
    private let nodes: NodeSequence
    private let entry: Edge
    private let exits: [Edge]
    private let stageBell: Doorbell
    private let mayBlock: Bool
    /// Nanoseconds that what is done of a piece waits for the rest.
    private let longestWait: Int
    private let mail: Locked<Mail>
    private var number: Int?
    private var collected: [[Batch]]
    private var cost = Cost()
    /// When the piece was begun, and something of it last given back, in nanoseconds.
    private var start = 0
    private var lastDelivery = 0

    /// - Parameters:
    ///   - entry: the edge that the first node reads.
    ///   - exits: edges inside the lane that no node reads.
    ///   - stageBell: rings when the lane has something for its stage.
    init(
        _ nodes: NodeSequence, entry: Edge, exits: [Edge], bell: Doorbell, stageBell: Doorbell,
        mayBlock: Bool, longestWait: Int
    ) {
        self.nodes = nodes
        self.entry = entry
        self.exits = exits
        self.bell = bell
        self.stageBell = stageBell
        self.mayBlock = mayBlock
        self.longestWait = longestWait
        mail = Locked(Mail(demands: exits.map { _ in .everything }))
        collected = exits.map { _ in [] }
    }

    // MARK: For the stage

    func give(_ piece: Piece) {
        mail.withLock { $0.pieces.append(piece) }
        bell.ring()
    }

    /// Says what is still wanted of the exits.
    func want(_ demands: [EdgeState.Demand]) {
        mail.withLock { $0.demands = demands }
        bell.ring()
    }

    /// There will be no more pieces.
    func close() {
        mail.withLock { $0.isClosed = true }
        bell.ring()
    }

    /// What came of pieces, what the first node still wants, and whether the lane has ended.
    func takeNews() -> (results: [Result], demand: EdgeState.Demand, hasEnded: Bool) {
        mail.withLock { mail in
            defer { mail.results = [] }
            return (mail.results, mail.demand, mail.hasEnded)
        }
    }

    /// Takes the place of `run` where there never was a piece for this lane and others have ended
    /// or will: its nodes do not count among those that must end first.
    func retire() {
        for runner in nodes.runners { runner.retire() }
    }

    // MARK: For a call that never returns, in its thread

    func isInside(_ node: Int) -> Bool { nodes.isInside(node) }

    func abandon(_ node: Int, rowsDone: Int, _ failure: String) {
        nodes.abandon(node, rowsDone: rowsDone, failure)
    }

    // MARK: The lane's task

    func run() async {
        var passes = 0
        while true {
            readMail()
            let hasWorked = nodes.pass()
            let hasYielded = collect()
            tellDemand()
            if nodes.hasEnded { break }
            if hasWorked || hasYielded {
                if hasYielded { deliverLate() }
                passes += 1
                guard !mayBlock, passes.isMultiple(of: Stage.passesPerTurn) else { continue }
                nodes.publish()
                await Task.yield()
            } else if let done = number, nodes.isIdle {
                nodes.publish()
                deliver(done, isWhole: true)
            } else {
                nodes.publish()
                await bell.wait()
            }
        }
        nodes.publish()
        mail.withLock { $0.hasEnded = true }
        stageBell.ring()
    }

    private func readMail() {
        let isFree = number == nil
        let (piece, demands, isOver) = mail.withLock { mail in
            let isOver = isFree && mail.isClosed && mail.pieces.isEmpty
            return (isFree ? mail.pieces.popFirst() : nil, mail.demands, isOver)
        }
        for (exit, demand) in zip(exits, demands) where demand != exit.demand { exit.want(demand) }
        if let piece {
            number = piece.number
            start = MonotonicTime.nanoseconds
            lastDelivery = start
            cost = Cost(rows: piece.batch.itemCount)
            entry.send(piece.batch, byteCount: 0)
        }
        if isOver { entry.finish() }
    }

    /// - Returns: whether any batch left.
    private func collect() -> Bool {
        var hasYielded = false
        for (index, exit) in exits.enumerated() {
            while case .batch(let batch, _) = exit.take() {
                collected[index].append(batch)
                hasYielded = true
            }
        }
        return hasYielded
    }

    private func tellDemand() {
        let demand = entry.demand
        let isNews = mail.withLock { mail in
            defer { mail.demand = demand }
            return mail.demand != demand
        }
        if isNews { stageBell.ring() }
    }

    /// Gives back what is done of a piece that takes long.
    private func deliverLate() {
        guard let number else { return }
        let now = MonotonicTime.nanoseconds
        guard now - lastDelivery > longestWait / 2 else { return }
        lastDelivery = now
        deliver(number, isWhole: false)
    }

    private func deliver(_ number: Int, isWhole: Bool) {
        let batches = collected
        collected = exits.map { _ in [] }
        cost.byteCount += batches.joined().reduce(0) { $0 + ($1.rows?.ownedByteCount ?? 0) }
        var result = Result(number: number, batches: batches, isWhole: isWhole)
        if isWhole {
            self.number = nil
            cost.nanoseconds = MonotonicTime.nanoseconds - start
            result.cost = cost
        }
        mail.withLock { $0.results.append(result) }
        stageBell.ring()
    }
}
