import CPipes
import Glibc
import PipesCore
import PipesRuntime

/// What a processor says of itself with flags, and the rules of threads.
enum PromiseChecks {
    static let all = [
        Check(
            "threads",
            proves: "Each of its calls may come on a thread of its own.",
            source: "pipes.h, \"Thread contract\"", isRandom: true, rules: [.call], run: threads),
        Check(
            "concurrent",
            proves: "Several threads at once come to the same as one (PIPES_CONCURRENT).",
            source: "pipes.h, PIPES_CONCURRENT", isRandom: true, rules: Check.everyRule,
            applies: { $0.flags.contains(.concurrent) && !$0.isSource && $0.rate != .aggregates },
            run: concurrent),
        Check(
            "nonblocking",
            proves: "No call waits for anything (PIPES_NONBLOCKING).",
            source: "pipes.h, PIPES_NONBLOCKING", isRandom: true,
            applies: { $0.flags.contains(.nonblocking) }, run: nonblocking),
        Check(
            "pure",
            proves: "The same row comes to the same, whatever came before, and nothing is written "
                + "(PIPES_PURE).",
            source: "pipes.h, PIPES_PURE", isRandom: true,
            applies: { $0.flags.contains(.pure) && !$0.isSource }, run: pure),
        Check(
            "deferral",
            proves: "Each deferred call is completed exactly once, after a cancel too, and several "
                + "that are open at once come to the same (PIPES_DEFERS).",
            source: "pipes.h, pipes_host: defer, complete, concurrency; pipes_processor: cancel",
            isRandom: true, rules: [.deferral, .status],
            run: deferral),
        Check(
            "holds",
            proves: "It keeps no more rows back than it says (holds).",
            source: "pipes.h, pipes_processor: holds", isRandom: true,
            applies: { $0.rate == .aggregates && $0.holds != .all && !$0.isSink }, run: holds),
    ]

    // MARK: threads

    private static func threads(_ context: CheckContext) throws {
        let rows = try context.rows(atMost: 20)
        let usual = try context.reference(rows, in: [3])
        let opened = Locked<Result<OpenNode, any Error>?>(nil)
        context.progress.step("open on a thread of its own")
        SystemThread.run {
            let result = Result { try context.open(width: rows.first?.count) }
            opened.withLock { $0 = result }
        }
        guard let node = try opened.withLock({ $0 })?.get() else { return }
        if context.description.isSource {
            for call in 1...5 {
                context.progress.step("call \(call) of produce on a thread of its own")
                SystemThread.run { _ = node.produce(demand: 3) }
            }
        } else {
            try onThreads(of: node, rows, usual, context)
        }
        context.progress.step("close on a thread of its own")
        SystemThread.run { node.close() }
    }

    private static func onThreads(
        of node: OpenNode, _ rows: [[Sample]], _ usual: Delivery?, _ context: CheckContext
    ) throws {
        let found = Locked(Delivery())
        for (index, row) in rows.enumerated() {
            context.progress.step("row \(index) on a thread of its own")
            SystemThread.run {
                guard let one = try? node.deliverWithoutFlush([row]) else { return }
                found.withLock { $0.fates += one.fates }
            }
        }
        let fates = found.withLock { $0 }
        if context.description.rate != .aggregates,
            let difference = usual?.difference(from: fates)
        {
            context.progress.finding(
                "on one thread, and then with each call on its own: \(difference)")
        }
    }

    // MARK: concurrent

    private static let threadCount = 4

    private static func concurrent(_ context: CheckContext) throws {
        var conduct = Conduct()
        conduct.concurrency = UInt64(threadCount)
        // Long ones first: each thread has one of them at the same time.
        var generator = context.generator()
        let rows = try generator.largeRows(threadCount) + context.rows()
        let usual = try context.reference(rows, in: [1], conduct)
        conduct.meetsInAllocations = true
        let start = ContinuousClock.now
        // More rounds where they are quick, fewer where they are slow.
        for round in 1...60 {
            let time = ContinuousClock.now - start
            if round > 8 && time > .seconds(2) || round > 2 && time > .seconds(15) { return }
            context.progress.step("round \(round) of \(threadCount) threads at once")
            let node = try context.open(conduct, width: rows[0].count)
            let fates = Locked([Delivery.Fate](repeating: .unknown, count: rows.count))
            let waiting = Locked(threadCount)
            let threads = (0..<threadCount).map { number in
                SystemThread {
                    // All begin together.
                    waiting.withLock { $0 -= 1 }
                    while waiting.withLock({ $0 }) > 0 { sched_yield() }
                    for index in stride(from: number, to: rows.count, by: threadCount) {
                        guard let one = try? node.deliverWithoutFlush([rows[index]]) else { return }
                        fates.withLock { $0[index] = one.fates[0] }
                    }
                }
            }
            for thread in threads { thread.join() }
            node.close()
            var together = Delivery()
            together.fates = fates.withLock { $0 }
            if let difference = usual?.difference(from: together) {
                context.progress.finding(
                    "one by one, and then by \(threadCount) threads at once: \(difference)")
                return
            }
        }
    }

    // MARK: nonblocking

    private static func nonblocking(_ context: CheckContext) throws {
        let rows = try context.rows()
        let node = try context.open(width: rows.first?.count)
        var pauses: [OpenNode.Pause] = []
        for index in 0..<max(20, rows.count) {
            context.progress.step("call \(index)")
            let outcome: OpenNode.Outcome
            switch context.description.shape {
            case .produce: outcome = node.produce(demand: 4)
            case .map: outcome = try node.map(rows[index % rows.count])
            case .process: outcome = try node.process([rows[index % rows.count]])
            }
            pauses.append(outcome.pause)
            if outcome.status == PIPES_END || outcome.status == PIPES_FATAL || outcome.wasTold {
                break
            }
        }
        node.close()
        let waits = pauses.filter { $0.count > 0 }
        // One that waits for a lock now and then is no matter.
        let long = waits.filter { $0.time >= .milliseconds(3) }
        guard waits.count * 2 > pauses.count || long.count >= 2,
            let longest = waits.map(\.time).max()
        else { return }
        context.progress.finding(
            "\(waits.count) of \(pauses.count) calls waited, the longest for "
                + "\(longest / .milliseconds(1)) ms, and the processor has PIPES_NONBLOCKING")
    }

    // MARK: pure

    private static func pure(_ context: CheckContext) throws {
        let rows = try context.rows()
        let node = try context.open(width: rows[0].count)
        var first: [Delivery.Fate] = []
        var writes = 0
        for (index, row) in rows.enumerated() {
            context.progress.step("row \(index)")
            let before = writeCount()
            first.append(try node.deliverWithoutFlush([row]).fates[0])
            if let before, let after = writeCount(), after > before { writes += 1 }
        }
        // A deferred call may have to wake a thread, which is a write, too.
        if writes * 2 > rows.count, !context.description.flags.contains(.defers) {
            context.progress.finding(
                "\(writes) of \(rows.count) calls wrote to a file, a pipe or a terminal, which is a "
                    + "side effect")
        }
        func compare(_ index: Int, _ node: OpenNode, _ when: String) throws {
            context.progress.step("row \(index) \(when)")
            let fate = try node.deliverWithoutFlush([rows[index]]).fates[0]
            if fate != first[index] {
                context.progress.finding(
                    "row \(index), \(rows[index].shown), \(first[index].shown), and \(when) it "
                        + fate.shown)
            }
        }
        for index in rows.indices.reversed() { try compare(index, node, "when it came again") }
        node.close()
        let other = try context.open(width: rows[0].count)
        var bits = context.bits("order")
        for index in rows.indices.shuffled(using: &bits) {
            try compare(index, other, "in another node, in another order,")
        }
        other.close()
    }

    /// How often this process has called `write` and its kin; nil where the system does not tell.
    private static func writeCount() -> Int? {
        let file = Glibc.open("/proc/self/io", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { Glibc.close(file) }
        var text = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &text, text.count)
        guard count > 0 else { return nil }
        let lines = String(decoding: text[..<count], as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("syscw: ") }.flatMap { Int($0.dropFirst(7)) }
    }

    // MARK: deferral

    /// When a deferred call is cancelled.
    private enum Cancel: String, CaseIterable {
        case never = "not cancelled"
        case inDefer = "cancelled before defer returns"
        case atOnce = "cancelled as soon as the call has returned"
        case late = "cancelled when it was completed"
    }

    private static func deferral(_ context: CheckContext) throws {
        let rows = try context.rows(atMost: 8)
        try openAtOnce(rows, context)
        for cancel in Cancel.allCases {
            let isConcurrent = context.description.flags.contains(.concurrent)
            var conduct = Conduct()
            conduct.concurrency = isConcurrent ? 8 : 1
            context.progress.step("calls that are \(cancel.rawValue)")
            let node = try context.open(conduct, width: rows.first?.count)
            let count = context.description.isSource ? 3 : rows.count
            var open: [OpenNode.Started] = []
            let cancels = Locked(0)
            for index in 0..<count {
                let inDefer: (@Sendable (StrictCall) -> Void)? =
                    cancel == .inDefer
                    ? { @Sendable call in cancelFromAThread(call, node, counting: cancels) } : nil
                let started = try node.startCall(
                    rows.isEmpty ? [] : rows[index], cancelInDefer: inDefer)
                if cancel == .atOnce { node.cancel(started.call) }
                open.append(started)
                if !isConcurrent || open.count == 8 { finish(&open, node, cancel) }
                if node.node.isStopping { break }
            }
            finish(&open, node, cancel)
            // close never overlaps with cancel, however long its thread had to wait for its turn.
            for _ in 0..<5000 where cancels.withLock({ $0 }) > 0 { usleep(1000) }
            if cancels.withLock({ $0 }) > 0 {
                context.progress.end("cancel did not return within 5 s, though the call is over")
            }
            context.progress.step("close after calls that were \(cancel.rawValue)")
            node.close()
            // Whoever completes a call twice does it now.
            usleep(30_000)
            context.progress.take(node.node)
        }
    }

    /// The calls of a node come one after the other unless it has PIPES_CONCURRENT; what they have
    /// deferred is open at once in either case, up to the node's "concurrency" in the graph.
    private static func openAtOnce(_ rows: [[Sample]], _ context: CheckContext) throws {
        let description = context.description
        guard description.flags.contains(.defers), !description.isSource,
            description.rate != .aggregates,
            let usual = try context.reference(rows, in: [1])
        else { return }
        var conduct = Conduct()
        conduct.concurrency = UInt64(rows.count)
        context.progress.step("\(rows.count) calls, begun one after the other and open at once")
        let node = try context.open(conduct, width: rows.first?.count)
        let fates = try node.deliverAtOnce(rows).fates
        node.close()
        // In which order they are completed nobody promises.
        let isAnswered = (fates + usual.fates).allSatisfy {
            if case .yielded = $0 { true } else { false }
        }
        let (before, now) = (Set(usual.fates), Set(fates))
        if isAnswered, fates.count == usual.fates.count, before != now,
            let fate = now.subtracting(before).first ?? before.subtracting(now).first
        {
            context.progress.finding(
                "of \(rows.count) rows, one at a time and then with all calls open at once, one "
                    + fate.shown + " in one case only")
        }
    }

    private static func finish(
        _ open: inout [OpenNode.Started], _ node: OpenNode, _ cancel: Cancel
    ) {
        for started in open {
            _ = node.finish(started, patience: .seconds(1))
            if cancel == .late, started.status == PIPES_DEFERRED { node.cancelLate(started.call) }
        }
        open = []
    }

    /// Waits until the plugin's cancel has returned, but not for ever: it may wait for what the
    /// thread that is inside defer has.
    private static func cancelFromAThread(
        _ call: StrictCall, _ node: OpenNode, counting running: Locked<Int>
    ) {
        running.withLock { $0 += 1 }
        SystemThread {
            node.cancel(call)
            running.withLock { $0 -= 1 }
        }.detach()
        for _ in 0..<200 where running.withLock({ $0 }) > 0 { usleep(1000) }
    }

    // MARK: holds

    private static func holds(_ context: CheckContext) throws {
        let description = context.description
        let most: Int
        switch description.holds {
        case .none: most = 0
        case .rows(let count): most = count
        case .param(let name):
            guard let place = description.params.firstIndex(where: { $0.name == name }),
                case .int(let count) = context.args[place]
            else { throw CheckContext.Skipped(reason: "its param \(name) is no number") }
            most = Int(clamping: count)
        case .all: return
        }
        guard most <= mostHeld else {
            throw CheckContext.Skipped(
                reason: "it may hold \(most) rows; give a smaller number with --set")
        }
        var generator = context.generator()
        // One that leaves rows out must have some that it takes: it may want other ones each time, or
        // few of these may be to its liking.
        let different = generator.rows(most * 2 + 20)
        let equal = generator.rows(8).flatMap { Array(repeating: $0, count: most + 4) }
        let own = context.ownRows
        let ownInTurns = own.isEmpty ? [] : different.indices.map { own[$0 % own.count] }
        let series = [different, equal] + (own.isEmpty ? [] : [ownInTurns])
        for rows in series where try !keepsAll(rows, context) { return }
        context.progress.finding(
            "it says that it holds \(most) rows, was given \(different.count) and yielded nothing "
                + "until flush")
    }

    /// Whether nothing comes before flush, and then something does.
    private static func keepsAll(_ rows: [[Sample]], _ context: CheckContext) throws -> Bool {
        let node = try context.open(width: rows[0].count)
        for (number, row) in rows.enumerated() {
            context.progress.step("row \(number) of \(rows.count), \(row.shown)")
            let outcome = try node.process([row])
            if !outcome.emitted.isEmpty || outcome.endsNode || outcome.status == PIPES_END {
                node.close()
                return false
            }
        }
        context.progress.step("flush")
        let left = node.flush()?.emitted.count ?? 0
        node.close()
        return left > 0
    }

    private static let mostHeld = 1000
}

extension OpenNode {
    /// Rows, one after the other in batches of one.
    func deliverWithoutFlush(_ rows: [[Sample]]) throws -> Delivery {
        try deliver(rows, in: [1], flushing: false)
    }

    /// Starts a call with one row, as its shape wants it.
    func startCall(
        _ row: [Sample], cancelInDefer: (@Sendable (StrictCall) -> Void)?
    ) throws -> Started {
        switch node.description.shape {
        case .produce: startProduce(demand: 1, cancelInDefer: cancelInDefer)
        case .map: try startMap(row, cancelInDefer: cancelInDefer)
        case .process: try startProcess([row], cancelInDefer: cancelInDefer)
        }
    }
}
