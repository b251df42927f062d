import CPipes
import PipesCore

/// Runs one node: takes batches from its input, has the processor work on them, settles every key
/// and hands the batches on. A subclass for each shape says how rows are worked on; what they
/// share, the life of a node and what becomes of failed rows, is here.
///
/// Belongs to its stage: only the stage's task calls it, but for `deliver`, `account` and the
/// members that say so.
class NodeRunner {
    /// What a node is doing. It only ever moves on.
    private enum Phase {
        case running
        /// All input was seen.
        case flushing
        /// Nothing is left but to send what was emitted.
        case sending
        case ended
    }

    let node: CheckedGraph.Node
    /// Its position in the graph.
    final let index: Int
    let context: NodeContext
    let processor: any Processor
    private let gate: ProcessorGate
    let mark = CallMark()
    let control: RunControl
    let doorbell: Doorbell
    private let stopRun: @Sendable (String) -> Void
    let kinds: RowKinds
    /// nil where the node feeds nobody.
    private let readerNews: ReaderNews?
    /// What a test does to rows of this node.
    final let faults: InjectedFaults?
    private let watchdog: Watchdog?
    /// Where the processor said that it never blocks.
    final let blockingWatch: BlockingWatch?
    final let defers: Bool
    final let isSource: Bool
    /// Whether rows come from outside the stage.
    final let readsQueue: Bool
    /// Steps that it may make before the other nodes of its stage have their turn. What a pass
    /// brings is worked off; a reader whose queue is filled as fast as it reads must stop somewhere.
    final let stepsPerPass: Int
    private let mayBlock: Bool
    // The stage's task is the only one to touch these, so there is no exclusive access to check.
    @exclusivity(unchecked) final var input: InputPort
    @exclusivity(unchecked) final var outputs: [OutputPort]
    @exclusivity(unchecked) final var account: NodeAccount
    /// The key of the next row of a lineage that starts here.
    @exclusivity(unchecked) final var nextKey: UInt64 = 0
    /// Set by the processor's END or LAST, or when nobody wants more of this node.
    @exclusivity(unchecked) final var wantsNoMore = false

    /// Whether each key that comes in is settled also when the processor wants no more: where
    /// other lanes are at work on keys behind it, none may be left out.
    @exclusivity(unchecked) final var settlesAll = false
    @exclusivity(unchecked) private var hasToldNoMore = false
    /// Whether the processor's last call is for this one to make.
    @exclusivity(unchecked) private var isLastUser = false

    @exclusivity(unchecked) private var phase = Phase.running
    /// Whether the account has changed since it was published.
    @exclusivity(unchecked) private var hasNews = true
    @exclusivity(unchecked) private var skipsFlush = false
    @exclusivity(unchecked) private var isFlushOpen = false
    @exclusivity(unchecked) private var hasFlushed = false
    @exclusivity(unchecked) final private(set) var openCalls = OpenCalls()
    /// The instants the clock was last asked to ring at, so that it isn't asked twice.
    @exclusivity(unchecked) private var pauseAlarm: ContinuousClock.Instant?
    private var callAlarm: ContinuousClock.Instant?
    private var mailbox: Mailbox
    /// What processors counted that this node had before.
    final private(set) var formerMetrics: [String: Int64] = [:]
    private var formerMissing = 0
    private let latest: Locked<NodeAccount>

    required init(
        _ node: CheckedGraph.Node, index: Int, context: NodeContext, gate: ProcessorGate,
        input: InputPort, outputs: [OutputPort], control: RunControl, doorbell: Doorbell,
        stopRun: @escaping @Sendable (String) -> Void
    ) {
        self.node = node
        self.index = index
        mailbox = Mailbox(doorbell)
        self.context = context
        self.gate = gate
        processor = gate.processor
        defers = node.description.flags.contains(.defers)
        isSource = node.description.isSource
        mayBlock = !node.description.flags.contains(.nonblocking)
        blockingWatch =
            mayBlock
            ? nil : BlockingWatch(context, mark, advice: gate.processor.sleepingAdvice)
        watchdog = node.properties.timeout.map {
            Watchdog($0, grace: control.cancelGrace, gate) {
                stopRun(
                    "node \"\(node.name)\": a call did not return after its timeout, also when "
                        + "it was interrupted")
            }
        }
        faults = control.hooks?.faults[node.name]
        kinds = RowKinds(node.description.inputs, onMissing: node.properties.onMissing)
        readerNews = outputs.lazy.flatMap(\.edges).first?.readerNews
        readsQueue = input.edges.contains { $0.isQueue }
        stepsPerPass = readsQueue ? 16 : input.batchesPerPass
        self.input = input
        self.outputs = outputs
        self.control = control
        self.doorbell = doorbell
        self.stopRun = stopRun
        account = NodeAccount(name: node.name)
        latest = Locked(account)
    }

    /// Bytes that are worth sending on, however few the rows.
    final private(set) lazy var byteShare = outputs.reduce(Int.max) { min($0, $1.byteShare) }

    /// Whether nothing waits to be sent.
    final var hasSentAll: Bool { outputs.allSatisfy(\.isEmpty) }

    /// Whether it has seen all input, and what is left is to end.
    final var isEnding: Bool {
        if case .running = phase { return inputHasEnded }
        return true
    }

    final var hasEnded: Bool {
        if case .ended = phase { return true }
        return false
    }

    // MARK: What a shape decides

    /// Works on rows as far as possible without waiting.
    /// - Parameter mayStart: whether there is room for what new rows would yield.
    /// - Returns: whether anything was done.
    func work(mayStart: Bool) -> Bool { false }

    /// Whether no row is in the node's hands.
    var isIdle: Bool { true }

    /// Rows that are being worked on, where rows in and out can't be compared.
    var rowsInHand: Int { 0 }

    /// Whether all input was seen.
    var inputHasEnded: Bool { true }

    /// Lets go of all memory of rows: what plugins handed over is released before the processors
    /// are closed.
    func releaseRows() { input.close() }

    /// A deferred call was completed, or given up.
    func completed(_ call: Call, _ completion: Call.Completion) {}

    /// The call that is in progress will not return.
    func abandonCall(rowsDone: Int, _ failure: String) { hasNews = true }

    // MARK: The life of a node

    /// Makes what progress is possible.
    /// - Returns: whether there was any.
    final func step() -> Bool {
        // What comes for a node that was handed over is for its successor to take.
        if hasEnded { return false }
        var hasProgressed = false
        if defers {
            for (call, completion) in mailbox.takeAll() {
                hasProgressed = true
                close(call, completion)
            }
            hasProgressed = stopLateCalls() || hasProgressed
        }
        let hasSent = sendOutputs()
        switch phase {
        case .running: hasProgressed = run(mayStart: hasSent) || hasProgressed
        case .flushing: break
        case .sending:
            if hasSent {
                end()
                hasProgressed = true
            }
        case .ended: return false
        }
        if hasProgressed { hasNews = true }
        return hasProgressed
    }

    private func run(mayStart: Bool) -> Bool {
        if !wantsNoMore, readerNews?.take() ?? false { heedReaders() }
        if wantsNoMore, settlesAll, !hasToldNoMore {
            hasToldNoMore = true
            input.want(.nothing)
        }
        let takenCount = input.takenCount
        let hasWorked = work(mayStart: mayStart)
        let hasProgressed = hasWorked || input.takenCount != takenCount
        guard isIdle, (wantsNoMore && !settlesAll) || inputHasEnded else { return hasProgressed }
        input.want(.nothing)
        // Of a node that pauses, what it has sent goes round in the next graph.
        if wantsNoMore || !control.isPausing {
            for output in outputs { output.endRounds() }
        }
        flush()
        return true
    }

    /// Ends early what nobody wants any longer.
    private func heedReaders() {
        var most: EdgeState.Demand?
        for output in outputs {
            switch output.demand {
            case .everything: return
            case .theRest: most = .theRest
            case .nothing: most = most ?? .nothing
            case nil: break
            }
        }
        switch most {
        // A node that feeds nobody is there for what it does.
        case nil, .everything: break
        case .theRest:
            input.want(.theRest)
            if isSource { stopProducing() }
        case .nothing:
            skipsFlush = true
            if isSource { stopProducing() } else { wantsNoMore = true }
        }
    }

    /// Tells a source that may be blocking to come to an end.
    final func stopProducing() {
        guard !wantsNoMore else { return }
        wantsNoMore = true
        // A drain has done this already, from its own thread.
        if !context.isStopping {
            context.stop()
            gate.interrupt()
        }
        // An open call is asked to stop when the stage looks again.
        doorbell.ring()
    }

    private func flush() {
        phase = .flushing
        let isKept = control.keeps(index)
        if !isKept, !isLastUser { isLastUser = gate.leave() }
        let isToFlush = isLastUser && !isSource && !skipsFlush && !hasFlushed
        guard isToFlush, !control.isCancelled, !isKept else {
            phase = .sending
            return
        }
        hasFlushed = true
        let call = makeCall()
        let answer = timed { processor.flush(call) }
        if answer == .deferred {
            isFlushOpen = true
            open(call)
        } else {
            flushed(call, answer)
        }
    }

    private func flushed(_ call: Call, _ answer: Answer) {
        phase = .sending
        switch answer {
        case .ok, .end: sendFlushed(call)
        case .cancelled where control.isCancelled: break
        default: stop(call, answer, during: "flush")
        }
    }

    /// What a flush emits comes from no row, whatever the rate.
    private func sendFlushed(_ call: Call) {
        guard call.emission.count > 0 else { return }
        guard node.description.rate == .aggregates || node.description.isSink else {
            failFlushed(call)
            return
        }
        account.out += call.emission.count
        for batch in numbered(call) { outputs[batch.port].append(batch.batch) }
    }

    /// The values have no row that could be failed in their place, so they are rows themselves.
    private func failFlushed(_ call: Call) {
        let text = "emitted in flush although it \(node.description.rate) keys"
        context.reportMisuse(text)
        for port in outputs.indices {
            for (_, value) in call.emission.ordered(port) {
                account.in += 1
                _ = fail(
                    key: [], row: [Value(copying: value)], attempts: 1, answer: .reject,
                    message: text)
            }
        }
    }

    private func end() {
        phase = .ended
        // Before its readers can end: those that have ended are told from those that may go on by
        // whether their senders have.
        let isToClose = isLastUser && control.claimEnd(index)
        for output in outputs { output.finish() }
        input.want(.nothing)
        releaseRows()
        if isToClose { gate.finish() }
    }

    /// Ends at once, without a call: others run the same node.
    final func retire() {
        if !control.keeps(index) { _ = gate.leave() }
        phase = .ended
    }

    /// - Returns: whether nothing is left that waits for room.
    final func sendOutputs() -> Bool {
        var hasSent = true
        for port in outputs.indices where !outputs[port].isEmpty {
            if !outputs[port].flush() { hasSent = false }
        }
        return hasSent
    }

    // MARK: Deferred calls

    /// Notes a call that was answered with DEFERRED. Its timeout runs from now.
    ///
    /// - Parameter delay: how long a test held the row back before the call.
    final func open(_ call: Call, after delay: Duration = .zero) {
        // Something outside the graph will wake this node.
        control.wakefulness.beginOutside()
        let now = control.clock.now
        openCalls.open(call, deadline: node.properties.timeout.map { now + $0 - delay })
        ringForOpenCalls()
    }

    private func close(_ call: Call, _ completion: Call.Completion) {
        guard let reason = openCalls.close(call) else {
            context.reportMisuse("completed a call that was completed or given up before")
            return
        }
        control.wakefulness.endOutside()
        closed(call, completion, reason)
    }

    private func closed(
        _ call: Call, _ completion: Call.Completion, _ reason: OpenCalls.Reason?
    ) {
        var completion = completion
        if reason == .timeout {
            call.explanation = timeoutText
            completion = Call.Completion(answer: .retry, value: nil)
        }
        if isFlushOpen {
            isFlushOpen = false
            flushed(call, completion.answer)
        } else {
            completed(call, completion)
        }
    }

    /// Asks calls that are past their timeout, or all where the run is cancelled, to stop; gives
    /// up those that don't.
    private func stopLateCalls() -> Bool {
        guard !openCalls.isEmpty else { return false }
        let now = control.clock.now
        // A source's open call only waits for what it would bring.
        let all = control.isCancelled || (isSource && wantsNoMore)
        for call in openCalls.stop(all: all, now: now, grace: control.cancelGrace) {
            processor.cancel(call)
        }
        let overdue = openCalls.removeOverdue(now: now)
        for (call, reason) in overdue {
            control.wakefulness.endOutside()
            processor.abandon(call)
            context.reportMisuse("did not complete a call after it was asked to stop")
            closed(call, Call.Completion(answer: .cancelled, value: nil), reason)
        }
        ringForOpenCalls()
        return !overdue.isEmpty
    }

    /// Has the stage look again at the end of a pause.
    final func ring(at instant: ContinuousClock.Instant?) {
        guard let instant, isNews(instant, pauseAlarm) else { return }
        pauseAlarm = instant
        control.ring(doorbell, at: instant, keepsAwake: true)
    }

    /// Has the stage look again when a call is due. An open call keeps the stage awake by itself:
    /// the alarm of one that is long completed must not.
    private func ringForOpenCalls() {
        guard let instant = openCalls.nextDue, isNews(instant, callAlarm) else { return }
        callAlarm = instant
        control.ring(doorbell, at: instant, keepsAwake: false)
    }

    private func isNews(
        _ instant: ContinuousClock.Instant, _ alarm: ContinuousClock.Instant?
    ) -> Bool {
        guard let alarm else { return true }
        return alarm > instant || alarm <= control.clock.now
    }

    // MARK: For the shapes

    final func makeCall() -> Call {
        let call = Call(
            node: context, outputs: node.description.outputs.count)
        call.byteShare = byteShare
        call.longestWait = control.longestWait
        // Weak, since the mailbox holds calls: where one is completed late, nobody empties it.
        call.onComplete = { [weak mailbox] call, completion in mailbox?.put(call, completion) }
        return call
    }

    /// A call within the node's timeout, if it has one: past it, the call is interrupted, and
    /// whatever it answers then counts like RETRY.
    ///
    /// - Parameter delay: how long a test held the row back before the call.
    final func limited(
        _ call: Call, after delay: Duration = .zero, _ body: () -> Answer
    ) -> Answer {
        guard let watchdog else { return timed(body) }
        let (answer, isLate) = timed { watchdog.watch(after: delay, body) }
        // What was deferred is watched by its ticket.
        guard isLate, answer != .deferred, !answer.isFatal else { return answer }
        call.explanation = timeoutText
        return .retry
    }

    private var timeoutText: String? { node.properties.timeout.map { Self.text(ofTimeout: $0) } }

    static func text(ofTimeout timeout: Duration) -> String {
        "took longer than its timeout of \(timeout)"
    }

    final func timed<Result>(_ body: () -> Result) -> Result {
        // A call that may block for long shows in reports, and is named where it never returns.
        if mayBlock {
            hasNews = true
            publish()
        }
        blockingWatch?.begin()
        let start = MonotonicTime.nanoseconds
        mark.begin(now: start)
        defer {
            account.nanoseconds &+= MonotonicTime.nanoseconds &- start
            mark.end()
        }
        return body()
    }

    /// The values of a call as batches of a lineage that starts here, one for each port that has
    /// any.
    final func numbered(_ call: Call) -> [(port: Int, batch: Batch)] {
        let first = nextKey
        var batches: [(Int, Batch)] = []
        for port in outputs.indices {
            let kind = node.description.outputs[port].kind
            guard let (rows, count) = call.emission.takeValues(port, kind: kind) else { continue }
            if rows.mayReferToOthers(count) {
                if let storage = call.storageInUse { rows.keepAlive(storage) }
                if let owner = call.input { rows.keepAlive(owner) }
            }
            let run = KeyRun(first: first, count: count, settlement: .item)
            let batch = Batch(runs: [run], rows: rows, slots: 0..<count, itemCount: count)
            batches.append((port, batch))
            nextKey = max(nextKey, first + UInt64(count))
        }
        return batches
    }

    /// What a processor did that had a row leave by `port`.
    final func misdirection(_ port: UInt32) -> String {
        "chose output \(port); it has \(outputs.count)"
    }

    /// Settles a row that will not be yielded: its retries are used up, it was rejected or it was
    /// cancelled.
    final func fail(
        key: [UInt64], row: @autoclosure () -> [Value], attempts: Int, answer: Answer,
        message: String?
    ) -> Settlement {
        let message = FailureText.of(answer, message, coro: context.coro)
        let then = answer.isFatal ? .stop : node.properties.then
        if then == .skip, answer != .cancelled {
            account.skipped += 1
            return .skip
        }
        account.failed += 1
        control.deadLetters(
            DeadLetter(
                graph: control.graph, node: node.name, key: key, attempts: attempts,
                message: message, row: row()))
        if then == .stop, answer != .cancelled { stopRun("node \"\(node.name)\": \(message)") }
        return .fail
    }

    /// The node is broken, and with it the run.
    final func stop(_ call: Call, _ answer: Answer, during what: String) {
        wantsNoMore = true
        if case .notAllowed = answer { context.count("misuses", 1) }
        let message = FailureText.of(answer, call.reason, coro: context.coro)
        stopRun("node \"\(node.name)\": \(what): \(message)")
    }

    /// How long to wait before a row is tried again: exponential, with jitter, so that rows that
    /// failed together do not come again together.
    final func pause(before attempt: Int) -> Duration {
        node.properties.retry.pause(before: attempt, jitter: .random(in: 0.5...1))
    }

    // MARK: Going on for the node of another graph, before the first step

    /// Goes on counting where the node of this name stopped.
    /// - Parameters:
    ///   - account: of all its lanes.
    ///   - metrics: what processors counted that it had and this one does not have.
    final func continueAccount(_ account: NodeAccount, metrics: [String: Int64]) {
        self.account = account
        formerMissing = account.missing
        formerMetrics = metrics
        hasNews = true
        publish()
    }

    /// Goes on with the processor of a node that has done all its work and was not closed.
    /// - Parameter runners: one, or one of each of its lanes.
    final func takeOver(_ runners: [NodeRunner]) {
        wantsNoMore = runners.contains { $0.wantsNoMore }
        skipsFlush = runners.contains { $0.skipsFlush }
        hasFlushed = runners.contains { $0.hasFlushed }
        // In lanes nothing is numbered or open.
        if runners.count == 1 { takeOver(runners[0]) }
    }

    /// Goes on with what only a node without lanes has.
    func takeOver(_ former: NodeRunner) {
        nextKey = former.nextKey
        openCalls = former.openCalls
        former.openCalls = OpenCalls()
        for _ in 0..<openCalls.count {
            former.control.wakefulness.endOutside()
            control.wakefulness.beginOutside()
        }
        mailbox = former.mailbox
        mailbox.forward(to: doorbell)
    }

    /// Fails what waits at its inputs for a graph that doesn't go on after all.
    final func failWhatIsLeft(_ batches: [Batch]) {
        for batch in batches {
            for slot in batch.slots {
                account.in += 1
                _ = fail(
                    key: batch.key(slot: slot), row: batch.row(slot: slot), attempts: 0,
                    answer: .cancelled, message: nil)
            }
        }
        hasNews = true
        publish()
    }

    /// A node that has ended before stays so.
    final func stayEnded() {
        wantsNoMore = true
        isLastUser = true
        phase = .sending
    }

    // MARK: For reports

    /// Makes the account visible to others. The stage does so before it sleeps and every now and
    /// then, not after each step: a lock for each node and batch would be felt.
    final func publish() {
        guard hasNews else { return }
        hasNews = false
        account.missing = formerMissing + input.missing
        account.unsettled =
            node.description.isSink
                || (node.description.rate == .keeps && !node.description.isSource)
            ? account.in - account.out - account.skipped - account.failed : rowsInHand
        latest.withLock { $0 = account }
    }

    /// Its line of the ledger, without what the processor counts. From any thread.
    final var published: NodeAccount { latest.withLock { $0 } }
}
