import CPipes
import DequeModule
import PipesCore

/// Runs a processor that takes whole batches. What it emits is sorted to the rows it came from, so
/// that every key is settled whatever the processor did.
final class ProcessRunner: NodeRunner {
    /// In the order of the input; only a deferring node has more than one.
    @exclusivity(unchecked) private var jobs: Deque<Job> = []
    /// Those of `jobs` that something has happened to: no look is at any other.
    @exclusivity(unchecked) private var ready: Deque<Job> = []
    @exclusivity(unchecked) private var openJobs: [ObjectIdentifier: Job] = [:]
    @exclusivity(unchecked) private var pausedJobs = DueQueue<Job>()
    @exclusivity(unchecked) private var rowCount = 0
    @exclusivity(unchecked) private var hasSeenEnd = false
    @exclusivity(unchecked) private var sharedCall: Call?
    /// What is left of a batch that has more rows than the processor is given at once.
    @exclusivity(unchecked) private var rest: Batch?
    private lazy var pace = BatchPace(longestWait: control.longestWait)

    private var largestJobCount: Int { defers ? max(1, node.properties.concurrency) : 1 }

    override var isIdle: Bool { jobs.isEmpty && rest == nil }
    override var inputHasEnded: Bool { hasSeenEnd }
    override var rowsInHand: Int { rowCount }

    override func releaseRows() {
        super.releaseRows()
        sharedCall = nil
        rest = nil
    }

    override func work(mayStart: Bool) -> Bool {
        var hasProgressed = false
        if wantsNoMore, !settlesAll { rest = nil }
        while mayStart, jobs.count < largestJobCount {
            if let batch = rest.take() {
                start(batch)
            } else if !hasSeenEnd, !wantsNoMore || settlesAll {
                switch input.next(atMost: rowsAtOnce) {
                case .nothingYet: return advance(mayStart: mayStart) || hasProgressed
                case .end: hasSeenEnd = true
                case .batch(let batch): start(batch)
                }
            } else {
                break
            }
            hasProgressed = true
        }
        return advance(mayStart: mayStart) || hasProgressed
    }

    /// Rows of a job at most. Those that are to be failed need no call.
    private var rowsAtOnce: Int { control.isCancelled ? Int.max : pace.rows }

    private func start(_ whole: Batch) {
        if wantsNoMore {
            let skipped = Batch(bare: whole.bareRuns(items: .skip))
            for port in outputs.indices { outputs[port].append(skipped) }
            return
        }
        var batch = whole
        if whole.itemCount > rowsAtOnce {
            var left = whole
            batch = left.removePrefix(items: rowsAtOnce)
            rest = left
        }
        let call = defers ? makeCall() : sharedCall ?? makeCall()
        if !defers { sharedCall = call }
        account.in += batch.itemCount
        let job = Job(batch, call: call, outputs: outputs.count)
        rejectFlawed(job)
        injectFaults(job)
        jobs.append(job)
        ready.append(job)
        rowCount += job.rowCount
    }

    /// Keeps rows of a wrong kind from the processor.
    private func rejectFlawed(_ job: Job) {
        guard kinds.checksAnything else { return }
        let flaws = job.flaws(kinds)
        guard !flaws.isEmpty else { return }
        let sound = (0..<job.rowCount).filter { flaws[$0] == nil }
        job.todo = sound.isEmpty ? [] : [Job.Attempt(rows: sound, number: 1)]
        for (row, flaw) in flaws.sorted(by: { $0.key < $1.key }) {
            fail(job, row, Job.Attempt(rows: [row], number: 1), .reject, flaw)
        }
    }

    /// Does to rows what a test wants, before the processor sees any of the batch.
    private func injectFaults(_ job: Job) {
        guard let faults, let attempt = job.todo.first else { return }
        var rows = attempt.rows ?? Array(0..<job.rowCount)
        for row in rows {
            let key = job.input.key(slot: job.slot(of: row))
            var number = 1
            var delay = Duration.zero
            while let fault = faults.next(key, timeout: node.properties.timeout) {
                let hit = Job.Attempt(rows: [row], number: number)
                switch fault {
                case .reject(let message): fail(job, row, hit, .reject, message)
                case .retry(let message):
                    delay = .zero
                    if mayRetry(hit) {
                        number += 1
                        account.retries += 1
                        continue
                    }
                    fail(job, row, hit, .retry, message)
                case .delay(let time):
                    delay = time
                    job.pauseEnd = max(job.pauseEnd ?? control.clock.now, control.clock.now + time)
                    continue
                case .crash: InjectedFaults.crash()
                }
                rows.removeAll { $0 == row }
                break
            }
            job.delay = max(job.delay, delay)
        }
        if rows.count < job.rowCount || attempt.rows != nil {
            job.todo = rows.isEmpty ? [] : [Job.Attempt(rows: rows, number: 1)]
        }
    }

    /// Runs what can be run, and hands over what is done, in order.
    private func advance(mayStart: Bool) -> Bool {
        var hasProgressed = false
        resumePaused()
        while let job = ready.popFirst() { hasProgressed = advance(job) || hasProgressed }
        ring(at: pausedJobs.nextDue)
        while mayStart, let job = jobs.first, job.isDone {
            jobs.removeFirst()
            rowCount -= job.rowCount
            finish(job)
            hasProgressed = true
        }
        return hasProgressed
    }

    private func resumePaused() {
        guard !pausedJobs.isEmpty else { return }
        let now = control.clock.now
        while let job = control.isCancelled ? pausedJobs.popFirst() : pausedJobs.popDue(now) {
            ready.append(job)
        }
    }

    /// Makes the calls of a job until one is open, or has to wait.
    private func advance(_ job: Job) -> Bool {
        var hasProgressed = false
        while !job.isOpen, let attempt = job.todo.first {
            if control.isCancelled {
                cancel(job)
                return true
            }
            if let pauseEnd = job.pauseEnd, control.clock.now < pauseEnd {
                _ = pausedJobs.add(job, at: pauseEnd)
                break
            }
            job.pauseEnd = nil
            run(job, attempt)
            hasProgressed = true
        }
        return hasProgressed
    }

    private func run(_ job: Job, _ attempt: Job.Attempt) {
        let batch = job.batch(attempt)
        // Whoever completes an earlier attempt once more must not settle this one.
        if defers, attempt.number > 1, !processor.completesCallsOnce { job.call = makeCall() }
        job.call.reset(input: job.input.rows, rowCount: Int(batch.count))
        job.callStart = MonotonicTime.nanoseconds
        let delay = job.delay
        job.delay = .zero
        let answer = limited(job.call, after: delay) { processor.process(job.call, batch) }
        if answer == .deferred {
            job.isOpen = true
            openJobs[ObjectIdentifier(job.call)] = job
            open(job.call, after: delay)
        } else {
            job.todo.removeFirst()
            settle(job, attempt, answer)
        }
    }

    override func completed(_ call: Call, _ completion: Call.Completion) {
        guard let job = openJobs.removeValue(forKey: ObjectIdentifier(call)) else { return }
        job.isOpen = false
        ready.append(job)
        let attempt = job.todo.removeFirst()
        settle(job, attempt, completion.answer)
    }

    // MARK: What a call came to

    private func settle(_ job: Job, _ attempt: Job.Attempt, _ answer: Answer) {
        pace.note(
            rows: attempt.rows?.count ?? job.rowCount,
            nanoseconds: MonotonicTime.nanoseconds - job.callStart,
            byteCount: job.call.storageInUse?.ownedByteCount ?? 0, byteShare: byteShare)
        switch answer {
        case .ok, .end:
            if answer == .end { wantsNoMore = true }
            if let misuse = misuse(job.call) {
                context.reportMisuse(misuse)
                failAll(job, attempt, .reject, misuse)
            } else {
                takeOutcomes(job, attempt)
            }
        case .retry where mayRetry(attempt):
            retry(job, attempt.rows, attempt)
        case .retry, .reject, .fatal, .cancelled:
            failAll(job, attempt, answer, job.call.reason)
        case .notAllowed:
            context.count("misuses", 1)
            failAll(job, attempt, answer, job.call.reason)
        case .skip, .last, .deferred:
            let text = "answered \(answer.name), which process may not"
            context.count("misuses", 1)
            failAll(job, attempt, .notAllowed(text), job.call.reason)
        }
    }

    private func mayRetry(_ attempt: Job.Attempt) -> Bool {
        attempt.number <= node.properties.retry.max && !control.isCancelled
    }

    private func retry(_ job: Job, _ rows: [Int]?, _ attempt: Job.Attempt) {
        account.retries += rows?.count ?? job.rowCount
        job.todo.append(Job.Attempt(rows: rows, number: attempt.number + 1))
        job.pauseEnd = control.clock.now + pause(before: attempt.number)
    }

    /// What is wrong with the rows that values were said to come from.
    private func misuse(_ call: Call) -> String? {
        guard call.emission.count > 0, node.description.rate != .aggregates else { return nil }
        if node.description.isSink { return "emitted a value although it is a sink" }
        for port in outputs.indices {
            let rows = call.emission.ordered(port).map(\.row)
            if rows.first == Emission.noRow { return "emitted a value without its row" }
            if node.description.rate == .keeps,
                zip(rows, rows.dropFirst()).contains(where: { $0 == $1 })
            {
                return "emitted two values for one row although rows keep their keys"
            }
        }
        return nil
    }

    private func takeOutcomes(_ job: Job, _ attempt: Job.Attempt) {
        let outcomes = lastOutcomes(job.call)
        for outcome in outcomes {
            let row = attempt.rows?[outcome.row] ?? outcome.row
            switch outcome.answer {
            case .ok: job.settle(row, as: .item)
            case .skip:
                account.skipped += 1
                job.settle(row, as: .skip)
            case .retry where mayRetry(attempt):
                job.settle(row, as: .skip)  // until it has come again
                retry(job, [row], attempt)
            default:
                fail(job, row, attempt, outcome.answer, outcome.text ?? job.call.reason)
            }
        }
        if attempt.number > 1 {
            let settled = Set(outcomes.map(\.row))
            for (index, row) in (attempt.rows ?? []).enumerated() where !settled.contains(index) {
                job.settle(row, as: .item)
            }
        }
        guard job.call.emission.count > 0 else { return }
        job.keepCallStorage()
        for port in outputs.indices {
            for (origin, value) in job.call.emission.ordered(port) {
                let row = origin == Emission.noRow ? origin : attempt.rows?[origin] ?? origin
                // What a row emitted before it failed does not count.
                if row != Emission.noRow, job.settlement(row) != .item { continue }
                job.emitted[port].append((row, value))
            }
        }
    }

    /// What a processor says last of a row holds, so that each is settled once.
    private func lastOutcomes(_ call: Call) -> [Call.RowOutcome] {
        guard call.rowOutcomes.count > 1 else { return call.rowOutcomes }
        var seen: Set<Int> = []
        return call.rowOutcomes.reversed().filter { seen.insert($0.row).inserted }.reversed()
    }

    private func failAll(
        _ job: Job, _ attempt: Job.Attempt, _ answer: Answer, _ message: String?
    ) {
        for row in attempt.rows ?? Array(0..<job.rowCount) {
            fail(job, row, attempt, answer, message)
        }
    }

    private func fail(
        _ job: Job, _ row: Int, _ attempt: Job.Attempt, _ answer: Answer, _ message: String?
    ) {
        let slot = job.slot(of: row)
        job.settle(
            row,
            as: fail(
                key: job.input.key(slot: slot), row: job.input.row(slot: slot),
                attempts: attempt.number, answer: answer, message: message))
    }

    private func cancel(_ job: Job) {
        for attempt in job.todo { failAll(job, attempt, .cancelled, nil) }
        job.todo = []
    }

    // MARK: Settling the keys

    private func finish(_ job: Job) {
        defer { if !defers { job.call.releaseRows() } }
        var settler = JobSettler(job, rate: node.description.rate)
        settler.failMissing = { [self] slot in
            account.in += 1
            return fail(
                key: job.input.key(slot: slot), row: job.input.row(slot: slot), attempts: 0,
                answer: .reject, message: "a join partner never came")
        }
        if node.description.isSink {
            settler.settleMissing()
            account.out += job.itemCount
            return
        }
        switch node.description.rate {
        case .aggregates:
            settler.settleMissing()
            for port in outputs.indices {
                let batch = settler.numbered(port, first: nextKey)
                nextKey += UInt64(batch.itemCount)
                account.out += batch.itemCount
                outputs[port].append(batch)
            }
        case .keeps, .splits:
            let batches = outputs.indices.map { settler.settled($0) }
            // What a row yields counts once where rows keep their keys.
            account.out +=
                node.description.rate == .keeps
                ? settler.yieldingRows : batches.reduce(0) { $0 + $1.itemCount }
            account.skipped += job.itemCount - settler.yieldingRows
            for (port, batch) in batches.enumerated() { outputs[port].append(batch) }
        }
    }
}
