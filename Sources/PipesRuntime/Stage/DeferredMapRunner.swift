import CPipes
import DequeModule
import PipesCore

/// Runs a map that may defer: up to `concurrency` rows are in flight, each a call of its own, and
/// results leave in key order, or as they come where the node is not `ordered`.
final class DeferredMapRunner: NodeRunner {
    /// A row in flight.
    private struct Flight {
        var batch: OpenBatch
        var slot: Int
        var attempts: Int
        /// How long a test held the row back before its next call.
        var delay = Duration.zero
    }

    /// Of which rows have not left, in order; none where rows leave as they come.
    private var batches: Deque<OpenBatch> = []
    /// The one whose rows are started next.
    private var starting: OpenBatch?
    /// Results that have not left, where rows leave as they come.
    private var arrived: [(batch: OpenBatch, slots: Range<Int>)] = []
    private var flights: [ObjectIdentifier: Flight] = [:]
    private var paused = DueQueue<Flight>()
    private var hasSeenEnd = false
    /// Slots that were taken and have not left.
    private var heldRows = 0
    private lazy var load = ResultLoad(
        share: byteShare == Int.max ? nil : byteShare,
        holdsRows: node.description.holds != .none)
    /// What `account.nanoseconds` was when this step began.
    private var stepStart = 0
    /// Calls that are over, for the next rows.
    private var spareCalls: [Call] = []
    /// Where results lie that come at once, until they are sent.
    private var sharedStorage: RowStorage?
    private var sharedByteCount = 0
    /// Rows that are given to the processor at once, where it takes several: more as long as it
    /// answers all of them.
    private var rowsAtOnce = 1

    private var concurrency: Int { max(1, node.properties.concurrency) }
    private var flightCount: Int { flights.count + paused.count }
    /// How far rows may be ahead of the oldest one that is in flight.
    private var largestSpan: Int { concurrency * 2 + InputPort.joinLimit }
    /// Rows in a batch that is sent.
    private static let largestBatch = SourcePace.largest

    override var isIdle: Bool { heldRows == 0 && batches.isEmpty && starting == nil }
    override var inputHasEnded: Bool { hasSeenEnd }

    override func releaseRows() {
        super.releaseRows()
        spareCalls.removeAll()
        sharedStorage = nil
    }

    override func work(mayStart: Bool) -> Bool {
        stepStart = account.nanoseconds
        var mayStart = mayStart
        var hasProgressed = resumePaused()
        // What is done is on its way before anything is begun that may take long.
        if mayStart, send() {
            hasProgressed = true
            mayStart = sendOutputs()
        }
        return startRows(mayTake: mayStart) || hasProgressed
    }

    /// Whether calls took so long that what is done is sent before anything else is begun.
    private var isTimeUp: Bool { account.nanoseconds - stepStart >= control.longestWait }

    private func startRows(mayTake: Bool) -> Bool {
        var hasProgressed = false
        while flightCount < concurrency || control.isCancelled {
            guard let batch = starting else {
                guard mayTake, !hasSeenEnd, !wantsNoMore, heldRows < largestSpan, takeBatch()
                else { break }
                hasProgressed = true
                continue
            }
            if wantsNoMore { return dropUnstarted(batch) }
            let hasRoom = load.mayStart(inFlight: flightCount, isBlocked: !mayTake)
            guard hasRoom || control.isCancelled else { break }
            hasProgressed = startNext(batch) || hasProgressed
            if batch.ring.isStarted { starting = nil }
            if isTimeUp || load.isShareFull { break }
        }
        return hasProgressed
    }

    private func takeBatch() -> Bool {
        switch input.next() {
        case .nothingYet: return false
        case .end:
            hasSeenEnd = true
            return false
        case .batch(let batch):
            let open = OpenBatch(batch)
            heldRows += open.count
            if node.properties.ordered { batches.append(open) }
            if open.count > 0 { starting = open }
            return true
        }
    }

    private func startNext(_ batch: OpenBatch) -> Bool {
        guard let slot = batch.ring.startNext() else { return false }
        let flight = Flight(batch: batch, slot: slot, attempts: 0)
        switch batch.input.settlement(batch.first + slot) {
        case .item:
            account.in += 1
            if control.isCancelled {
                fail(flight, .cancelled, nil)
            } else if let flaw = flaw(flight) {
                fail(flight, .reject, flaw)
            } else {
                let tried = call(flight, rows: span(of: batch, from: slot))
                account.in += tried - 1
                batch.ring.start(tried - 1)
            }
        case .missing:
            account.in += 1
            fail(flight, .reject, "a join partner never came")
        case let settlement: settle(flight, as: settlement)
        }
        return true
    }

    /// Rows from `slot` on that may be given to the processor at once.
    private func span(of batch: OpenBatch, from slot: Int) -> Int {
        guard rowsAtOnce > 1, faults == nil, let row = batch.row(slot) else { return 1 }
        let most = batch.items(from: slot, atMost: rowsAtOnce)
        guard kinds.checksAnything else { return most }
        return kinds.soundPrefix(row, count: most, width: batch.input.width)
    }

    private func flaw(_ flight: Flight) -> String? {
        guard kinds.checksAnything, let row = flight.batch.row(flight.slot) else { return nil }
        return kinds.flaw(row, width: flight.batch.input.width)
    }

    /// Rows behind an END are not given to the processor.
    private func dropUnstarted(_ batch: OpenBatch) -> Bool {
        while let slot = batch.ring.startNext() {
            settle(Flight(batch: batch, slot: slot, attempts: 0), as: .skip)
        }
        starting = nil
        return true
    }

    // MARK: Calls

    /// Calls the processor for the row, and for those behind it up to `count` as long as they are
    /// answered with OK.
    /// - Returns: how many rows it was called for.
    @discardableResult
    private func call(_ flight: Flight, rows count: Int = 1) -> Int {
        var flight = flight
        let (batch, slot) = (flight.batch, flight.slot)
        guard let row = batch.row(slot) else { return 1 }
        let fault = faults?.next(batch.key(slot), timeout: node.properties.timeout)
        if case .delay(let time) = fault {
            flight.delay = time
            pause(flight, time)
            return 1
        }
        let delay = flight.delay
        flight.delay = .zero
        flight.attempts += 1
        let call = spareCalls.popLast() ?? makeRowCall()
        // A call that was deferred belongs to others, so what the rows before it use is known.
        if count > 1, sharedStorage == nil { sharedStorage = RowStorage(capacity: 0) }
        let storage = sharedStorage
        call.reset(storage: storage, input: batch.input.rows, rowCount: 1)
        if let fault {
            inject(fault, flight, call)
            return 1
        }
        let (done, answer) = timed {
            processor.map(
                call, rows: row, count: count, width: batch.input.width,
                results: batch.values + slot, ports: batch.ports + slot)
        }
        notePace(done, of: count)
        let used = answer == .deferred ? storage : call.storageInUse
        if done > 0 { settle(done, from: flight, in: used) }
        guard done < count, answer != .ok || done == 0 else {
            spare(call)
            return done
        }
        flight.slot += done
        end(flight, call, answer, after: delay)
        return done + 1
    }

    private func notePace(_ done: Int, of count: Int) {
        guard processor.takesRowsUntilOneWaits else { return }
        rowsAtOnce = done == count ? min(rowsAtOnce * 2, Self.largestBatch) : 1
    }

    /// The rows have results.
    private func settle(_ count: Int, from first: Flight, in storage: RowStorage?) {
        var (flight, byteCount) = (first, 0)
        for _ in 0..<count {
            byteCount += flight.batch.values[flight.slot].byteCount
            settle(flight, in: storage)
            flight.slot += 1
        }
        share(storage, with: byteCount)
    }

    /// The row of the flight has no result, or none yet.
    private func end(_ flight: Flight, _ call: Call, _ answer: Answer, after delay: Duration) {
        if answer == .deferred {
            leaveStorage()
            flights[ObjectIdentifier(call)] = flight
            return open(call, after: delay)
        }
        settle(flight, call, answer)
        // The call of a processor that broke its word may still come back.
        if answer == .skip { spare(call) } else { leaveStorage() }
    }

    /// Whoever completes a call may allocate where it began, at any moment.
    private func leaveStorage() {
        guard !processor.takesRowsUntilOneWaits else { return }
        sharedStorage?.leaveOpen()
        sharedStorage = nil
    }

    /// Results that come at once lie side by side, but no more than are sent together.
    private func share(_ storage: RowStorage?, with bytes: Int) {
        if storage !== sharedStorage { sharedByteCount = 0 }
        sharedByteCount += bytes
        sharedStorage = load.isShare(sharedByteCount) ? nil : storage
    }

    private func makeRowCall() -> Call {
        let call = makeCall()
        call.isForOneRow = true
        return call
    }

    /// Keeps a call for the next row where nobody can come back to it.
    private func spare(_ call: Call) {
        guard processor.completesCallsOnce else { return }
        call.releaseRows()
        spareCalls.append(call)
    }

    private func inject(_ fault: InjectedFaults.Effect, _ flight: Flight, _ call: Call) {
        switch fault {
        case .reject(let message):
            call.explanation = message
            settle(flight, call, .reject)
        case .retry(let message):
            call.explanation = message
            settle(flight, call, .retry)
        case .delay(let time): pause(flight, time)
        case .crash: InjectedFaults.crash()
        }
        call.releaseRows()
        spareCalls.append(call)
    }

    private func pause(_ flight: Flight, _ time: Duration) {
        let end = control.clock.now + time
        _ = paused.add(flight, at: end)
        ring(at: end)
    }

    private func resumePaused() -> Bool {
        guard !paused.isEmpty else { return false }
        let now = control.clock.now
        var hasResumed = false
        while !isTimeUp, let flight = nextDue(now) {
            hasResumed = true
            if control.isCancelled { fail(flight, .cancelled, nil) } else { call(flight) }
        }
        ring(at: paused.nextDue)
        return hasResumed
    }

    private func nextDue(_ now: ContinuousClock.Instant) -> Flight? {
        control.isCancelled ? paused.popFirst() : paused.popDue(now)
    }

    override func completed(_ call: Call, _ completion: Call.Completion) {
        guard let flight = flights.removeValue(forKey: ObjectIdentifier(call)) else { return }
        if let value = completion.value {
            flight.batch.values[flight.slot] = value.value
            flight.batch.ports[flight.slot] = completion.port
        }
        settle(flight, call, completion.answer)
        if completion.answer == .ok { spare(call) }
    }

    // MARK: What became of a row

    private func settle(_ flight: Flight, _ call: Call, _ answer: Answer) {
        let (batch, slot) = (flight.batch, flight.slot)
        switch answer {
        case .ok, .last:
            if answer == .last { wantsNoMore = true }
            settle(flight, in: call.storageInUse)
        case .skip, .end:
            if answer == .end { wantsNoMore = true }
            if answer == .end, node.description.isSink {
                account.out += 1
                load.add(batch.values[slot].byteCount)
                settle(flight, as: .item)
            } else {
                account.skipped += 1
                settle(flight, as: .skip)
            }
        case .retry where flight.attempts <= node.properties.retry.max && !control.isCancelled:
            account.retries += 1
            batch.values[slot] = .null
            pause(flight, pause(before: flight.attempts))
        case .deferred:
            fail(flight, .notAllowed("completed a call with DEFERRED"), call.reason)
        default:
            fail(flight, answer, call.reason)
        }
    }

    /// Its result is there.
    private func settle(_ flight: Flight, in storage: RowStorage?) {
        let (batch, slot) = (flight.batch, flight.slot)
        let port = batch.ports[slot]
        guard outputs.isEmpty || Int(port) < outputs.count else {
            context.reportMisuse(misdirection(port))
            return fail(flight, .reject, misdirection(port))
        }
        account.out += 1
        let value = batch.values[slot]
        if value.kind > Kind.float.rawValue, let storage { batch.keep(storage, for: slot) }
        load.add(value.byteCount)
        settle(flight, as: .item)
    }

    private func fail(_ flight: Flight, _ answer: Answer, _ message: String?) {
        if case .notAllowed = answer { context.count("misuses", 1) }
        let (batch, slot) = (flight.batch, flight.slot)
        let settlement = fail(
            key: batch.key(slot), row: batch.input.row(slot: batch.first + slot),
            attempts: flight.attempts, answer: answer, message: message)
        settle(flight, as: settlement)
    }

    /// The row is done with.
    private func settle(_ flight: Flight, as settlement: Settlement) {
        let (batch, slot) = (flight.batch, flight.slot)
        if settlement != .item { batch.settle(slot, as: settlement) }
        if node.properties.ordered {
            batch.ring.settle(slot)
        } else if settlement == .item {
            arrive(slot, of: batch)
        } else {
            heldRows -= 1
        }
    }

    // MARK: Sending

    /// Hands over what is settled.
    private func send() -> Bool {
        node.properties.ordered ? sendInOrder() : sendAsTheyCame()
    }

    private func sendInOrder() -> Bool {
        var hasSent = false
        var gathered = ResultGathering()
        while let batch = batches.first {
            let settled = batch.ring.takeInOrder()
            if settled.isEmpty, batch.count > 0 { break }
            hasSent = true
            for slot in settled {
                gathered.append(slot, of: batch)
                guard isFull(gathered) else { continue }
                for key in batch.takeKeys(before: slot + 1) { gathered.append(key) }
                leave(&gathered)
            }
            for key in batch.takeKeys(before: settled.upperBound) { gathered.append(key) }
            guard batch.ring.isEmpty else { break }
            batches.removeFirst()
        }
        leave(&gathered)
        return hasSent
    }

    private func isFull(_ gathered: ResultGathering) -> Bool {
        gathered.count == Self.largestBatch || load.isShare(gathered.byteCount)
    }

    private func leave(_ gathered: inout ResultGathering) {
        guard !gathered.isEmpty else { return }
        noteLeaving(gathered)
        if !node.description.isSink {
            let storage = gathered.makeStorage()
            for port in outputs.indices where outputs[port].hasReaders {
                outputs[port].append(
                    gathered.batch(port: port, of: outputs.count, in: storage))
            }
        }
        gathered = ResultGathering()
    }

    private func noteLeaving(_ gathered: ResultGathering) {
        heldRows -= gathered.count
        load.remove(gathered.byteCount)
        sharedStorage = nil
    }

    private func arrive(_ slot: Int, of batch: OpenBatch) {
        let last = arrived.count - 1
        if last >= 0, arrived[last].batch === batch, arrived[last].slots.upperBound == slot {
            arrived[last].slots = arrived[last].slots.lowerBound..<slot + 1
        } else {
            arrived.append((batch, slot..<slot + 1))
        }
    }

    /// Rows that are settled leave at once, under keys of their own: each by its output, and on no
    /// other.
    private func sendAsTheyCame() -> Bool {
        guard !arrived.isEmpty else { return false }
        var gathered = Array(repeating: ResultGathering(), count: max(1, outputs.count))
        for (batch, slots) in arrived {
            for slot in slots {
                let port = outputs.isEmpty ? 0 : Int(batch.ports[slot])
                gathered[port].append(slot, of: batch)
                if isFull(gathered[port]) { leave(&gathered[port], by: port) }
            }
        }
        arrived.removeAll(keepingCapacity: true)
        for port in gathered.indices { leave(&gathered[port], by: port) }
        return true
    }

    private func leave(_ gathered: inout ResultGathering, by port: Int) {
        guard !gathered.isEmpty else { return }
        noteLeaving(gathered)
        gathered.append(KeyRun(first: nextKey, count: gathered.count, settlement: .item))
        nextKey += UInt64(gathered.count)
        if !outputs.isEmpty, outputs[port].hasReaders {
            outputs[port].append(
                gathered.batch(port: port, of: 1, in: gathered.makeStorage()))
        }
        gathered = ResultGathering()
    }
}
