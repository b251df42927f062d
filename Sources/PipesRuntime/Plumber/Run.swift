import Dispatch
import Logging
import PipesCore

/// One run of a graph: builds its nodes, edges and stages, owns their tasks, and sees to it that
/// it ends.
///
/// `@unchecked Sendable`: all members are set by `init` and constant; the stages keep the runners
/// to themselves.
final class Run: @unchecked Sendable {
    private let graph: CheckedGraph
    private let control: RunControl
    private let nodes: [RunningNode]
    private let edges: [Edge]
    private let loops: RunningLoops
    private let stages: [Stage]
    private let doorbells: [Doorbell]
    private let drainTimeout: Duration
    private let patience: Duration
    private let deadlocks: DeadlockResolver
    /// Rings when a stage ends, and when waiting for the others is no longer worth it.
    private let stageEnded = Doorbell()
    private let progress = Locked(Progress())

    private struct Progress {
        var start: ContinuousClock.Instant?
        var end: ContinuousClock.Instant?
        var unfinishedStages = 0
        /// How the run ended. From here on processors are closed, and nothing changes that any more.
        var status: RunReport.Status?
        var isClosed = false
        var isGivenUp = false

        var isOver: Bool { isClosed || isGivenUp }
    }

    private struct RunningNode {
        let runner: NodeRunner
        let gate: ProcessorGate
    }

    init(
        _ graph: CheckedGraph, plan: Plan, factories: [any ProcessorFactory],
        options: Plumber.Options
    ) {
        self.graph = graph
        drainTimeout = options.drainTimeout
        patience = options.patience
        let deadlocks = DeadlockResolver(largestGrowth: options.largestGrowth)
        self.deadlocks = deadlocks
        let wakefulness = Wakefulness { deadlocks.allAsleep() }
        control = RunControl(
            graph: graph.graph.name, wakefulness: wakefulness, options: options)
        let doorbells = plan.stages.map { _ in Doorbell(wakefulness: wakefulness) }
        self.doorbells = doorbells
        let sourceStops = graph.nodes.map { node in
            node.description.isSource
                ? SourceStop(readers: node.outputs.reduce(0) { $0 + $1.count }) : nil
        }
        let loops = RunningLoops(graph, doorbells: plan.stageOfNode.map { doorbells[$0] })
        self.loops = loops
        let edges = graph.edges.enumerated().map { index, edge in
            Edge(
                index: index, from: edge.from, to: edge.to, capacity: edge.capacity,
                byteCapacity: edge.byteCapacity, overflow: edge.overflow,
                readsKeys: Run.readsKeys(graph.nodes[edge.to]), isQueue: plan.isQueue[index],
                sender: doorbells[plan.stageOfNode[edge.from]],
                reader: doorbells[plan.stageOfNode[edge.to]],
                sourceStop: sourceStops[edge.from], feedback: loops.feedbackEnds[index],
                leaves: loops.left[index])
        }
        self.edges = edges
        let stopper = Stopper()
        let control = control
        let nodes = graph.nodes.indices.map { index in
            Run.makeNode(
                graph, index, factories[index], edges: edges, loop: loops.begun[index],
                control: control,
                doorbell: doorbells[plan.stageOfNode[index]], stopper: stopper)
        }
        for (node, stop) in zip(nodes, sourceStops) {
            let (context, gate) = (node.runner.context, node.gate)
            stop?.whenNobodyIsLeft {
                context.stop()
                gate.interrupt()
            }
        }
        self.nodes = nodes
        let runners = nodes.map(\.runner)
        stages = zip(plan.stages, doorbells).map { stage, doorbell in
            Stage(stage.nodes.map { runners[$0] }, doorbell: doorbell, mayBlock: stage.mayBlock)
        }
        stopper.run = self
        deadlocks.attach(self, edges: edges)
    }

    /// Whether settlements without a row make a difference to a node. They end at a merge, and where
    /// nothing leaves under the keys of what came in.
    private static func readsKeys(_ node: CheckedGraph.Node) -> Bool {
        switch node.inputMode {
        case .none, .merge: false
        case .single: !node.description.isSink && node.description.rate != .aggregates
        case .join: true
        }
    }

    /// Lets a node stop a run that is not there yet when the node is made.
    private final class Stopper: @unchecked Sendable {
        // Set once, before any stage has started.
        weak var run: Run?
    }

    private static func makeNode(
        _ graph: CheckedGraph, _ index: Int, _ factory: any ProcessorFactory, edges: [Edge],
        loop: Loop?, control: RunControl, doorbell: Doorbell, stopper: Stopper
    ) -> RunningNode {
        let node = graph.nodes[index]
        let joins = if case .join = node.inputMode { true } else { false }
        let context = NodeContext(
            name: node.name, coro: graph.graph.nodes[index].coro,
            inputCount: node.description.isSource ? 0 : joins ? node.inputs.count : 1,
            outputsUsed: node.outputs.map { !$0.isEmpty },
            concurrency: max(1, node.properties.concurrency), env: graph.graph.env,
            logger: control.logger, clock: control.clock)
        let gate = ProcessorGate(factory.makeProcessor(for: context, args: node.args))
        let hooks = control.hooks
        let input = InputPort(
            node.inputMode, edges: node.inputs.map { edges[$0] },
            onMissing: node.properties.onMissing, loop: loop,
            watcher: hooks?.takenWatcher(node: index))
        let outputs = node.outputs.enumerated().map { port, leaving in
            OutputPort(
                edges: leaving.map { edges[$0] },
                watcher: hooks?.leftWatcher(node: index, output: port))
        }
        let kind: NodeRunner.Type =
            switch node.description.shape {
            case .produce: SourceRunner.self
            case .process: ProcessRunner.self
            case .map: Run.needsFlights(node) ? DeferredMapRunner.self : MapRunner.self
            }
        let runner = kind.init(
            node, context: context, gate: gate, input: input, outputs: outputs, control: control,
            doorbell: doorbell, stopRun: { stopper.run?.stop($0) })
        return RunningNode(runner: runner, gate: gate)
    }

    /// Whether rows of a map can be in flight while others go on.
    private static func needsFlights(_ node: CheckedGraph.Node) -> Bool {
        let flags = node.description.flags
        return flags.contains(.defers)
            || (flags.contains(.concurrent) && node.properties.retry.max > 0
                && node.properties.concurrency > 1)
    }

    // MARK: Running

    func run() async throws(GraphFailure) -> RunReport {
        let failure = await Task(executorPreference: BlockingThreads.shared) { self.open() }.value
        if let failure { throw failure }
        progress.withLock {
            $0.start = .now
            $0.unfinishedStages = stages.count
        }
        // What was cancelled before it started has its time of grace from here on.
        if control.isCancelled { after(control.cancelGrace * 3) { $0.giveUp() } }
        for _ in stages { control.wakefulness.wake() }
        let tasks = stages.map { stage in
            let threads: (any TaskExecutor)? = stage.mayBlock ? BlockingThreads.shared : nil
            return Task(executorPreference: threads) {
                await stage.run()
                self.noteEnd()
            }
        }
        watchForBlocking()
        watchForStalls(since: movedCount)
        await wait { $0.unfinishedStages == 0 }
        await close()
        // A task that is left here is stuck inside a processor; it was named by `giveUp`.
        for task in tasks { task.cancel() }
        progress.withLock { $0.end = .now }
        return report
    }

    /// Opens all nodes, senders first. When one fails, those already open are closed.
    private func open() -> GraphFailure? {
        for (loop, checked) in zip(loops.all, graph.loops) where !loop.open() {
            let edge = graph.graph.edges[checked.feedback[0]]
            return GraphFailure(diagnostics: [
                Diagnostic(
                    file: graph.graph.file, at: edge.place,
                    "edge \"\(edge.from)\" -> \"\(edge.to)\": no memory for its initial rows")
            ])
        }
        var opened: [ProcessorGate] = []
        for index in graph.order {
            do {
                try nodes[index].gate.open()
                opened.append(nodes[index].gate)
            } catch {
                for gate in opened.reversed() { gate.closeUnused() }
                progress.withLock { $0.status = .stopped }
                let node = graph.graph.nodes[index]
                return GraphFailure(diagnostics: [
                    Diagnostic(
                        file: graph.graph.file, at: node.places.coro ?? node.places.name,
                        "node \"\(node.name)\": can't open \(node.coro): \(error.message)")
                ])
            }
        }
        return nil
    }

    private func noteEnd() {
        progress.withLock { $0.unfinishedStages -= 1 }
        stageEnded.ring()
        control.wakefulness.sleep()
    }

    /// Waits until the run has come so far, or is given up.
    private func wait(until hasCome: (Progress) -> Bool) async {
        while !progress.withLock({ $0.isGivenUp || hasCome($0) }) { await stageEnded.wait() }
    }

    /// Closes all processors, receivers first: once no row is left anywhere, and each of them can
    /// learn by `stopping` whether the run has ended by itself.
    private func close() async {
        let accounts = nodes.map(\.runner.snapshot)
        progress.withLock { progress in
            progress.status = status(accounts)
            // Time was up for what is still inside a call; not for the others to be closed.
            progress.isGivenUp = false
        }
        if control.isCancelled {
            for node in nodes { node.runner.context.stop() }
            after(control.cancelGrace) { $0.giveUp() }
        }
        let gates = graph.order.reversed().map { nodes[$0].gate }
        let closing = Task(executorPreference: BlockingThreads.shared) {
            for gate in gates { gate.close() }
            self.progress.withLock { $0.isClosed = true }
            self.stageEnded.ring()
        }
        await wait { $0.isClosed }
        closing.cancel()
    }

    /// Looks for calls that last although their processors said that they never block.
    private func watchForBlocking() {
        after(BlockingWatch.interval) { run in
            let isRunning = run.progress.withLock { $0.unfinishedStages > 0 && $0.status == nil }
            guard isRunning else { return }
            for node in run.nodes { node.runner.blockingWatch?.look() }
            run.watchForBlocking()
        }
    }

    /// Looks into a run in which nothing moves.
    /// - Parameter isHelped: whether an edge has grown just now. If that was not enough, it shows
    ///   soon.
    private func watchForStalls(since former: Int, isHelped: Bool = false) {
        after(isHelped ? patience / 10 : patience) { run in
            guard run.hasUnfinishedStages else { return }
            let moved = run.movedCount
            let grows = moved == former && run.deadlocks.nothingMoves()
            run.watchForStalls(since: moved, isHelped: grows || (isHelped && moved != former))
        }
    }

    /// Changes whenever a row is sent, taken or settled.
    private var movedCount: Int {
        let accounts = nodes.map(\.runner.published)
        return edges.reduce(0) { $0 &+ $1.movedCount }
            &+ accounts.reduce(0) { $0 &+ $1.in &+ $1.out &+ $1.skipped &+ $1.failed &+ $1.retries }
    }

    var hasUnfinishedStages: Bool { progress.withLock { $0.unfinishedStages > 0 } }

    // MARK: Stopping, from any thread

    func drain() {
        guard control.raise(to: .drain) else { return }
        for node in nodes where node.runner.node.description.isSource {
            node.runner.context.stop()
            node.gate.interrupt()
        }
        for loop in loops.all { loop.drain() }
        ringAll()
        after(drainTimeout) { run in
            guard !run.progress.withLock({ $0.isOver }), !run.control.isCancelled else { return }
            run.control.note(
                "the drain took longer than \(run.drainTimeout); what was in flight is cancelled")
            run.cancel()
        }
    }

    func cancel() {
        // Where nothing is left but to close what has ended, that is waited for and no more.
        let (isNews, hasEnded) = progress.withLock { progress in
            let hasEnded = progress.status != nil
            return (hasEnded || control.raise(to: .cancel), hasEnded)
        }
        guard isNews else { return }
        after(control.cancelGrace * 3) { $0.giveUp() }
        guard !hasEnded else { return }
        for node in nodes {
            node.runner.context.stop()
            node.gate.interrupt()
        }
        ringAll()
    }

    /// A failure that the graph can't go on after.
    func stop(_ failure: String) {
        control.noteStop(failure)
        cancel()
    }

    /// Ends the run although processors are still inside a call, and names them.
    private func giveUp() {
        guard !progress.withLock({ $0.start == nil || $0.isOver }) else { return }
        for node in nodes where node.gate.isInside {
            let failure = "node \"\(node.runner.node.name)\": did not return after it was cancelled"
            control.note(failure)
        }
        progress.withLock { $0.isGivenUp = true }
        stageEnded.ring()
    }

    private func ringAll() {
        for doorbell in doorbells { doorbell.ring() }
    }

    private func after(_ pause: Duration, _ body: @escaping @Sendable (Run) -> Void) {
        let deadline = DispatchTime.now() + .nanoseconds(pause.nanoseconds)
        DispatchQueue.global().asyncAfter(deadline: deadline) { [weak self] in
            if let self { body(self) }
        }
    }

    // MARK: Deadlocks

    /// Whether an edge leads into a loop that has no place for its rows.
    func isFull(before edge: Edge) -> Bool {
        !edge.isFeedback && loops.begun[edge.to]?.isFull == true
    }

    func describe(_ edge: Edge) -> String {
        let (from, to) = (graph.nodes[edge.from].name, graph.nodes[edge.to].name)
        let state = edge.snapshot
        return
            "\(from) waits for room in \(from) -> \(to) (\(state.depth) of \(state.capacity) rows)"
    }

    func noteGrowth(_ edge: Edge, by rows: Int) {
        let (from, to) = (graph.nodes[edge.from].name, graph.nodes[edge.to].name)
        let state = edge.snapshot
        let isFirst = state.grownBy == rows
        control.logger.log(
            level: isFirst ? .warning : .debug,
            """
            edge \(from) -> \(to) was full while \(to) waited for another input: its capacity \
            grows to \(state.capacity) rows\(isFirst ? ", and on where that is not enough" : "")
            """)
    }

    /// Nodes that hold rows in open calls and want more.
    func holders(among starved: Set<Int>) -> [Int] {
        starved.sorted().filter { index in
            graph.nodes[index].description.flags.contains(.defers)
                && nodes[index].runner.published.unsettled > 0
        }
    }

    func describe(holder index: Int) -> String {
        let node = graph.nodes[index]
        return "\(node.name) holds \(nodes[index].runner.published.unsettled) rows and waits for "
            + "more (its description says \(node.holds))"
    }

    func noteGrowth(_ edge: Edge, holders: [Int]) {
        let (from, to) = (graph.nodes[edge.from].name, graph.nodes[edge.to].name)
        control.logger.warning(
            """
            nothing moves: \(holders.map(describe(holder:)).joined(separator: "; ")), while \
            \(from) waits for room in \(from) -> \(to). That queue is grown to \
            \(edge.snapshot.capacity) rows
            """)
    }

    // MARK: The ledger, from any thread

    var report: RunReport {
        let progress = progress.withLock { $0 }
        let accounts = nodes.map(\.runner.snapshot)
        let seconds = progress.start.map { start in
            start.duration(to: progress.end ?? .now).seconds
        }
        return RunReport(
            graph: graph.graph.name, status: progress.status ?? status(accounts),
            seconds: seconds ?? 0,
            nodes: accounts,
            edges: edges.map { edge in
                let state = edge.snapshot
                return EdgeAccount(
                    from: graph.nodes[edge.from].name, to: graph.nodes[edge.to].name,
                    rows: state.rows, dropped: state.dropped, peak: state.peak,
                    waits: state.waits, depth: state.depth, capacity: state.capacity,
                    grown: state.grownBy, rounds: edge.rounds)
            }, failures: control.failures)
    }

    private func status(_ accounts: [NodeAccount]) -> RunReport.Status {
        if control.isStoppedByFailure { return .stopped }
        if control.isCancelled { return .cancelled }
        return accounts.contains { $0.failed > 0 } ? .failedRows : .clean
    }
}
