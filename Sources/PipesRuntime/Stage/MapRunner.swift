import CPipes
import PipesCore

/// Runs a map that answers each row at once: results are written straight into the slots of their
/// rows. A batch whose rows take long, or yield much, is worked on in parts, each of which leaves
/// before the next is begun.
final class MapRunner: NodeRunner {
    private lazy var work = Work(makeCall())
    private lazy var pace = CallPace(longestWait: control.longestWait)
    /// Where calls are for several rows, so that they can come back early.
    private lazy var watched = watchCalls()
    private lazy var sending = SendingPace(
        byteShare: byteShare, longestWait: control.longestWait)
    @exclusivity(unchecked) private var isWorking = false
    @exclusivity(unchecked) private var hasSeenEnd = false
    /// When the next row may be tried again, where it has to wait.
    private var pauseEnd: ContinuousClock.Instant?
    @exclusivity(unchecked) private var isPaused = false
    /// Rows that the call in progress was given.
    @exclusivity(unchecked) private var rowsInCall = 0
    /// How long a test held back the next row.
    private var delay = Duration.zero
    /// What the first output is declared to yield.
    private lazy var outputKind = node.description.outputs.first?.kind ?? .any

    /// The batch that is being worked on, without the parts of it that were sent on. Slot n of the
    /// results belongs to slot n of the input, counted from the first. One object serves all batches
    /// of a node.
    private final class Work {
        let call: Call
        @exclusivity(unchecked) var input = Batch()
        /// Slots that there is room for results of: all, or those of one part.
        @exclusivity(unchecked) var count = 0
        /// The values of the results, which the call's storage owns.
        @exclusivity(unchecked) var results: UnsafeMutablePointer<pipes_value>?
        /// The output of each result; nil where there is one.
        @exclusivity(unchecked) var ports: UnsafeMutablePointer<UInt32>?
        /// Whether all rows are known to be of the kinds that the processor wants.
        @exclusivity(unchecked) var isSound = false
        @exclusivity(unchecked) var holes: Holes?
        /// The next slot, counted from the first.
        @exclusivity(unchecked) var next = 0
        /// Calls for the next row so far.
        @exclusivity(unchecked) var attempts = 0
        /// Rows that yielded a result.
        @exclusivity(unchecked) var itemCount = 0
        /// Whether every result so far is known to be of the first output's own kind.
        @exclusivity(unchecked) var areOfOwnKind = true

        init(_ call: Call) { self.call = call }

        func begin(_ input: Batch, isSound: Bool) {
            self.input = input
            self.isSound = isSound
            attempts = 0
            count = 0
        }

        var hasPart: Bool { count > 0 }

        /// Makes room for the results of the first rows of what is left.
        func beginPart(_ most: Int, outputs: Int) {
            count = min(input.slots.count, most)
            let storage = RowStorage(uninitialized: count)
            results = storage.values
            call.reset(storage: storage, input: input.rows, rowCount: 1)
            if outputs > 1 {
                ports = .allocate(capacity: count)
                ports?.initialize(repeating: 0, count: count)
            }
            next = 0
            itemCount = 0
            areOfOwnKind = true
        }

        /// Takes the part of the input that was worked on out of it.
        func takeDone() -> Batch {
            var items = next
            if let holes = input.holes {
                let first = input.slots.lowerBound
                for slot in first..<first + next where holes[slot] != .item { items -= 1 }
            }
            return input.removePrefix(slots: next, items: items)
        }

        /// Lets go of what the batch took. The next node finds the memory in the processor's cache,
        /// and the one behind it may have it again.
        func end() {
            input = Batch()
            endPart()
        }

        /// Lets go of the results of a part.
        func endPart() {
            count = 0
            results = nil
            call.releaseRows()
            if holes != nil { holes = nil }
            if let ports {
                ports.deallocate()
                self.ports = nil
            }
        }

        deinit { ports?.deallocate() }

        func settle(_ slot: Int, as settlement: Settlement) {
            let holes = self.holes ?? Holes(capacity: count)
            holes[slot] = settlement
            self.holes = holes
            // What a call that came to nothing left behind must not be read.
            results?[slot] = .null
        }
    }

    override var isIdle: Bool { !isWorking }
    override var inputHasEnded: Bool { hasSeenEnd }

    override func releaseRows() {
        super.releaseRows()
        work.end()
        LongCalls.shared.remove(watched)
    }

    private func watchCalls() -> LongCalls.Watched {
        let watched = LongCalls.Watched(mark, work.call, longestWait: control.longestWait)
        LongCalls.shared.add(watched)
        return watched
    }

    override func work(mayStart: Bool) -> Bool {
        let work = work
        if !isWorking {
            guard mayStart, !hasSeenEnd, !wantsNoMore || settlesAll else { return false }
            switch input.next(atMost: control.isCancelled ? Int.max : pace.rowsAtOnce) {
            case .nothingYet: return false
            case .end:
                hasSeenEnd = true
                return true
            case .batch(let batch):
                start(work, batch)
            }
        } else if isPaused, let pauseEnd {
            guard control.clock.now >= pauseEnd || control.isCancelled else {
                ring(at: pauseEnd)
                return false
            }
            isPaused = false
        }
        guard isWorking else { return true }
        // What is done of the batch leaves before there is more of it.
        guard mayStart else { return false }
        if !work.hasPart {
            work.beginPart(control.isCancelled ? Int.max : pace.rowsAtOnce, outputs: outputs.count)
            sending.noteSent()
        }
        runPart(work)
        return true
    }

    private func start(_ work: Work, _ batch: Batch) {
        guard batch.slots.count > 0, let rows = batch.rows else {
            for port in outputs.indices { outputs[port].append(batch) }
            return
        }
        if wantsNoMore {
            let skipped = Batch(bare: batch.bareRuns(items: .skip))
            for port in outputs.indices { outputs[port].append(skipped) }
            return
        }
        work.begin(batch, isSound: kinds.accepts(rows))
        isWorking = true
    }

    /// Works on a part of the batch until it is done, or should leave, or one of its rows must wait.
    private func runPart(_ work: Work) {
        guard let rows = work.input.rows else { return }
        let first = work.input.slots.lowerBound
        let width = rows.width
        while work.next < work.count, !wantsNoMore {
            let settlement = work.input.settlement(first + work.next)
            if settlement != .item {
                settleHole(work, settlement)
                continue
            }
            if control.isCancelled {
                failRest(work)
                break
            }
            if let fault = faults?.next(
                work.input.key(slot: first + work.next), timeout: node.properties.timeout)
            {
                inject(fault, work)
                if isPaused { break }
                continue
            }
            let next = rows.values + (first + work.next) * width
            var span = self.span(work)
            if !work.isSound { span = kinds.soundPrefix(next, count: span, width: width) }
            if span == 0 {
                work.call.explanation = kinds.flaw(next, width: width)
                noteGiven(work)
                settle(work, .reject)
                continue
            }
            let (done, answer) = call(work, next, count: span, width: width)
            if done > 0 {
                if !work.call.resultsAreOfOwnKind { work.areOfOwnKind = false }
                work.itemCount += done - failMisdirected(work, done)
                work.next += done
                work.attempts = 0
            }
            if done < span, answer != .ok || done == 0 { settle(work, answer) }
            if isPaused || sending.isDue { break }
        }
        if work.next == work.input.slots.count || wantsNoMore {
            isWorking = false
            finish(work)
            work.end()
        } else if work.next > 0 {
            account.out += work.itemCount
            send(work, work.takeDone())
            work.endPart()
        }
    }

    /// Calls the processor for rows, which show as given to it meanwhile.
    private func call(
        _ work: Work, _ rows: UnsafePointer<pipes_value>, count: Int, width: Int
    ) -> (done: Int, answer: Answer) {
        // A row that comes again was counted before.
        let former = work.attempts > 0 ? 1 : 0
        account.in += count - former
        rowsInCall = count
        let started = account.nanoseconds
        let (done, answer) = map(work, rows, count: count, width: width)
        let tried = done == count || (answer == .ok && done > 0) ? done : done + 1
        account.in -= count - tried
        let nanoseconds = account.nanoseconds &- started
        let byteCount = work.call.storageInUse?.ownedByteCount ?? 0
        pace.note(
            rows: done, nanoseconds: nanoseconds, byteCount: byteCount,
            byteShare: sending.byteShare)
        sending.note(nanoseconds: nanoseconds, byteCount: byteCount)
        return (done, answer)
    }

    /// What was done counts, though nothing more leaves; the row that it was done at has failed.
    override func abandonCall(rowsDone: Int, _ failure: String) {
        let done = min(rowsDone, rowsInCall)
        account.out += work.itemCount + done
        if done < rowsInCall {
            account.in -= rowsInCall - done - 1
            fail(work, work.next + done, .cancelled, attempts: work.attempts + 1, failure)
        }
        super.abandonCall(rowsDone: rowsDone, failure)
    }

    /// Fails those of the next rows that are to leave by an output that there is none of.
    /// - Returns: how many.
    private func failMisdirected(_ work: Work, _ count: Int) -> Int {
        guard let ports = work.ports else { return 0 }
        var failed = 0
        for slot in work.next..<work.next + count where Int(ports[slot]) >= outputs.count {
            let text = misdirection(ports[slot])
            context.reportMisuse(text)
            fail(work, slot, .reject, attempts: work.attempts + 1, text)
            failed += 1
        }
        return failed
    }

    private func map(
        _ work: Work, _ rows: UnsafePointer<pipes_value>, count: Int, width: Int
    ) -> (done: Int, answer: Answer) {
        work.call.resultsAreOfOwnKind = false
        guard let results = work.results else { return (0, .notAllowed("was called without room")) }
        _ = watched
        func call(_ count: Int) -> (done: Int, answer: Answer) {
            if count > 1 { LongCalls.shared.noteCall() }
            return processor.map(
                work.call, rows: rows, count: count, width: width,
                results: results + work.next,
                ports: work.ports.map { $0 + work.next })
        }
        guard node.properties.timeout != nil else { return timed { call(count) } }
        // A timeout is for one row, so each is a call of its own.
        var done = 0
        defer { delay = .zero }
        let answer = limited(work.call, after: delay) {
            let (mapped, answer) = call(1)
            done = mapped
            return answer
        }
        return answer == .ok && done == 1 ? (1, .ok) : (0, answer)
    }

    /// How many items that lie side by side from the next slot on are for the next call.
    private func span(_ work: Work) -> Int {
        // Any row may be the one that a test wants to hit.
        if faults != nil { return 1 }
        let most = min(work.count, work.next + pace.rows)
        guard let holes = work.input.holes else { return most - work.next }
        let first = work.input.slots.lowerBound
        var end = work.next
        while end < most, holes[first + end] == .item { end += 1 }
        return end - work.next
    }

    private func inject(_ fault: InjectedFaults.Effect, _ work: Work) {
        switch fault {
        case .reject(let message):
            work.call.explanation = message
            noteGiven(work)
            settle(work, .reject)
        case .retry(let message):
            delay = .zero
            work.call.explanation = message
            noteGiven(work)
            settle(work, .retry)
        case .delay(let time):
            delay = time
            pause(until: control.clock.now + time)
        case .crash: InjectedFaults.crash()
        }
    }

    /// The next row has to wait.
    private func pause(until end: ContinuousClock.Instant) {
        pauseEnd = end
        isPaused = true
        ring(at: end)
    }

    /// Counts the next row as one that the node was given, where no call did.
    private func noteGiven(_ work: Work) {
        if work.attempts == 0 { account.in += 1 }
    }

    private func settleHole(_ work: Work, _ settlement: Settlement) {
        if settlement == .missing {
            account.in += 1
            let slot = work.input.slots.lowerBound + work.next
            work.settle(
                work.next,
                as: fail(
                    key: work.input.key(slot: slot), row: work.input.row(slot: slot), attempts: 0,
                    answer: .reject, message: "a join partner never came"))
        } else {
            work.settle(work.next, as: settlement)
        }
        work.next += 1
    }

    /// The next row was answered with something else than OK.
    private func settle(_ work: Work, _ answer: Answer) {
        work.attempts += 1
        switch answer {
        case .skip:
            account.skipped += 1
            work.settle(work.next, as: .skip)
        case .last:
            wantsNoMore = true
            work.areOfOwnKind = false
            work.itemCount += 1 - failMisdirected(work, 1)
        case .end:
            wantsNoMore = true
            if node.description.isSink {
                work.itemCount += 1
            } else {
                account.skipped += 1
                work.settle(work.next, as: .skip)
            }
        case .retry where work.attempts <= node.properties.retry.max && !control.isCancelled:
            account.retries += 1
            pause(until: control.clock.now + pause(before: work.attempts))
            return
        case .ok, .deferred:
            failNext(work, .notAllowed("answered \(answer.name) without having deferred"))
        default:
            failNext(work, answer)
        }
        work.next += 1
        work.attempts = 0
        work.call.forgetReason()
    }

    private func failNext(_ work: Work, _ answer: Answer) {
        if case .notAllowed = answer { context.count("misuses", 1) }
        fail(work, work.next, answer, attempts: work.attempts, work.call.reason)
    }

    private func fail(
        _ work: Work, _ slot: Int, _ answer: Answer, attempts: Int, _ message: String?
    ) {
        let source = work.input.slots.lowerBound + slot
        work.settle(
            slot,
            as: fail(
                key: work.input.key(slot: source), row: work.input.row(slot: source),
                attempts: attempts, answer: answer, message: message))
    }

    private func failRest(_ work: Work) {
        let first = work.input.slots.lowerBound
        while work.next < work.count {
            let settlement = work.input.settlement(first + work.next)
            if settlement == .item {
                // Only the first one may have been called before.
                noteGiven(work)
                work.call.forgetReason()
                failNext(work, .cancelled)
                work.next += 1
                work.attempts = 0
            } else {
                settleHole(work, settlement)
            }
        }
    }

    /// Sends the last part of a batch, and settles the rows that the processor doesn't want.
    private func finish(_ work: Work) {
        account.out += work.itemCount
        guard work.next < work.input.slots.count else { return send(work, work.input) }
        send(work, work.takeDone())
        guard settlesAll, !node.description.isSink else { return }
        let unwanted = Batch(bare: work.input.bareRuns(items: .skip))
        for port in outputs.indices { outputs[port].append(unwanted) }
    }

    /// Hands over what became of the first rows.
    private func send(_ work: Work, _ done: Batch) {
        if node.description.isSink { return }
        let results = work.call.storage
        if work.areOfOwnKind, outputKind != .any { results.knownKind = outputKind }
        if results.mayReferToOthers(work.next), let rows = done.rows { results.keepAlive(rows) }
        for port in outputs.indices where outputs[port].hasReaders {
            outputs[port].append(batch(of: work, done, results, port: port))
        }
    }

    /// The results that leave by one port; the keys of the others are skips there.
    private func batch(
        of work: Work, _ done: Batch, _ results: RowStorage, port: Int
    ) -> Batch {
        var holes = work.holes
        var items = work.itemCount
        if let ports = work.ports {
            let own = Holes(capacity: work.count)
            items = 0
            for slot in 0..<work.next {
                let settlement = work.holes?[slot] ?? .item
                let isElsewhere = settlement == .item && ports[slot] != UInt32(port)
                own[slot] = isElsewhere ? .skip : settlement
                if own[slot] == .item { items += 1 }
            }
            holes = own
        }
        return done.mapped(to: results, slots: work.next, holes: holes, itemCount: items)
    }
}
