import DequeModule

/// What is in a loop, as a value: which rows went in, in which round each is, and whether what
/// comes back goes round again.
///
/// Every row that enters at a head is settled once on the feedback edge, in the order in which it
/// entered: an item goes round, anything else has left the loop. So counting them is all it takes
/// to know when the loop is empty.
struct LoopState {
    /// Rows that follow one another and are alike.
    struct Rows: Equatable {
        var round: UInt64
        /// Whether they go back to `initial`.
        var isInitial: Bool
        var count: Int
    }

    /// What becomes of rows that the closer has settled.
    struct Outcome: Equatable {
        /// Where they begin the next round; nil where they go no further.
        var start: (round: UInt64, place: UInt64)?
        var count: Int

        static func == (left: Outcome, right: Outcome) -> Bool {
            left.count == right.count && left.start?.round == right.start?.round
                && left.start?.place == right.start?.place
        }
    }

    /// How far the loop is wanted.
    enum Demand: UInt8, Comparable {
        case nothing
        /// What is under way, but no further round.
        case thisRound
        case everything

        static func < (left: Demand, right: Demand) -> Bool { left.rawValue < right.rawValue }
    }

    private enum Start {
        case notYet
        case done
        /// A drain came before the first round.
        case never
    }

    private let initialCount: Int
    private let maxInLoop: Int
    /// Whether the head lets rows from outside in one by one.
    private let merges: Bool
    private var start = Start.notYet
    private var outsideIsOpen: Bool
    private var isDraining = false
    /// The round behind which rows that go back to `initial` end: nothing else would end them.
    private var lastRoundOfInitial: UInt64?
    /// Rows between a head and the closer, in the order in which they will be settled.
    private var inBody: Deque<Rows> = []
    /// Rows that came back and wait for the head, where it takes others in between.
    private var waiting: Deque<Rows> = []

    /// Rows in the loop.
    private(set) var count = 0
    /// Rounds that have begun.
    private(set) var rounds = 0
    private(set) var demand = Demand.everything
    /// The place of the next row in the latest round that one came to.
    private var nextPlace = (round: UInt64(0), place: UInt64(0))

    /// - Parameter hasOutside: whether a head has other inputs.
    init(initialCount: Int, maxInLoop: Int, merges: Bool, hasOutside: Bool) {
        self.initialCount = initialCount
        self.maxInLoop = maxInLoop
        self.merges = merges
        outsideIsOpen = hasOutside
    }

    /// Rows that may be let in.
    var room: Int { max(0, maxInLoop - count) }

    var isFull: Bool { merges && room == 0 }

    var hasBegun: Bool { start != .notYet }

    /// Whether no row will come by the feedback edge any more.
    var isOver: Bool {
        if demand == .nothing { return true }
        return start != .notYet && count == 0 && !(merges && outsideIsOpen)
    }

    // MARK: Rows on their way

    /// A head is ready for the first rows.
    /// - Returns: whether it is to be given those of `initial`.
    mutating func begin() -> Bool {
        if start == .notYet {
            let isWanted = demand == .everything && lastRoundOfInitial == nil
            start = isWanted ? .done : .never
            if isWanted, initialCount > 0 {
                LoopState.add(Rows(round: 0, isInitial: true, count: initialCount), to: &inBody)
                count = initialCount
                rounds = 1
            }
        }
        return start == .done
    }

    /// The head has let rows in from outside.
    mutating func enter(_ rows: Int) {
        LoopState.add(Rows(round: 0, isInitial: false, count: rows), to: &inBody)
        count += rows
        rounds = max(rounds, 1)
    }

    /// The head has taken rows that came back.
    mutating func takeBack(_ rows: Int) {
        guard merges else { return }
        for taken in LoopState.remove(rows, from: &waiting) {
            LoopState.add(taken, to: &inBody)
        }
    }

    /// The closer has settled the next keys, all alike.
    /// - Returns: what becomes of the rows among them, in their order.
    mutating func settle(_ keys: Int, areItems: Bool) -> [Outcome] {
        var outcomes: [Outcome] = []
        var settled = 0
        for rows in LoopState.remove(keys, from: &inBody) {
            settled += rows.count
            var next = rows
            next.round += 1
            guard areItems, goesRound(next) else {
                count -= rows.count
                if areItems { outcomes.append(Outcome(start: nil, count: rows.count)) }
                continue
            }
            if merges {
                LoopState.add(next, to: &waiting)
            } else {
                LoopState.add(next, to: &inBody)
            }
            rounds = max(rounds, Int(clamping: next.round) + 1)
            outcomes.append(Outcome(start: number(next), count: rows.count))
        }
        // Keys that were never in the loop: a joining head goes on when it is over.
        if areItems, settled < keys {
            outcomes.append(Outcome(start: nil, count: keys - settled))
        }
        return outcomes
    }

    private func goesRound(_ next: Rows) -> Bool {
        guard demand == .everything else { return false }
        // All of them finish the same round, also where some had begun it and some had not.
        guard next.isInitial, let lastRoundOfInitial else { return true }
        return next.round <= lastRoundOfInitial
    }

    /// Rounds follow one another but where rows from outside enter late, and there the head
    /// numbers all of them anew.
    private mutating func number(_ rows: Rows) -> (round: UInt64, place: UInt64) {
        if nextPlace.round != rows.round { nextPlace = (rows.round, 0) }
        defer { nextPlace.place += UInt64(rows.count) }
        return nextPlace
    }

    // MARK: The end

    /// The inputs from outside have ended.
    mutating func endOutside() {
        outsideIsOpen = false
        endInitial()
    }

    mutating func drain() {
        isDraining = true
        endInitial()
    }

    private mutating func endInitial() {
        guard isDraining, !outsideIsOpen, lastRoundOfInitial == nil else { return }
        lastRoundOfInitial = UInt64(max(0, rounds - 1))
    }

    mutating func want(_ less: Demand) { demand = min(demand, less) }

    /// Goes on where the loop of another graph paused: with its rows, and the round each is in.
    mutating func goOn(from former: LoopState) {
        start = former.start
        inBody = former.inBody
        waiting = former.waiting
        count = former.count
        rounds = former.rounds
        demand = former.demand
        nextPlace = former.nextPlace
    }

    // MARK: Queues of rows

    private static func add(_ rows: Rows, to queue: inout Deque<Rows>) {
        if let last = queue.indices.last, queue[last].round == rows.round,
            queue[last].isInitial == rows.isInitial
        {
            queue[last].count += rows.count
        } else {
            queue.append(rows)
        }
    }

    private static func remove(_ count: Int, from queue: inout Deque<Rows>) -> [Rows] {
        var removed: [Rows] = []
        var left = count
        while left > 0, var first = queue.first {
            if first.count > left {
                queue[queue.startIndex].count -= left
                first.count = left
            } else {
                queue.removeFirst()
            }
            left -= first.count
            removed.append(first)
        }
        return removed
    }
}
