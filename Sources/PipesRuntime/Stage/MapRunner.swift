import CPipes
import PipesCore

/// Runs a map that answers each row at once: results are written straight into the slots of their
/// rows.
final class MapRunner: NodeRunner {
    private var active: Active?
    private var hasSeenEnd = false
    private lazy var call = makeCall()

    /// A batch that is being worked on. Slot n of the results belongs to slot n of the input,
    /// counted from the first.
    private final class Active {
        let input: Batch
        let count: Int
        let results: RowStorage
        /// The output of each result; nil where there is one.
        let ports: UnsafeMutablePointer<UInt32>?
        var holes: Holes?
        /// The next slot, counted from the first.
        var next = 0
        /// Calls for the next row so far.
        var attempts = 0
        var pauseEnd: ContinuousClock.Instant?
        /// Rows that yielded a result.
        var itemCount = 0

        init(_ input: Batch, outputs: Int) {
            self.input = input
            count = input.slots.count
            results = RowStorage(capacity: count)
            ports = outputs > 1 ? .allocate(capacity: count) : nil
            ports?.initialize(repeating: 0, count: count)
        }

        deinit { ports?.deallocate() }

        func settle(_ slot: Int, as settlement: Settlement) {
            let holes = self.holes ?? Holes(capacity: count)
            holes[slot] = settlement
            self.holes = holes
        }
    }

    override var isIdle: Bool { active == nil }
    override var inputHasEnded: Bool { hasSeenEnd }

    override func releaseRows() {
        super.releaseRows()
        call.reset(storage: RowStorage(capacity: 0), inputs: [], rowCount: 0)
    }

    override func work(mayStart: Bool) -> Bool {
        if active == nil {
            guard mayStart, !wantsNoMore, !hasSeenEnd else { return false }
            switch input.next() {
            case .nothingYet: return false
            case .end:
                hasSeenEnd = true
                return true
            case .batch(let batch):
                start(batch)
            }
        } else if let pauseEnd = active?.pauseEnd {
            guard control.clock.now >= pauseEnd || control.isCancelled else {
                ring(at: pauseEnd)
                return false
            }
            active?.pauseEnd = nil
        }
        runActive()
        return true
    }

    private func start(_ batch: Batch) {
        let count = batch.slots.count
        guard count > 0 else {
            for port in outputs.indices { outputs[port].append(batch) }
            return
        }
        account.in += batch.itemCount
        let work = Active(batch, outputs: outputs.count)
        active = work
        call.reset(
            storage: work.results, inputs: batch.rows.map { [$0] } ?? [], rowCount: 1)
    }

    /// Works on the batch until it is done, or one of its rows must wait.
    private func runActive() {
        guard let work = active, let rows = work.input.rows else { return }
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
                if work.pauseEnd != nil { return }
                continue
            }
            let next = rows.values + (first + work.next) * width
            let span = kinds.soundPrefix(next, count: self.span(work), width: width)
            if span == 0 {
                call.explanation = kinds.flaw(next, width: width)
                settle(work, .reject)
                continue
            }
            let (done, answer) = map(work, next, count: span, width: width)
            if done > 0 {
                work.itemCount += done - failMisdirected(work, done)
                work.next += done
                work.attempts = 0
            }
            if done == span || (answer == .ok && done > 0) { continue }
            settle(work, answer)
            if work.pauseEnd != nil { return }
        }
        active = nil
        finish(work)
    }

    /// Fails those of the next rows that are to leave by an output that there is none of.
    /// - Returns: how many.
    private func failMisdirected(_ work: Active, _ count: Int) -> Int {
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
        _ work: Active, _ rows: UnsafePointer<pipes_value>, count: Int, width: Int
    ) -> (done: Int, answer: Answer) {
        func call(_ count: Int) -> (done: Int, answer: Answer) {
            processor.map(
                self.call, rows: rows, count: count, width: width,
                results: work.results.values + work.next,
                ports: work.ports.map { $0 + work.next })
        }
        guard node.properties.timeout != nil else { return timed { call(count) } }
        // A timeout is for one row, so each is a call of its own.
        var done = 0
        let answer = limited(self.call) {
            let (mapped, answer) = call(1)
            done = mapped
            return answer
        }
        return answer == .ok && done == 1 ? (1, .ok) : (0, answer)
    }

    /// How many items lie side by side from the next slot on.
    private func span(_ work: Active) -> Int {
        // Any row may be the one that a test wants to hit.
        if faults != nil { return 1 }
        guard let holes = work.input.holes else { return work.count - work.next }
        let first = work.input.slots.lowerBound
        var end = work.next
        while end < work.count, holes[first + end] == .item { end += 1 }
        return end - work.next
    }

    private func inject(_ fault: InjectedFaults.Effect, _ work: Active) {
        switch fault {
        case .reject(let message):
            call.explanation = message
            settle(work, .reject)
        case .retry(let message):
            call.explanation = message
            settle(work, .retry)
        case .delay(let time):
            work.pauseEnd = control.clock.now + time
            ring(at: work.pauseEnd)
        case .crash: InjectedFaults.crash()
        }
    }

    private func settleHole(_ work: Active, _ settlement: Settlement) {
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
    private func settle(_ work: Active, _ answer: Answer) {
        work.attempts += 1
        switch answer {
        case .skip:
            account.skipped += 1
            work.settle(work.next, as: .skip)
        case .last:
            wantsNoMore = true
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
            // A map finds its result null, also the second time.
            work.results.values[work.next] = .null
            let end = control.clock.now + pause(before: work.attempts)
            work.pauseEnd = end
            ring(at: end)
            return
        case .ok, .deferred:
            failNext(work, .notAllowed("answered \(answer.name) without having deferred"))
        default:
            failNext(work, answer)
        }
        work.next += 1
        work.attempts = 0
        call.explanation = nil
    }

    private func failNext(_ work: Active, _ answer: Answer) {
        if case .notAllowed = answer { context.count("misuses", 1) }
        fail(work, work.next, answer, attempts: work.attempts, call.explanation)
    }

    private func fail(
        _ work: Active, _ slot: Int, _ answer: Answer, attempts: Int, _ message: String?
    ) {
        let source = work.input.slots.lowerBound + slot
        work.settle(
            slot,
            as: fail(
                key: work.input.key(slot: source), row: work.input.row(slot: source),
                attempts: attempts, answer: answer, message: message))
        // The value that a failed call left behind must not be read.
        work.results.values[slot] = .null
    }

    private func failRest(_ work: Active) {
        let first = work.input.slots.lowerBound
        while work.next < work.count {
            let settlement = work.input.settlement(first + work.next)
            if settlement == .item {
                // Only the first one may have been called before.
                call.explanation = nil
                failNext(work, .cancelled)
                work.next += 1
                work.attempts = 0
            } else {
                settleHole(work, settlement)
            }
        }
    }

    private func finish(_ work: Active) {
        // Rows behind an END were not given to the processor.
        let unwanted = work.input.slots.count - work.next
        if unwanted > 0 {
            let first = work.input.slots.lowerBound
            let rows = (work.next..<work.count).lazy
                .filter { work.input.settlement(first + $0) == .item }.count
            account.in -= rows
        }
        account.out += work.itemCount
        if node.description.isSink { return }
        if let rows = work.input.rows, work.results.mayReferToOthers(work.next) {
            work.results.keepAlive(rows)
        }
        for port in outputs.indices where !outputs[port].edges.isEmpty {
            outputs[port].append(batch(of: work, port: port))
        }
    }

    /// The results that leave by one port; the keys of the others are skips there.
    private func batch(of work: Active, port: Int) -> Batch {
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
            to: work.results, slots: work.next, holes: holes, itemCount: items)
    }
}
