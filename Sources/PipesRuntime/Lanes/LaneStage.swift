import PipesCore
import Synchronization

/// A stage whose nodes may be entered by several calls at once: cuts what comes in into pieces,
/// has a lane run each, and lets the results leave in key order.
///
/// `@unchecked Sendable`: all but the count of missing partners is only touched by `run`, which is
/// called once.
final class LaneStage: RunningStage, @unchecked Sendable {
    /// How a node's results leave the stage.
    struct Exit {
        var output: OutputPort
        /// Whether they leave in key order; else as they come, under keys of their own.
        var isOrdered: Bool
        var nextKey: UInt64 = 0
    }

    /// Its own task only hands out and takes back.
    let mayBlock = false
    private let lanesMayBlock: Bool
    private let doorbell: Doorbell
    private let wakefulness: Wakefulness
    private let pieceSizes: ClosedRange<Int>
    private let readerNews: [ReaderNews]
    private let missingCount = Atomic(0)

    private(set) var input: InputPort
    private var exits: [Exit]
    private var lanes: [RunningLane]
    private var ring = LaneRing()
    /// How many rows lanes are given at once.
    private var pace: CallPace
    /// Bytes that a lane gives back together, at most about.
    private let byteShare: Int
    /// What is left of the batch that is being handed out.
    private var rest: Batch?
    private var hasSeenEnd = false
    private var wantsNoMore = false
    private var isClosed = false

    private struct RunningLane {
        let lane: Lane
        /// Pieces that it has and did not give back.
        var load = 0
        var isStarted = false
        var hasEnded = false
    }

    /// - Parameters:
    ///   - lanesMayBlock: whether the lanes need threads that may block.
    ///   - pieceSizes: rows of a piece at least, to be worth the way to a lane and back, and at
    ///     most.
    init(
        _ lanes: [Lane], input: InputPort, exits: [Exit], lanesMayBlock: Bool,
        pieceSizes: ClosedRange<Int>, longestWait: Int,
        doorbell: Doorbell, wakefulness: Wakefulness
    ) {
        pace = CallPace(longestWait: longestWait)
        self.lanes = lanes.map { RunningLane(lane: $0) }
        self.input = input
        self.exits = exits
        self.lanesMayBlock = lanesMayBlock
        self.pieceSizes = pieceSizes
        self.doorbell = doorbell
        self.wakefulness = wakefulness
        byteShare = exits.reduce(Int.max) { min($0, $1.output.byteShare) }
        var news: [ReaderNews] = []
        for exit in exits {
            guard let next = exit.output.edges.first?.readerNews else { continue }
            if !news.contains(where: { $0 === next }) { news.append(next) }
        }
        readerNews = news
    }

    /// Partners that never came, of the first node's inputs. Any thread.
    var missing: Int { missingCount.load(ordering: .relaxed) }

    /// Goes on with what a node of another graph left waiting, before `run`.
    func goOn(from former: InputPort) { input.goOn(from: former) }

    /// Its nodes have ended in another graph: nothing is to be handed out. Before `run`.
    func stayEnded() { wantsNoMore = true }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            while true {
                var hasProgressed = takeBack()
                let hasSent = send()
                heedReaders()
                if isClosed {
                    if hasSent, lanes.allSatisfy(\.hasEnded) { break }
                } else {
                    while hasSent, handOut(&group) { hasProgressed = true }
                    if isOver {
                        close(&group)
                        hasProgressed = true
                    }
                }
                if hasProgressed { continue }
                input.rest()
                await doorbell.wait()
            }
            for exit in exits { exit.output.finish() }
            input.want(.nothing)
            input.close()
        }
    }

    /// Where several lanes are inside the node, nobody knows whose call it is.
    func abandon(_ node: Int, rowsDone: Int, _ failure: String) {
        let inside = lanes.map(\.lane).filter { $0.isInside(node) }
        if inside.count == 1 { inside[0].abandon(node, rowsDone: rowsDone, failure) }
    }

    /// Whether there is nothing more to hand out, and everything came back.
    private var isOver: Bool {
        (hasSeenEnd || wantsNoMore) && rest == nil && lanes.allSatisfy { $0.load == 0 }
    }

    // MARK: What comes back

    private func takeBack() -> Bool {
        var hasProgressed = false
        for index in lanes.indices where lanes[index].isStarted && !lanes[index].hasEnded {
            let (results, demand, hasEnded) = lanes[index].lane.takeNews()
            for result in results {
                if result.isWhole {
                    lanes[index].load -= 1
                    note(result.cost)
                }
                take(result)
            }
            if demand == .nothing {
                wantsNoMore = true
                rest = nil
            }
            if demand != .everything { input.want(demand) }
            lanes[index].hasEnded = hasEnded
            if hasEnded || !results.isEmpty { hasProgressed = true }
        }
        return hasProgressed
    }

    private func note(_ cost: Lane.Cost) {
        pace.note(
            rows: cost.rows, nanoseconds: cost.nanoseconds, byteCount: cost.byteCount,
            byteShare: byteShare)
    }

    private func take(_ result: Lane.Result) {
        var ordered = result
        for index in exits.indices where !exits[index].isOrdered {
            for batch in result.batches[index] { exits[index].sendAsItComes(batch) }
            ordered.batches[index] = []
        }
        ring.put(ordered)
    }

    /// - Returns: whether all that can leave has left.
    private func send() -> Bool {
        while let batches = ring.takeNext() {
            for index in exits.indices {
                for batch in batches[index] { exits[index].output.append(batch) }
            }
        }
        var hasSent = true
        for index in exits.indices where !exits[index].output.flush() { hasSent = false }
        return hasSent
    }

    private func heedReaders() {
        var hasNews = false
        for news in readerNews where news.take() { hasNews = true }
        guard hasNews else { return }
        let demands = exits.map { $0.output.demand ?? .everything }
        for lane in lanes { lane.lane.want(demands) }
    }

    // MARK: What is handed out

    /// Pieces that a lane holds at most: one that computes has its next one at hand; one that
    /// waits must not keep a piece that another could have.
    private var largestLoad: Int { lanesMayBlock ? 1 : 2 }

    /// - Returns: whether a piece found a lane.
    private func handOut(_ group: inout TaskGroup<Void>) -> Bool {
        // What waits for a piece before it takes room as if it was on an edge.
        guard !wantsNoMore, ring.pieceCount < lanes.count * 4, ring.byteCount / 4 < byteShare,
            let index = freeLane(),
            let piece = nextPiece()
        else { return false }
        lanes[index].load += 1
        lanes[index].lane.give(Lane.Piece(number: ring.number(), batch: piece))
        start(index, &group)
        return true
    }

    /// The lane with the fewest pieces, one that runs already if possible.
    private func freeLane() -> Int? {
        var best: Int?
        for index in lanes.indices where lanes[index].load < largestLoad {
            if best.map({ lanes[index].load < lanes[$0].load }) ?? true { best = index }
            if lanes[index].load == 0 { break }
        }
        return best
    }

    private func nextPiece() -> Batch? {
        if rest == nil, !hasSeenEnd {
            switch input.next(atMost: rowsForFreeLanes) {
            case .batch(let batch): rest = batch
            case .end: hasSeenEnd = true
            case .nothingYet: break
            }
            missingCount.store(input.missing, ordering: .relaxed)
        }
        guard var batch = rest else { return nil }
        let share = (batch.itemCount + lanes.count - 1) / lanes.count
        let size = min(max(share, pieceSizes.lowerBound), pieceSizes.upperBound, pace.rowsAtOnce)
        guard batch.itemCount > size else {
            rest = nil
            return batch
        }
        let piece = batch.removePrefix(items: size)
        rest = batch
        return piece
    }

    /// Rows that can be worked on at once, where each takes long.
    private var rowsForFreeLanes: Int {
        let rows = pace.rowsAtOnce
        return rows == Int.max ? rows : rows * lanes.count { $0.load < largestLoad }
    }

    private func start(_ index: Int, _ group: inout TaskGroup<Void>) {
        guard !lanes[index].isStarted else { return }
        lanes[index].isStarted = true
        let (lane, wakefulness) = (lanes[index].lane, wakefulness)
        let threads: (any TaskExecutor)? = lanesMayBlock ? BlockingThreads.shared : nil
        wakefulness.wake()
        group.addTask(executorPreference: threads) {
            await lane.run()
            wakefulness.sleep()
        }
    }

    /// Has all lanes end. Those that never ran leave it to the others to end the nodes.
    private func close(_ group: inout TaskGroup<Void>) {
        isClosed = true
        if !lanes.contains(where: \.isStarted) { start(0, &group) }
        for index in lanes.indices where !lanes[index].isStarted {
            lanes[index].lane.retire()
            lanes[index].hasEnded = true
        }
        for lane in lanes where lane.isStarted { lane.lane.close() }
    }
}

extension LaneStage.Exit {
    fileprivate mutating func sendAsItComes(_ batch: Batch) {
        let dense = batch.dense()
        guard dense.itemCount > 0 else { return }
        let run = KeyRun(first: nextKey, count: dense.itemCount, settlement: .item)
        nextKey += UInt64(dense.itemCount)
        output.append(
            Batch(
                runs: [run], rows: dense.rows, slots: dense.slots, itemCount: dense.itemCount))
    }
}
