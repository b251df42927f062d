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
    private let stages: [any RunningStage]
    private let doorbells: [Doorbell]
    private let drainTimeout: Duration
    private let patience: Duration
    private let deadlocks: DeadlockResolver
    /// Rings when a stage ends, and when waiting for the others is no longer worth it.
    private let stageEnded = Doorbell()
    private let progress = Locked(Progress())
    private let factories: [any ProcessorFactory]
    /// By node: what goes on from the run before, or does not start.
    private let heirs: [Int: Heir]
    /// What the runs before counted for nodes and edges that are no more.
    private let former = Locked(Former())

    /// Whether processors that end for another graph are closed with the last run: nodes that go
    /// on may hold rows whose memory is theirs.
    private let closesLate = Locked(false)

    private struct Former {
        /// Not closed yet.
        var gates: [ProcessorGate] = []
        var nodes: [NodeAccount] = []
        var edges: [EdgeName: EdgeAccount] = [:]
        var failures: [String] = []
    }

    /// What an edge is told from others by, also those of other graphs.
    private struct EdgeName: Hashable {
        var from: String
        var to: String
        /// Among the edges between the two.
        var number: Int

        static func all(of accounts: [EdgeAccount]) -> [EdgeName] {
            var counts: [EdgeName: Int] = [:]
            return accounts.map { account in
                let pair = EdgeName(from: account.from, to: account.to, number: 0)
                defer { counts[pair, default: 0] += 1 }
                return EdgeName(
                    from: account.from, to: account.to, number: counts[pair, default: 0])
            }
        }
    }

    private struct Progress {
        var start: ContinuousClock.Instant?
        var end: ContinuousClock.Instant?
        var unfinishedStages = 0
        /// How the run ended. From here on processors are closed, and nothing changes that any more.
        var status: RunReport.Status?
        var isClosed = false
        /// What did not return is being named: once, however many alarms there are.
        var isBeingGivenUp = false
        var isGivenUp = false
        /// The node whose processor will never return, as was told.
        var leaver: String?

        var isOver: Bool { isClosed || isGivenUp }
    }

    init(
        _ graph: CheckedGraph, plan: Plan, factories: [any ProcessorFactory],
        options: Plumber.Options, after former: Run? = nil, heirs: [Int: Heir] = [:]
    ) {
        self.graph = graph
        self.factories = factories
        self.heirs = heirs
        drainTimeout = options.drainTimeout
        patience = options.patience
        let deadlocks = DeadlockResolver(largestGrowth: options.largestGrowth)
        self.deadlocks = deadlocks
        let wakefulness = Wakefulness { deadlocks.allAsleep() }
        control = RunControl(
            graph: graph.graph.name, wakefulness: wakefulness, options: options,
            ended: Set(heirs.filter(\.value.hasEnded).keys))
        let stopper = Stopper()
        let assembly = RunAssembly(
            graph, plan, factories, control,
            former: heirs.compactMapValues { heir in heir.former.flatMap { former?.nodes[$0] } }
        ) { stopper.run?.stop($0) }
        nodes = assembly.nodes
        edges = assembly.edges
        stages = assembly.stages
        loops = assembly.loops
        doorbells = assembly.bells
        stopper.run = self
        deadlocks.attach(self)
    }

    /// Lets a node stop a run that is not there yet when the node is made.
    private final class Stopper: @unchecked Sendable {
        // Set once, before any stage has started.
        weak var run: Run?
    }

    // MARK: Running

    func run() async throws(GraphFailure) -> RunReport {
        try await open()
        return await finish()
    }

    /// Opens all nodes but those whose processors are open already.
    func open() async throws(GraphFailure) {
        let failure = await Task(executorPreference: BlockingThreads.shared) {
            self.openAll()
        }.value
        if let failure { throw failure }
    }

    /// Runs what was opened to its end.
    func finish() async -> RunReport {
        progress.withLock {
            $0.start = $0.start ?? .now
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

    private let openedGates = Locked<[ProcessorGate]>([])

    /// Opens all nodes, senders first. When one fails, those already open are closed.
    private func openAll() -> GraphFailure? {
        for (loop, checked) in zip(loops.all, graph.loops) where !loop.open() {
            progress.withLock { $0.status = .stopped }
            let edge = graph.graph.edges[checked.feedback[0]]
            return GraphFailure(diagnostics: [
                Diagnostic(
                    file: graph.graph.file, at: edge.place,
                    "edge \"\(edge.from)\" -> \"\(edge.to)\": no memory for its initial rows")
            ])
        }
        for index in graph.order where heirs[index] == nil {
            do {
                try nodes[index].gate.open()
                openedGates.withLock { $0.append(nodes[index].gate) }
            } catch {
                endOpening()
                let node = graph.graph.nodes[index]
                // What begins with the name of an arg is about it.
                let arg = node.args.first { error.message.hasPrefix("\($0.name): ") }
                return GraphFailure(diagnostics: [
                    Diagnostic(
                        file: arg?.option ?? graph.graph.file,
                        at: arg.map(\.valuePlace) ?? node.places.coro ?? node.places.name,
                        "node \"\(node.name)\": can't open \(node.coro): \(error.message)")
                ])
            }
        }
        return nil
    }

    /// Closes what was opened. From within a call of `open`, which will not return, too.
    func endOpening() {
        let gates = openedGates.withLock { gates in
            defer { gates = [] }
            return gates
        }
        for gate in gates.reversed() { gate.closeUnused() }
        progress.withLock { $0.status = .stopped }
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
        let accounts = nodes.map(\.snapshot)
        progress.withLock { progress in
            progress.status = status(accounts)
            // Time was up for what is still inside a call; not for the others to be closed.
            progress.isBeingGivenUp = false
            progress.isGivenUp = false
        }
        if control.isCancelled {
            for node in nodes { node.context.stop() }
            after(control.cancelGrace) { $0.giveUp() }
        }
        // Nodes whose stages wait for a call that never returns. They are called no more.
        if progress.withLock({ $0.leaver }) != nil {
            for node in nodes where !node.isInside { node.gate.finish() }
        }
        // Those of nodes that go on in another graph, and what must outlive them, stay.
        let refersToThis =
            loops.all.contains(where: \.refersToOthers) || nodes.contains(where: \.refersToOthers)
        if control.isPausing, refersToThis { closesLate.withLock { $0 = true } }
        let isToClose = !closesLate.withLock { $0 }
        let gates =
            isToClose
            ? graph.order.reversed().filter { !control.keeps($0) }.map { nodes[$0].gate }
                + former.withLock { $0.gates } : []
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
            for node in run.nodes { node.lookForBlocking() }
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
        let accounts = nodes.map(\.published)
        return edges.reduce(0) { $0 &+ $1.movedCount }
            &+ accounts.reduce(0) { $0 &+ $1.in &+ $1.out &+ $1.skipped &+ $1.failed &+ $1.retries }
    }

    var hasUnfinishedStages: Bool { progress.withLock { $0.unfinishedStages > 0 } }

    // MARK: Going on for another graph

    /// Nodes that have come to their end.
    var ended: Set<Int> { control.ended }

    /// The run that is to follow this one, not opened yet. It shares the processors of nodes that
    /// are the same in both.
    func successor(
        _ graph: CheckedGraph, plan: Plan, factories: [any ProcessorFactory],
        options: Plumber.Options
    ) -> (run: Run, ended: Set<Int>) {
        let ended = control.ended
        let heirs = Heir.find(
            from: (self.graph, self.factories), to: (graph, factories), ended: ended)
        let run = Run(
            graph, plan: plan, factories: factories, options: options, after: self, heirs: heirs)
        return (run, ended)
    }

    /// Has the sources pause and everything in flight finished, so that `successor` can take over.
    /// - Parameter ended: with which the successor was made.
    /// - Returns: false where nodes have ended since, so that there must be another successor.
    func handOver(to successor: Run, ended: Set<Int>) -> Bool {
        guard control.keep(Set(successor.heirs.values.compactMap(\.former)), ended: ended) else {
            return false
        }
        let holdsRows = successor.heirs.contains { index, heir in
            !heir.hasEnded && successor.graph.nodes[index].description.holds != .none
        }
        closesLate.withLock { $0 = holdsRows }
        for loop in loops.all { loop.pause() }
        guard control.raise(to: .handOver) else { return true }
        for (index, node) in nodes.enumerated()
        where node.node.description.isSource && !control.keeps(index) {
            node.context.stop()
            node.gate.interrupt()
        }
        ringAll()
        return true
    }

    /// Whether it has ended so that another one can go on.
    var isHandedOver: Bool { control.isPausing }

    /// Goes on where the run before stopped, which has ended.
    func takeOver(_ former: Run) {
        for (index, heir) in heirs {
            // Also where it ended although it was to be kept: the run was drained just then.
            if let position = heir.former, !heir.hasEnded, nodes[index].gate.isOpen {
                nodes[index].takeOver(former.nodes[position])
            } else {
                nodes[index].stayEnded()
            }
        }
        let positions = former.graph.positions
        for node in nodes {
            if let same = positions[node.node.name] { node.goOn(from: former.nodes[same]) }
        }
        for (own, same) in graph.sameLoops(in: former.graph) {
            loops.all[own].goOn(from: former.loops.all[same])
            let feedback = zip(graph.loops[own].feedback, former.graph.loops[same].feedback)
            for (own, same) in feedback { edges[own].goOn(from: former.edges[same]) }
        }
        let report = former.report
        let own = graph.positions
        let gates = former.gatesLeft
        let formerEdges = Dictionary(
            zip(EdgeName.all(of: report.edges), report.edges), uniquingKeysWith: { $1 })
        // What was too narrow once would be so again.
        for (edge, name) in zip(edges, EdgeName.all(of: self.report.edges)) {
            if let grown = formerEdges[name]?.grown, grown > 0 { edge.grow(by: grown) }
        }
        self.former.withLock { state in
            state.gates = gates
            state.nodes = report.nodes.filter { own[$0.name] == nil }
            state.edges = formerEdges
            state.failures = report.failures
        }
        let start = former.progress.withLock { $0.start }
        progress.withLock { $0.start = start }
    }

    /// What this run did not close and no node of the next one has.
    private var gatesLeft: [ProcessorGate] {
        let former = former.withLock { $0.gates }
        guard closesLate.withLock({ $0 }) else { return former }
        return graph.order.reversed().filter { !control.keeps($0) }.map { nodes[$0].gate } + former
    }

    /// Ends what was kept for a run that never came: fails the rows, and closes the processors.
    func closeAll() {
        for node in nodes { node.failWhatIsLeft() }
        for node in nodes.reversed() { node.gate.closeUnused() }
        for gate in gatesLeft { gate.close() }
    }

    /// Closes what was opened for this run alone, which never came to be.
    func closeFresh() {
        for (index, node) in nodes.enumerated().reversed() where heirs[index] == nil {
            node.gate.closeUnused()
        }
    }

    // MARK: Stopping, from any thread

    func drain() {
        guard control.raise(to: .drain) else { return }
        for node in nodes where node.node.description.isSource {
            node.context.stop()
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
            node.context.stop()
            node.gate.interrupt()
        }
        ringAll()
    }

    /// A failure that the graph can't go on after.
    func stop(_ failure: String) {
        control.noteStop(failure)
        cancel()
    }

    /// Stops the run after a processor that will not return from the call that it is in, in the
    /// thread of that call.
    func abandon(_ node: String?, rowsDone: Int?, _ failure: String) {
        progress.withLock { progress in
            progress.leaver = node
            if progress.status != nil { progress.status = .stopped }
        }
        if control.isCancelled { control.note(failure) } else { stop(failure) }
        if let rowsDone, let index = nodes.firstIndex(where: { $0.node.name == node }) {
            for stage in stages { stage.abandon(index, rowsDone: rowsDone, failure) }
        }
        after(control.cancelGrace) { $0.giveUp() }
    }

    /// Whether it has begun: before, nothing but `open` was called.
    var hasStarted: Bool { progress.withLock { $0.start != nil } }

    /// Ends the run although processors are still inside a call, and names them.
    private func giveUp() {
        let (isDue, hasEnded, leaver) = progress.withLock { progress in
            let isDue = progress.start != nil && !progress.isOver && !progress.isBeingGivenUp
            if isDue { progress.isBeingGivenUp = true }
            return (isDue, progress.status != nil, progress.leaver)
        }
        guard isDue else { return }
        // What is inside a call was named before the others were closed.
        for node in nodes
        where node.node.name != leaver && (hasEnded ? node.gate.isClosing : node.isInside) {
            let failure = "node \"\(node.node.name)\": did not return after it was cancelled"
            control.note(failure)
        }
        // Unless all came back meanwhile and the processors are being closed.
        progress.withLock { $0.isGivenUp = $0.isBeingGivenUp }
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

    /// Edges with a sender that waits for room.
    var waitingEdges: [Edge] { edges.filter { $0.isQueue && $0.snapshot.senderWaits } }

    /// Nodes that have looked for input and found nothing.
    var starvedNodes: Set<Int> {
        Set(edges.filter { $0.isQueue && $0.snapshot.readerWaits }.map(\.to))
    }

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
                && nodes[index].published.unsettled > 0
        }
    }

    func describe(holder index: Int) -> String {
        let node = graph.nodes[index]
        return "\(node.name) holds \(nodes[index].published.unsettled) rows and waits for "
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
        let former = former.withLock { $0 }
        let accounts = nodes.map(\.snapshot) + former.nodes
        let seconds = progress.start.map { start in
            start.duration(to: progress.end ?? .now).seconds
        }
        let outcome = progress.status ?? status(accounts)
        return RunReport(
            graph: graph.graph.name, status: progress.status ?? .running, outcome: outcome,
            seconds: seconds ?? 0,
            nodes: accounts,
            edges: edgeAccounts(former.edges), failures: former.failures + control.failures)
    }

    /// With what went over edges between the same nodes before.
    private func edgeAccounts(_ former: [EdgeName: EdgeAccount]) -> [EdgeAccount] {
        let accounts = edges.map { edge in
            let state = edge.snapshot
            return EdgeAccount(
                from: graph.nodes[edge.from].name, to: graph.nodes[edge.to].name,
                rows: state.rows, dropped: state.dropped, peak: state.peak, waits: state.waits,
                depth: state.depth, capacity: state.capacity, grown: state.grownBy,
                rounds: edge.rounds)
        }
        if former.isEmpty { return accounts }
        return zip(EdgeName.all(of: accounts), accounts).map { name, account in
            guard let same = former[name] else { return account }
            var account = account
            account.rows += same.rows
            account.dropped += same.dropped
            account.peak = max(account.peak, same.peak)
            account.waits += same.waits
            return account
        }
    }

    private func status(_ accounts: [NodeAccount]) -> RunReport.Status {
        if control.isStoppedByFailure { return .stopped }
        if control.isCancelled { return .cancelled }
        return accounts.contains { $0.failed > 0 } ? .failedRows : .clean
    }
}
