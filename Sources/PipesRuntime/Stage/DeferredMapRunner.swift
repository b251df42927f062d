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

    /// A batch of which rows are in flight, or wait for earlier ones.
    private final class OpenBatch {
        let input: Batch
        /// The runs of the slots that were not sent yet.
        private(set) var remaining: [KeyRun]
        let results: RowStorage
        let holes: Holes
        let ports: UnsafeMutablePointer<UInt32>
        var ring: ReorderRing
        /// Slots, counted from the first of the batch as it came.
        let first: Int
        let count: Int

        init(_ input: Batch) {
            self.input = input
            remaining = input.runs
            first = input.slots.lowerBound
            count = input.slots.count
            results = RowStorage(capacity: count, staysOpen: true)
            holes = Holes(capacity: count)
            ports = .allocate(capacity: max(1, count))
            ports.initialize(repeating: 0, count: count)
            ring = ReorderRing(count: count)
        }

        deinit { ports.deallocate() }

        func key(_ slot: Int) -> [UInt64] { input.key(slot: first + slot) }

        /// The runs of the next slots.
        func takeKeys(_ next: Range<Int>) -> [KeyRun] {
            var keys = Batch(
                runs: remaining, rows: nil, slots: next.lowerBound..<count, itemCount: 0)
            let taken = keys.removePrefix(slots: next.count, items: 0)
            remaining = keys.runs
            return taken.runs
        }

        /// The settlements as one of `outputs` ports sees them.
        func holes(for port: Int, of outputs: Int) -> Holes {
            guard outputs > 1 else { return holes }
            let own = Holes(capacity: count)
            for slot in 0..<count {
                let isElsewhere = holes[slot] == .item && ports[slot] != UInt32(port)
                own[slot] = isElsewhere ? .skip : holes[slot]
            }
            return own
        }
    }

    private var batches: Deque<OpenBatch> = []
    private var flights: [ObjectIdentifier: Flight] = [:]
    private var paused: [(end: ContinuousClock.Instant, flight: Flight)] = []
    private var hasSeenEnd = false
    /// Calls that are over, for the next rows.
    private var spareCalls: [Call] = []

    private var concurrency: Int { max(1, node.properties.concurrency) }
    /// How far rows may be ahead of the oldest one that is in flight.
    private var largestSpan: Int { concurrency * 2 + InputPort.joinLimit }

    override var isIdle: Bool { batches.isEmpty && flights.isEmpty && paused.isEmpty }
    override var inputHasEnded: Bool { hasSeenEnd }

    override func releaseRows() {
        super.releaseRows()
        spareCalls.removeAll()
    }

    override func work(mayStart: Bool) -> Bool {
        var hasProgressed = resumePaused()
        while flights.count + paused.count < concurrency || control.isCancelled {
            guard let batch = batches.last, !batch.ring.isStarted else {
                guard mayStart, !hasSeenEnd, !wantsNoMore, span < largestSpan else { break }
                guard takeBatch() else { break }
                hasProgressed = true
                continue
            }
            if wantsNoMore {
                dropUnstarted(batch)
                break
            }
            startNext(batch)
            hasProgressed = true
        }
        return (mayStart && send()) || hasProgressed
    }

    private var span: Int { batches.reduce(0) { $0 + $1.count - $1.ring.left } }

    private func takeBatch() -> Bool {
        switch input.next() {
        case .nothingYet: return false
        case .end:
            hasSeenEnd = true
            return false
        case .batch(let batch):
            batches.append(OpenBatch(batch))
            return true
        }
    }

    private func startNext(_ batch: OpenBatch) {
        guard let slot = batch.ring.startNext() else { return }
        switch batch.input.settlement(batch.first + slot) {
        case .item:
            account.in += 1
            let flight = Flight(batch: batch, slot: slot, attempts: 0)
            if control.isCancelled {
                fail(flight, .cancelled, nil)
            } else if let flaw = flaw(batch, slot) {
                fail(flight, .reject, flaw)
            } else {
                call(flight)
            }
        case .missing:
            account.in += 1
            fail(
                Flight(batch: batch, slot: slot, attempts: 0), .reject,
                "a join partner never came")
        case let settlement:
            batch.holes[slot] = settlement
            batch.ring.settle(slot)
        }
    }

    private func flaw(_ batch: OpenBatch, _ slot: Int) -> String? {
        guard kinds.checksAnything, let rows = batch.input.rows else { return nil }
        return kinds.flaw(rows.values + (batch.first + slot) * rows.width, width: rows.width)
    }

    /// Rows behind an END are not given to the processor.
    private func dropUnstarted(_ batch: OpenBatch) {
        while let slot = batch.ring.startNext() {
            batch.holes[slot] = .skip
            batch.ring.settle(slot)
        }
    }

    // MARK: Calls

    private func call(_ flight: Flight) {
        var flight = flight
        guard let rows = flight.batch.input.rows else { return }
        let fault = faults?.next(
            flight.batch.key(flight.slot), timeout: node.properties.timeout)
        if case .delay(let time) = fault {
            flight.delay = time
            return pause(flight, time)
        }
        let delay = flight.delay
        flight.delay = .zero
        flight.attempts += 1
        let call = spareCalls.popLast() ?? makeCall()
        call.reset(input: rows, rowCount: 1)
        if let fault { return inject(fault, flight, call) }
        let slot = flight.slot
        let (done, answer) = timed {
            processor.map(
                call, rows: rows.values + (flight.batch.first + slot) * rows.width, count: 1,
                width: rows.width, results: flight.batch.results.values + slot,
                ports: flight.batch.ports + slot)
        }
        if done == 1 {
            settle(flight, call, .ok)
        } else if answer == .deferred {
            flights[ObjectIdentifier(call)] = flight
            open(call, after: delay)
            return
        } else {
            settle(flight, call, answer)
            // The call of a processor that broke its word may still come back.
            guard answer == .skip else { return }
        }
        spare(call)
    }

    /// Keeps a call for the next row where nobody can come back to it.
    private func spare(_ call: Call) {
        if processor.completesCallsOnce { spareCalls.append(call) }
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
        spareCalls.append(call)
    }

    private func pause(_ flight: Flight, _ time: Duration) {
        let end = control.clock.now + time
        paused.append((end, flight))
        ring(at: end)
    }

    override func completed(_ call: Call, _ completion: Call.Completion) {
        guard let flight = flights.removeValue(forKey: ObjectIdentifier(call)) else { return }
        if let value = completion.value {
            flight.batch.results.values[flight.slot] = value.value
            flight.batch.ports[flight.slot] = completion.port
        }
        settle(flight, call, completion.answer)
        if completion.answer == .ok { spare(call) }
    }

    private func settle(_ flight: Flight, _ call: Call, _ answer: Answer) {
        let (batch, slot) = (flight.batch, flight.slot)
        switch answer {
        case .ok, .last:
            if answer == .last { wantsNoMore = true }
            let port = batch.ports[slot]
            guard outputs.isEmpty || Int(port) < outputs.count else {
                context.reportMisuse(misdirection(port))
                return fail(flight, .reject, misdirection(port))
            }
            account.out += 1
            if batch.results.values[slot].kind > Kind.float.rawValue {
                if let storage = call.storageInUse { batch.results.keepAlive(storage) }
                if let owner = call.input { batch.results.keepAlive(owner) }
            }
        case .skip, .end:
            if answer == .end { wantsNoMore = true }
            if answer == .end, node.description.isSink {
                account.out += 1
            } else {
                account.skipped += 1
                batch.holes[slot] = .skip
            }
        case .retry where flight.attempts <= node.properties.retry.max && !control.isCancelled:
            account.retries += 1
            batch.results.values[slot] = .null
            pause(flight, pause(before: flight.attempts))
            return
        case .deferred:
            fail(flight, .notAllowed("completed a call with DEFERRED"), call.explanation)
            return
        default:
            fail(flight, answer, call.explanation)
            return
        }
        batch.ring.settle(slot)
    }

    private func fail(_ flight: Flight, _ answer: Answer, _ message: String?) {
        if case .notAllowed = answer { context.count("misuses", 1) }
        let (batch, slot) = (flight.batch, flight.slot)
        batch.results.values[slot] = .null
        batch.holes[slot] = fail(
            key: batch.key(slot), row: batch.input.row(slot: batch.first + slot),
            attempts: flight.attempts, answer: answer, message: message)
        batch.ring.settle(slot)
    }

    private func resumePaused() -> Bool {
        guard !paused.isEmpty else { return false }
        let now = control.clock.now
        let due = paused.filter { $0.end <= now || control.isCancelled }
        paused.removeAll { $0.end <= now || control.isCancelled }
        for (_, flight) in due {
            if control.isCancelled { fail(flight, .cancelled, nil) } else { call(flight) }
        }
        ring(at: paused.map(\.end).min())
        return !due.isEmpty
    }

    // MARK: Results

    /// Hands over what is settled.
    private func send() -> Bool {
        if !node.properties.ordered { return sendAsTheyCome() }
        var hasSent = false
        while let batch = batches.first {
            let settled = batch.ring.takeInOrder()
            if batch.count == 0 {
                for port in outputs.indices { outputs[port].append(batch.input) }
            } else if !settled.isEmpty {
                send(batch, settled)
            } else {
                break
            }
            hasSent = true
            guard batch.ring.isEmpty else { break }
            batches.removeFirst()
        }
        return hasSent
    }

    private func send(_ batch: OpenBatch, _ range: Range<Int>) {
        let isRest = range.upperBound == batch.count
        let keys = isRest ? batch.remaining : batch.takeKeys(range)
        guard !node.description.isSink else { return }
        for port in outputs.indices where outputs[port].hasReaders {
            let holes = batch.holes(for: port, of: outputs.count)
            let items = range.reduce(0) { $0 + (holes[$1] == .item ? 1 : 0) }
            outputs[port].append(
                Batch(
                    runs: keys, rows: batch.results, slots: range, holes: holes, itemCount: items))
        }
    }

    /// Rows that are settled leave at once, under keys of their own.
    private func sendAsTheyCome() -> Bool {
        var hasSent = false
        for batch in batches {
            for slot in batch.ring.takeAsTheyCame() {
                hasSent = true
                guard batch.holes[slot] == .item, !node.description.isSink else { continue }
                let run = KeyRun(first: nextKey, count: 1, settlement: .item)
                nextKey += 1
                let port = Int(batch.ports[slot])
                outputs[port].append(
                    Batch(runs: [run], rows: batch.results, slots: slot..<slot + 1, itemCount: 1))
            }
        }
        batches.removeAll { $0.ring.isEmpty }
        return hasSent
    }
}
