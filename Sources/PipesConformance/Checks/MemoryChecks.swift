import CHeap
import CPipes
import Glibc
import PipesCore
import PipesPluginHost

/// Who may touch what, and for how long.
enum MemoryChecks {
    static let all = [
        Check(
            "guard-pages",
            proves:
                "It reads and writes nothing in front of or behind what it was given, and writes "
                + "to no input.",
            source: "pipes.h, \"Values handed to a plugin are borrowed\"; alloc", isRandom: true,
            run: guardPages),
        Check(
            "kept-inputs",
            proves:
                "It does not look at inputs, or at memory from pipes_alloc, once their call is over, or "
                + "at args once it is closed.",
            source: "pipes.h, \"valid until the call returns\", \"Memory for results\"; hold",
            isRandom: true,
            run: keptInputs),
        Check(
            "results",
            proves: "What it yielded stays as it is as long as a batch may refer to it.",
            source: "pipes.h, \"Memory for results\"; emit", isRandom: true,
            applies: { !$0.isSink }, run: results),
        Check(
            "releases",
            proves:
                "What it handed over can be released by another thread after close, and what it "
                + "holds is let go.",
            source: "pipes.h, pipes_host: adopt, hold, let_go", isRandom: true, rules: [.call],
            run: releases),
        Check(
            "allocation",
            proves: "Memory that can't be had, from the host or from malloc, in open too, is "
                + "answered with a status, and the row that comes again comes to the same.",
            source: "pipes.h, pipes_host: alloc; pipes_processor: open, process", isRandom: true,
            rules: Check.everyRule, run: allocation),
    ]

    private static func guardPages(_ context: CheckContext) throws {
        var conduct = Conduct()
        conduct.inputs = .guarded
        conduct.guardsAllocations = true
        let rows = try context.rows()
        var generator = context.generator("hard")
        let hard = generator.hardRows(isValid: true)
        for side in [GuardedMemory.Side.atEnd, .atStart] {
            conduct.side = side
            let place = side == .atEnd ? "before a guard" : "behind a guard"
            _ = try context.run(rows, in: [1], conduct, as: "one by one, \(place)")
            _ = try context.run(rows, in: [5, 1, 16], conduct, as: "in batches, \(place)")
            guard !context.description.isSource else { continue }
            _ = try context.run(
                hard, in: [4], conduct, as: "texts that are hard to take, \(place)")
        }
    }

    private static func keptInputs(_ context: CheckContext) throws {
        var conduct = Conduct()
        conduct.inputs = .guarded
        conduct.forbidsOldInputs = true
        conduct.guardsAllocations = true
        let rows = try context.rows()
        _ = try context.run(rows, in: [1], conduct, as: "one by one")
        _ = try context.run(rows, in: [3, 7], conduct, as: "in batches")
    }

    // MARK: results

    private static func results(_ context: CheckContext) throws {
        let rows = try context.rows(atMost: 20)
        context.progress.step("calls whose results are looked at later")
        // A batch may be there longer than the node, whose args go with it.
        var conduct = Conduct()
        conduct.forbidsOldArgs = true
        let node = try context.open(conduct, width: rows.first?.count)
        var kept: [(what: String, value: pipes_value, then: Sample)] = []
        func keep(_ outcome: OpenNode.Outcome, _ what: String) {
            guard outcome.status >= 0 else { return }
            for (raw, emitted) in zip(outcome.call.now.emissions, outcome.emitted) {
                kept.append((what, raw.value, emitted.value))
            }
            if let value = outcome.rawValue, let emitted = outcome.value {
                kept.append((what, value, emitted.value))
            }
        }
        switch context.description.shape {
        case .produce:
            for call in 1...5 { keep(node.produce(demand: 7), "call \(call) of produce") }
        case .map:
            for (index, row) in rows.enumerated() { keep(try node.map(row), "row \(index)") }
        case .process:
            for start in stride(from: 0, to: rows.count, by: 3) {
                let batch = Array(rows[start..<min(start + 3, rows.count)])
                keep(try node.process(batch), "the batch from row \(start) on")
            }
        }
        if !context.description.isSource, let flush = node.flush() { keep(flush, "flush") }
        look(at: kept, "after the last call", context)
        context.progress.step("close")
        node.close(releasing: false)
        look(at: kept, "after close", context)
        node.node.releaseAdoptions()
    }

    private static func look(
        at kept: [(what: String, value: pipes_value, then: Sample)], _ time: String,
        _ context: CheckContext
    ) {
        for (what, value, then) in kept {
            context.progress.step("looking at a value of \(what) \(time)")
            let now = value.flaw == nil ? Sample(copying: value) : nil
            if now != then {
                context.progress.finding(
                    "a value of \(what) was \(then.shown), and \(time) "
                        + "\(now?.shown ?? "it is no value any longer"): its memory is neither from "
                        + "pipes_alloc nor handed over with adopt")
            }
        }
    }

    // MARK: releases

    private static func releases(_ context: CheckContext) throws {
        let rows = try context.rows(atMost: 20)
        let node = try context.open(width: rows.first?.count)
        if context.description.isSource {
            _ = node.take(100, demands: [10]) { context.progress.step($0) }
        } else {
            _ = try node.deliver(rows, in: [4, 1]) { context.progress.step($0) }
        }
        context.progress.step("close")
        node.close(releasing: false)
        context.progress.step("releases of what was handed over, by another thread after close")
        SystemThread.run { node.node.releaseAdoptions() }
        let left = node.node.holdCount
        if left > 0 {
            context.progress.finding(
                "\(left) \(left == 1 ? "hold was" : "holds were") never let go, though the node is "
                    + "closed and all that was handed over is released")
        }
        // A thread that close left behind comes back now.
        usleep(30_000)
        context.progress.take(node.node)
    }

    // MARK: allocation

    private static let mostFailures = 25

    private static func allocation(_ context: CheckContext) throws {
        var conduct = Conduct()
        conduct.failingAllocation = 0
        let rows = try context.rows(atMost: 12)
        let sizes = [4, 1, 7]
        let usual = try context.reference(rows, in: sizes, conduct)
        let count =
            try usual?.allocationCount ?? context.run(rows, in: sizes, conduct).allocationCount
        for failing in 1..<(min(count, mostFailures) + 1) {
            conduct.failingAllocation = failing
            let label = "allocation \(failing) fails"
            compare(usual, try context.run(rows, in: sizes, conduct, as: label), label, context)
        }
        try ownAllocations(context, usual) {
            try context.run(rows, in: sizes, as: $0)
        }
    }

    private static func compare(
        _ usual: Delivery?, _ other: Delivery, _ label: String, _ context: CheckContext
    ) {
        var other = other
        // A row may be lost to it, but not changed.
        other.fates = other.fates.map { if case .failed = $0 { .unknown } else { $0 } }
        if let difference = usual?.difference(from: other) {
            context.progress.finding(
                "without a failure, and then where \(label) once: \(difference)")
        }
    }

    /// What the plugin asks malloc for by itself, as it has to in open: there is no call yet whose
    /// memory it could take.
    private static func ownAllocations(
        _ context: CheckContext, _ usual: Delivery?, _ run: (String) throws -> Delivery
    ) throws {
        // What other languages bring along ends the process, and their authors can't help it.
        guard context.plugin.toolchain == nil else { return }
        let entry = try PluginLoader.entry(of: context.file)
        guard cheap_divert(unsafeBitCast(entry, to: UnsafeRawPointer.self)) else {
            return context.progress.warning("its calls of malloc can't be made to fail")
        }
        cheap_fail(0)
        _ = try run("counting calls of malloc")
        let count = cheap_stop_failing()
        for failing in 1..<(min(count, mostFailures) + 1) {
            let label = "malloc \(failing) fails"
            cheap_fail(failing)
            defer { _ = cheap_stop_failing() }
            do {
                compare(usual, try run(label), label, context)
            } catch is CheckContext.Skipped {}  // open is refused, which is right, too
        }
        try openings(context)
    }

    /// An open that finds no memory leaves nothing behind, and the next one is as usual.
    private static func openings(_ context: CheckContext) throws {
        var conduct = Conduct()
        conduct.forgetsCalls = true
        context.progress.step("open once malloc had failed")
        cheap_fail(0)
        let node: OpenNode
        do {
            node = try context.open(args: context.args, conduct, width: nil)
        } catch let refused as OpenNode.Refused {
            return context.progress.finding(
                "once malloc had failed, open is refused: \(refused.reason)")
        }
        let count = cheap_stop_failing()
        node.close()
        guard count > 0 else { return }
        var failing = 0
        try Repetition.leaves(context, 1000, "opens in which malloc fails") {
            failing = failing % count + 1
            cheap_fail(failing)
            defer { _ = cheap_stop_failing() }
            do {
                try context.open(args: context.args, conduct, width: nil).close()
            } catch is OpenNode.Refused {}
        }
    }
}
