import PipesCore

/// Runs a source: asks for as many rows as there is room for, and numbers them.
final class SourceRunner: NodeRunner {
    private lazy var call = makeCall()
    @exclusivity(unchecked) private var pace = SourcePace()
    private lazy var callPace = BatchPace(
        first: ReaderPace.first, longestWait: control.longestWait)
    @exclusivity(unchecked) private var callStart = 0
    @exclusivity(unchecked) private var attempts = 0
    @exclusivity(unchecked) private var pauseEnd: ContinuousClock.Instant?
    /// How long a test held back the next row.
    @exclusivity(unchecked) private var delay = Duration.zero

    /// Whether it stopped asking, for the source of another graph to go on.
    private var isPaused = false

    override var isIdle: Bool { openCalls.isEmpty || isPaused }
    override var inputHasEnded: Bool { isPaused }

    override func takeOver(_ former: NodeRunner) {
        super.takeOver(former)
        guard let former = former as? SourceRunner else { return }
        call = former.call
        attempts = former.attempts
        pauseEnd = former.pauseEnd
        if let pauseEnd { ring(at: pauseEnd) }
    }

    override func releaseRows() {
        super.releaseRows()
        // A call that is open is another run's to finish.
        if openCalls.isEmpty { call.reset() }
    }

    override func work(mayStart: Bool) -> Bool {
        // Looked at once: it may change at any moment, and to pause is not to stop.
        let order = control.order
        if order == .handOver, control.keeps(index) {
            isPaused = true
            return false
        }
        if order >= .handOver { stopProducing() }
        guard openCalls.isEmpty, mayStart, !wantsNoMore else { return false }
        if let pauseEnd {
            guard control.clock.now >= pauseEnd else { return false }
            self.pauseEnd = nil
        }
        let free = outputs.reduce(Int.max) { min($0, $1.roomOrWait()) }
        guard free > 0 else { return false }
        callStart = MonotonicTime.nanoseconds
        let room = min(free, pace.next(now: callStart), callPace.rows)
        if let fault = faults?.next([nextKey], timeout: node.properties.timeout) {
            return inject(fault)
        }
        // The next row that a test wants to hit must be the first of its call.
        let demand = min(room, faults?.distance(from: nextKey) ?? room)
        call.reset(demand: demand)
        let delay = takeDelay()
        let answer = limited(call, after: delay) { processor.produce(call) }
        if answer == .deferred { open(call, after: delay) } else { settle(answer) }
        return true
    }

    private func inject(_ fault: InjectedFaults.Effect) -> Bool {
        switch fault {
        case .reject(let message):
            call.explanation = message
            settle(.reject)
        case .retry(let message):
            delay = .zero
            call.explanation = message
            settle(.retry)
        case .delay(let time):
            delay = time
            let end = control.clock.now + time
            pauseEnd = end
            ring(at: end)
        case .crash: InjectedFaults.crash()
        }
        return true
    }

    private func takeDelay() -> Duration {
        defer { delay = .zero }
        return delay
    }

    override func completed(_ call: Call, _ completion: Call.Completion) {
        settle(completion.answer)
        // A call that was given up may still be written to by its thread.
        self.call = makeCall()
    }

    private func settle(_ answer: Answer) {
        switch answer {
        case .ok, .end:
            attempts = 0
            let rows = call.emission.rowCount
            callPace.note(
                rows: rows, nanoseconds: MonotonicTime.nanoseconds - callStart,
                byteCount: call.storageInUse?.ownedByteCount ?? 0, byteShare: byteShare)
            for (port, batch) in numbered(call) { outputs[port].append(batch) }
            account.out += rows
            pace.note(rows: rows, of: call.demand)
            call.releaseRows()
            if answer == .end { wantsNoMore = true }
        case .retry where attempts < node.properties.retry.max && !wantsNoMore:
            attempts += 1
            account.retries += 1
            let end = control.clock.now + pause(before: attempts)
            pauseEnd = end
            ring(at: end)
        case .cancelled where context.isStopping:
            wantsNoMore = true
        case .skip, .last, .reject:
            stop(
                call, .notAllowed("a source may not answer \(answer.name)"), during: "produce")
        default:
            stop(call, answer, during: "produce")
        }
    }
}
