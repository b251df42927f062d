/// How many rows a processor that takes, or brings, many at once is given, or asked for, in one
/// call, as a value.
///
/// Nothing of what a call yields can be sent on before the call is over. So rows that take long are
/// for calls of few. But many a call takes long by itself, whatever the number of its rows (it
/// writes to a disk, or asks a server): there, few would cost more than they gain. Which it is shows
/// in what a row costs in a call for half as many, or twice as many.
struct BatchPace {
    static let largest = 1 << 16
    /// Slow calls before the first trial of more rows, and between trials that came to nothing.
    static let callsBeforeFirstTrial = 8
    static let callsBetweenTrials = 64

    /// Nanoseconds a call takes: below, there are more rows in the next one; above, another number
    /// is tried.
    private let quick: Int
    private let slow: Int
    private(set) var rows: Int
    private var trial: Trial?
    private var slowCallsUntilTrial = callsBeforeFirstTrial
    /// Whether the last trial of fewer rows came to nothing.
    private var fewerIsWorse = false

    /// Another number of rows than before, to see what a row costs then.
    private struct Trial {
        var formerRows: Int
        var formerCost: Double
        var isForMore: Bool
    }

    /// - Parameters:
    ///   - first: rows of the first call.
    ///   - longestWait: nanoseconds that what a call did may wait for its end.
    init(first: Int = 1, longestWait: Int) {
        rows = first
        slow = longestWait
        quick = longestWait / 4
    }

    /// A call worked on so many rows, and took so long.
    /// - Parameters:
    ///   - byteCount: bytes that what it yielded takes.
    ///   - byteShare: bytes that a call may yield.
    mutating func note(
        rows done: Int, nanoseconds: Int, byteCount: Int = 0, byteShare: Int = Int.max
    ) {
        guard done > 0 else { return }
        if byteCount > byteShare {
            trial = nil
            rows = max(min(rows, done) / (byteCount / byteShare + 1), 1)
            return
        }
        let mayGrow = byteCount <= byteShare / 2 && done >= rows
        if nanoseconds < slow {
            trial = nil
            if nanoseconds < quick, mayGrow { rows = min(rows * 2, BatchPace.largest) }
            return
        }
        let cost = Double(nanoseconds) / Double(done)
        if let trial {
            judge(trial, done: done, cost: cost, mayGrow: mayGrow)
        } else {
            slowCallsUntilTrial -= 1
            if rows > 1, !fewerIsWorse {
                tryRows(rows / 2, cost)
            } else if slowCallsUntilTrial <= 0 {
                if fewerIsWorse, rows > 1, !mayGrow {
                    tryRows(rows / 2, cost)
                } else if mayGrow {
                    tryRows(rows * 2, cost)
                }
            }
        }
    }

    private mutating func tryRows(_ other: Int, _ cost: Double) {
        trial = Trial(formerRows: rows, formerCost: cost, isForMore: other > rows)
        rows = min(other, BatchPace.largest)
    }

    private mutating func judge(_ trial: Trial, done: Int, cost: Double, mayGrow: Bool) {
        // A call that had fewer rows than it could have says nothing of more.
        if trial.isForMore, done <= trial.formerRows { return }
        self.trial = nil
        let isBetter =
            trial.isForMore ? cost * 4 < trial.formerCost * 3 : cost * 3 < trial.formerCost * 4
        guard isBetter else {
            rows = trial.formerRows
            fewerIsWorse = !trial.isForMore
            slowCallsUntilTrial = BatchPace.callsBetweenTrials
            return
        }
        fewerIsWorse = trial.isForMore
        // On in the direction that helped.
        if trial.isForMore {
            if mayGrow { tryRows(rows * 2, cost) }
        } else if rows > 1 {
            tryRows(rows / 2, cost)
        }
    }
}
