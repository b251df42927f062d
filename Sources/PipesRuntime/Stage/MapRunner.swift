import CPipes
import PipesCore

/// Runs a map that answers each row at once: results are written straight into the slots of their
/// rows.
final class MapRunner: NodeRunner {
    private lazy var work = Work(makeCall())
    @exclusivity(unchecked) private var pace = CallPace()
    @exclusivity(unchecked) private var isWorking = false
    @exclusivity(unchecked) private var hasSeenEnd = false
    /// When the next row may be tried again, where it has to wait.
    private var pauseEnd: ContinuousClock.Instant?
    @exclusivity(unchecked) private var isPaused = false
    /// What the first output is declared to yield.
    private lazy var outputKind = node.description.outputs.first?.kind ?? .any

    /// The batch that is being worked on. Slot n of the results belongs to slot n of the input,
    /// counted from the first. One object serves all batches of a node.
    private final class Work {
        let call: Call
        @exclusivity(unchecked) var input = Batch()
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

        func begin(_ input: Batch, _ rows: RowStorage, outputs: Int, isSound: Bool) {
            self.input = input
            self.isSound = isSound
            count = input.slots.count
            let storage = RowStorage(uninitialized: count)
            results = storage.values
            call.reset(storage: storage, input: rows, rowCount: 1)
            if outputs > 1 {
                ports = .allocate(capacity: count)
                ports?.initialize(repeating: 0, count: count)
            }
            next = 0
            attempts = 0
            itemCount = 0
            areOfOwnKind = true
        }

        /// Lets go of what the batch took. The next node finds the memory in the processor's cache,
        /// and the one behind it may have it again.
        func end() {
            input = Batch()
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
    }

    override func work(mayStart: Bool) -> Bool {
        let work = work
        if !isWorking {
            guard mayStart, !hasSeenEnd, !wantsNoMore || settlesAll else { return false }
            switch input.next() {
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
        if isWorking { runBatch(work) }
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
        account.in += batch.itemCount
        work.begin(batch, rows, outputs: outputs.count, isSound: kinds.accepts(rows))
        isWorking = true
    }

    /// Works on the batch until it is done, or one of its rows must wait.
    private func runBatch(_ work: Work) {
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
            if let fault = faults?.next(work.input.key(slot: first + work.next)) {
                inject(fault, work)
                if isPaused { return }
                continue
            }
            let next = rows.values + (first + work.next) * width
            var span = self.span(work)
            if !work.isSound { span = kinds.soundPrefix(next, count: span, width: width) }
            if span == 0 {
                work.call.explanation = kinds.flaw(next, width: width)
                settle(work, .reject)
                continue
            }
            let started = account.nanoseconds
            let (done, answer) = map(work, next, count: span, width: width)
            pace.note(rows: done, nanoseconds: account.nanoseconds &- started)
            if done > 0 {
                if !work.call.resultsAreOfOwnKind { work.areOfOwnKind = false }
                work.itemCount += done - failMisdirected(work, done)
                work.next += done
                work.attempts = 0
            }
            if done == span || (answer == .ok && done > 0) { continue }
            settle(work, answer)
            if isPaused { return }
        }
        isWorking = false
        finish(work)
        work.end()
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
        func call(_ count: Int) -> (done: Int, answer: Answer) {
            processor.map(
                work.call, rows: rows, count: count, width: width,
                results: results + work.next,
                ports: work.ports.map { $0 + work.next })
        }
        guard node.properties.timeout != nil else { return timed { call(count) } }
        // A timeout is for one row, so each is a call of its own.
        var done = 0
        let answer = limited(work.call) {
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
            settle(work, .reject)
        case .retry(let message):
            work.call.explanation = message
            settle(work, .retry)
        case .delay(let time): pause(until: control.clock.now + time)
        case .crash: InjectedFaults.crash()
        }
    }

    /// The next row has to wait.
    private func pause(until end: ContinuousClock.Instant) {
        pauseEnd = end
        isPaused = true
        ring(at: end)
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
        work.call.explanation = nil
    }

    private func failNext(_ work: Work, _ answer: Answer) {
        if case .notAllowed = answer { context.count("misuses", 1) }
        fail(work, work.next, answer, attempts: work.attempts, work.call.explanation)
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
                work.call.explanation = nil
                failNext(work, .cancelled)
                work.next += 1
                work.attempts = 0
            } else {
                settleHole(work, settlement)
            }
        }
    }

    private func finish(_ work: Work) {
        // Rows behind an END were not given to the processor.
        let unwanted = work.input.slots.count - work.next
        if unwanted > 0 {
            let first = work.input.slots.lowerBound
            let rows = (work.next..<work.count).lazy
                .filter { work.input.settlement(first + $0) == .item }.count
            account.in -= rows
            if settlesAll { skipRest(work) }
        }
        account.out += work.itemCount
        if node.description.isSink { return }
        let results = work.call.storage
        if work.areOfOwnKind, outputKind != .any { results.knownKind = outputKind }
        if results.mayReferToOthers(work.next), let rows = work.input.rows {
            results.keepAlive(rows)
        }
        for port in outputs.indices where outputs[port].hasReaders {
            outputs[port].append(batch(of: work, results, port: port))
        }
    }

    private func skipRest(_ work: Work) {
        let first = work.input.slots.lowerBound
        for slot in work.next..<work.count {
            let settlement = work.input.settlement(first + slot)
            work.settle(slot, as: settlement == .item ? .skip : settlement)
        }
        work.next = work.count
    }

    /// The results that leave by one port; the keys of the others are skips there.
    private func batch(of work: Work, _ results: RowStorage, port: Int) -> Batch {
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
        return work.input.mapped(
            to: results, slots: work.next, holes: holes, itemCount: items)
    }
}
