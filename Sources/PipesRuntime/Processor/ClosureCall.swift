import CPipes
import Glibc
import PipesCore
import Synchronization

/// The task of one call of a closure that awaits. It takes row after row as long as the closure
/// doesn't wait, on the thread that started it; the first row that waits keeps the task for itself.
/// The task and whoever started it agree, without a lock, on which of them answers for that row:
/// the one that comes second.
///
/// `@unchecked Sendable`: `task` is the node's; everything else is the task's until it says that it
/// is over, or has left the thread that started it, and is read after that.
final class ClosureCall: @unchecked Sendable {
    private enum Phase: UInt8, AtomicRepresentable {
        /// The one who started it has not come back from that yet.
        case starting
        case waiting
        case over
        /// Nobody wants its outcome any longer.
        case abandoned
    }

    /// The rows of a call, and where their results go.
    ///
    /// `@unchecked Sendable`: a task reads and writes there only while whoever started it waits for
    /// it to return.
    struct Rows: @unchecked Sendable {
        let values: UnsafePointer<pipes_value>
        let count: Int
        let width: Int
        let results: UnsafeMutablePointer<pipes_value>

        /// Copies a row to where the closure has not kept the one before it.
        func copy(_ index: Int, to row: inout Coro.Row) {
            let first = values + index * width
            if row.isEmpty { row.reserveCapacity(width) }
            for column in 0..<width {
                let value = Value(copying: first[column])
                if row.count > column { row[column] = value } else { row.append(value) }
            }
        }
    }

    private let phase = Atomic(Phase.over)
    private var task: Task<Void, Never>?
    private var starter = pthread_self()
    /// Rows that were answered with a result on the thread that started it.
    private var done = 0
    private var answer = Answer.ok
    /// Of the row that waited, where it was over before that was noticed.
    private var outcome: ClosureOutcome?
    /// When its latest row was begun there, in nanoseconds.
    private(set) var rowStart = 0

    /// Runs the closure for one row after the other until it waits for something, or has taken
    /// long.
    /// - Returns: how many rows have a result, and the answer of the next. Where it waits, the call
    ///   will be completed.
    func startNow(_ call: Call, _ rows: Rows, _ closure: AsyncClosure) -> (Int, Answer) {
        starter = pthread_self()
        done = 0
        answer = .ok
        rowStart = MonotonicTime.nanoseconds
        phase.store(.starting, ordering: .relaxed)
        task = Task.immediate { await self.run(call, rows, closure) }
        let former = phase.exchange(.waiting, ordering: .acquiringAndReleasing)
        guard former == .over else { return (done, .deferred) }
        task = nil
        if let outcome = outcome.take() {
            answer = outcome.settle(call, rows.results + done)
            if answer == .ok { done += 1 }
        }
        return (done, answer)
    }

    /// Runs the closure for the first row on another thread. The call will be completed.
    func startLater(_ call: Call, _ rows: Rows, _ closure: AsyncClosure) {
        phase.store(.waiting, ordering: .relaxed)
        var row: Coro.Row = []
        rows.copy(0, to: &row)
        task = Task { [row] in self.end(call, await closure.outcome(row)) }
    }

    private func run(_ call: Call, _ rows: Rows, _ closure: AsyncClosure) async {
        let start = rowStart
        var row: Coro.Row = []
        while true {
            rows.copy(done, to: &row)
            let outcome = await closure.outcome(row)
            guard hasNotWaited else { return end(call, outcome) }
            answer = outcome.settle(call, rows.results + done)
            guard answer == .ok else { break }
            done += 1
            let now = MonotonicTime.nanoseconds
            let isSlow = now - rowStart > StartPace.quick || now - start > call.longestWait
            if done == rows.count || isSlow || call.hasLargeResults { break }
            rowStart = now
        }
        phase.store(.over, ordering: .releasing)
    }

    /// Whoever started it goes on as soon as the task waits, and says so first of all: on that
    /// thread, nothing else of the task can run between the two.
    private var hasNotWaited: Bool {
        pthread_equal(starter, pthread_self()) != 0
            && phase.load(ordering: .relaxed) == .starting
    }

    private func end(_ call: Call, _ outcome: ClosureOutcome) {
        if phase.load(ordering: .relaxed) == .starting {
            self.outcome = outcome
            let (isFirst, _) = phase.compareExchange(
                expected: .starting, desired: .over, ordering: .acquiringAndReleasing)
            if isFirst { return }
            self.outcome = nil
        }
        let (isWanted, _) = phase.compareExchange(
            expected: .waiting, desired: .over, ordering: .acquiringAndReleasing)
        guard isWanted else { return }
        call.takeOwnStorage()
        let (answer, value) = outcome.answer(call)
        call.complete(answer, value: PlainValue(value))
    }

    /// Only the node calls this and the next, and not while it starts one.
    func cancel() { task?.cancel() }

    func abandon() { phase.store(.abandoned, ordering: .releasing) }
}
