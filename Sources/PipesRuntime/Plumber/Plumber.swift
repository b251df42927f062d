public import Logging
public import PipesCore

/// Resolves every coro string of a graph, checks the whole graph, and runs it.
///
/// ```swift
/// let plumber = try Plumber(graph, resolvers: [plugins])
/// let report = try await plumber.run()
/// ```
public final class Plumber: Sendable {
    public struct Options: Sendable {
        public var logger = Logger(label: "pipes")
        /// How long a drain may take before what is in flight is cancelled.
        public var drainTimeout = Duration.seconds(25)
        /// How long a call that was asked to stop is waited for.
        public var cancelGrace = Duration.seconds(1)
        /// Rows that an edge may grow by where nodes would wait for one another for ever.
        public var largestGrowth = 1 << 20
        /// How long nothing may move in a run before it is looked into.
        public var patience = Duration.seconds(3)
        /// How long what a node has done of a batch waits for the rest of it, at most. The less, the
        /// sooner a row leaves where rows take long; the more, the fewer the batches that a node is
        /// to be paid for.
        public var longestWait = Duration.milliseconds(1)
        /// Takes each failed row whose node's `then` is not `skip`. Any thread, one at a time for
        /// each node. nil: `logger` gets its reason, of each node no more than `RowFailureLog` says.
        public var deadLetters: (@Sendable (DeadLetter) -> Void)?
        /// What decides which nodes run together.
        public var plan = Plan.Options()
        /// What pauses, timeouts and the timers of plugins go by.
        package var clock: any RunClock = SystemClock.shared
        /// Whether another graph may take over while it runs (`LiveRun`): a source that blocks
        /// then does so on a thread of its own, and never holds its stage.
        package var isReplaceable = false
        /// For tests; nil: none.
        package var hooks: RunHooks?

        public init() {}
    }

    public let graph: CheckedGraph
    public let plan: Plan
    private let factories: [any ProcessorFactory]
    private let options: Options
    private let current = Locked<Current>(.waiting(.run))

    private enum Current {
        /// With what was asked for before the run.
        case waiting(RunControl.Order)
        case running(Run)
        case ended(RunReport)
    }

    /// Checks everything that can be known before a run.
    /// - Throws: all that is wrong, also with the file that the graph was read from, in its order.
    public init(
        _ graph: Graph, resolvers: [any ProcessorResolver], options: Options = Options()
    ) throws(GraphFailure) {
        let found = Plumber.check(graph, resolvers: resolvers)
        guard var checked = found.checked else {
            throw GraphFailure(
                diagnostics: (graph.fileDiagnostics + found.diagnostics).inOrderOfPlace())
        }
        var factories = found.factories
        if options.isReplaceable { DetachedSource.detach(&checked, &factories) }
        self.graph = checked
        self.factories = factories
        self.options = options
        var planOptions = options.plan
        // What a test does to rows, and what it sees of them, is by node and not by lane.
        if options.hooks != nil { planOptions.usesLanes = false }
        plan = Plan(checked, planOptions)
    }

    /// What `init` checks, with the warnings.
    public static func check(
        _ graph: Graph, resolvers: [any ProcessorResolver]
    ) -> (checked: CheckedGraph?, factories: [any ProcessorFactory], diagnostics: [Diagnostic]) {
        var factories: [any ProcessorFactory] = []
        var names = KnownCoros(resolvers)
        let (checked, diagnostics) = GraphChecker.check(graph) { node in
            let found = resolvers.lazy.compactMap { $0.resolve(node, in: graph) }.first
            switch found {
            case .success(let factory):
                factories.append(factory)
                return .success(.init(factory.description, warnings: factory.warnings))
            case .failure(let rejection):
                return .failure(names.withNearest(to: node.coro, rejection))
            case nil:
                let unknown = GraphChecker.Rejection([
                    Diagnostic(
                        .error, "node \(node.name.quoted): nothing here knows \(node.coro.quoted)")
                ])
                return .failure(names.withNearest(to: node.coro, unknown))
            }
        }
        return (checked, factories, diagnostics)
    }

    /// Runs the graph to its end: until every source has ended and every row is accounted for, or
    /// it was stopped, drained or cancelled. Cancelling the task cancels the run.
    ///
    /// - Throws: what could not be opened; nothing has run then.
    public func run() async throws(GraphFailure) -> RunReport {
        let run = Run(graph, plan: plan, factories: factories, options: options)
        let order = current.withLock { state in
            defer { state = .running(run) }
            return if case .waiting(let order) = state { order } else { RunControl.Order.run }
        }
        if order == .drain { run.drain() }
        if order == .cancel { run.cancel() }
        let result: Result<RunReport, GraphFailure> = await withTaskCancellationHandler {
            do throws(GraphFailure) {
                return .success(try await run.run())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            run.cancel()
        }
        let report = try result.get()
        current.withLock { $0 = .ended(report) }
        return report
    }

    func makeRun() -> Run { Run(graph, plan: plan, factories: factories, options: options) }

    func makeSuccessor(of run: Run) -> (run: Run, ended: Set<Int>) {
        run.successor(graph, plan: plan, factories: factories, options: options)
    }

    /// Stops the sources and has everything in flight finished. Any thread; before the run, it
    /// holds for the run to come.
    public func drain() { running(.drain)?.drain() }

    /// Stops now: rows in flight are failed as cancelled. Any thread; before the run, it holds for
    /// the run to come.
    public func cancel() { running(.cancel)?.cancel() }

    /// The run that is to follow an order. Where there is none yet, the order is kept for it.
    private func running(_ order: RunControl.Order) -> Run? {
        current.withLock { state in
            switch state {
            case .waiting(let former):
                state = .waiting(max(former, order))
                return nil
            case .running(let run): return run
            case .ended: return nil
            }
        }
    }

    /// The ledger at this moment, its status `running` until the run is over; nil before the run.
    public var report: RunReport? {
        switch current.withLock({ $0 }) {
        case .waiting: nil
        case .running(let run): run.report
        case .ended(let report): report
        }
    }
}

/// A graph that can't run, and all that is wrong with it.
public struct GraphFailure: Error, Sendable, CustomStringConvertible {
    public var diagnostics: [Diagnostic]

    public init(diagnostics: [Diagnostic]) {
        self.diagnostics = diagnostics
    }

    public var description: String {
        diagnostics.map(\.description).joined(separator: "\n")
    }
}
