import Logging
import PipesCore
import Synchronization

/// What the stages of one run share: whether it is to go on, and where failures are told.
final class RunControl: Sendable {
    /// How far a run is from going on as usual. It only ever gets worse.
    enum Order: Int, Comparable, Sendable {
        case run
        /// Another graph is to go on: sources pause, everything in flight is finished, and
        /// processors that the other graph has too stay open.
        case handOver
        /// Sources stop, everything in flight is finished.
        case drain
        /// What is in flight is failed as cancelled.
        case cancel

        static func < (left: Order, right: Order) -> Bool { left.rawValue < right.rawValue }
    }

    let graph: String
    let logger: Logger
    let clock: any RunClock
    let hooks: RunHooks?
    let wakefulness: Wakefulness
    let deadLetters: @Sendable (DeadLetter) -> Void
    /// How long a cancelled call is waited for before its ticket is given up.
    let cancelGrace: Duration

    /// Nanoseconds that what a node has done of a batch waits for the rest of it.
    let longestWait: Int

    private let state = Locked(State())

    /// Read for every batch, so without a lock; only ever raised.
    private let currentOrder = Atomic(Order.run.rawValue)
    private let hasSuccessor = Atomic(false)

    private struct State {
        /// Nodes whose processors stay open for another graph.
        var kept: Set<Int> = []
        /// Nodes that have ended, or are just about to be closed.
        var ended: Set<Int> = []
        var isStoppedByFailure = false
        var failures: [String] = []
    }

    /// - Parameter ended: nodes that have ended in a graph before.
    init(
        graph: String, wakefulness: Wakefulness, options: Plumber.Options, ended: Set<Int> = []
    ) {
        state.withLock { $0.ended = ended }
        self.graph = graph
        logger = options.logger
        clock = options.clock
        hooks = options.hooks
        self.wakefulness = wakefulness
        cancelGrace = options.cancelGrace
        longestWait = max(1, options.longestWait.nanoseconds)
        let log = RowFailureLog(options.logger)
        deadLetters = options.deadLetters ?? { log.note($0) }
        clock.follow(wakefulness)
    }

    /// Rings once the instant has come. Rings may come late, never early.
    /// - Parameter keepsAwake: whether the stage counts as under way until then, since nothing
    ///   else will wake it.
    func ring(
        _ doorbell: Doorbell, at instant: ContinuousClock.Instant, keepsAwake: Bool
    ) {
        let wakefulness = keepsAwake ? wakefulness : nil
        wakefulness?.beginOutside()
        _ = clock.start(at: instant, isAwaited: keepsAwake) {
            doorbell.ring()
            wakefulness?.endOutside()
        }
    }

    var order: Order { Order(rawValue: currentOrder.load(ordering: .acquiring)) ?? .cancel }
    var isCancelled: Bool { order == .cancel }
    var isStoppedByFailure: Bool { state.withLock { $0.isStoppedByFailure } }
    var failures: [String] { state.withLock { $0.failures } }

    /// - Returns: whether that is news.
    func raise(to order: Order) -> Bool {
        let (former, _) = currentOrder.max(order.rawValue, ordering: .acquiringAndReleasing)
        return former < order.rawValue
    }

    // MARK: Handing over

    /// Nodes that have come to their end.
    var ended: Set<Int> { state.withLock { $0.ended } }

    /// From now on these nodes are neither flushed nor closed.
    /// - Parameter ended: what the choice of nodes rests on.
    /// - Returns: false where others have ended since; nothing is kept then.
    func keep(_ nodes: Set<Int>, ended: Set<Int>) -> Bool {
        state.withLock { state in
            guard state.ended == ended else { return false }
            state.kept = nodes
            hasSuccessor.store(true, ordering: .releasing)
            return true
        }
    }

    /// Whether inputs that end go on in another graph: rows that wait for a partner wait on there.
    var isPausing: Bool { hasSuccessor.load(ordering: .acquiring) && !isCancelled }

    func keeps(_ node: Int) -> Bool { state.withLock { $0.kept.contains(node) } }

    /// Whether a node that has come to its end is to be closed. Asked once for each node.
    func claimEnd(_ node: Int) -> Bool {
        state.withLock { state in
            if state.kept.contains(node) { return false }
            state.ended.insert(node)
            return true
        }
    }

    /// Notes a failure that stops the graph, and logs it.
    func noteStop(_ failure: String) {
        let isNews = state.withLock { state in
            // What fails because it was cancelled is no failure of its own.
            guard !isCancelled else { return false }
            state.isStoppedByFailure = true
            // Rows in several lanes may fail at once for one reason.
            if state.failures.contains(failure) { return false }
            state.failures.append(failure)
            return true
        }
        if isNews { logger.error("\(failure)") }
    }

    /// Notes what kept the run from ending as it should, and logs it.
    func note(_ failure: String) {
        state.withLock { $0.failures.append(failure) }
        logger.error("\(failure)")
    }
}
