import CHeap
import CPipes
import Glibc
import PipesCore

/// Opening, closing, and what stays of it.
enum LifeChecks {
    static let all = [
        Check(
            "life-cycle",
            proves:
                "It bears every order of calls that the host may make, two nodes at once too, and "
                + "the end of the process.",
            source: "pipes.h, pipes_processor: open, flush, close; abi.md, \"Life\"",
            rules: [.call], endsNormally: true, run: lifeCycle),
        Check(
            "args",
            proves: "It opens, or refuses to, with args at the limits of their params.",
            source: "pipes.h, pipes_param; graph.md, \"args\"", rules: Check.everyRule, run: args),
        Check(
            "steady",
            proves: "1,000 opens and closes leave no memory, thread, descriptor or mapping behind.",
            source: "pipes.h, pipes_processor: close", run: steady),
        Check(
            "stop",
            proves: "It comes back soon when it is told to stop.",
            source: "pipes.h, pipes_host: stopping; pipes_processor: interrupt", run: stop),
    ]

    // MARK: life-cycle

    private static func lifeCycle(_ context: CheckContext) throws {
        var generator = context.generator()
        let rows = generator.rows(3)
        let step = context.progress.step
        step("open, close")
        try context.open().close()
        if !context.description.isSource {
            step("open, flush without a row, close")
            let node = try context.open(width: rows[0].count)
            _ = node.flush()
            node.close()
        }
        step("open, one call, close without flush")
        var node = try context.open(width: rows[0].count)
        try oneCall(node, rows)
        node.close()
        step("two nodes, their calls in turns")
        let first = try context.open(width: rows[0].count)
        // Two that want one file are refused rightly; then it is one node that goes on.
        let second = try? context.open(width: rows[0].count)
        for node in [first, second, first] { if let node { try oneCall(node, rows) } }
        first.close()
        if let second {
            try oneCall(second, rows)
            if !context.description.isSource { _ = second.flush() }
            second.close()
        }
        step("interrupt before the first call, then a call, close")
        node = try context.open(width: rows[0].count)
        node.stop()
        try oneCall(node, rows)
        node.close()
    }

    private static func oneCall(_ node: OpenNode, _ rows: [[Sample]]) throws {
        switch node.node.description.shape {
        case .produce: _ = node.produce(demand: 3)
        case .map: _ = try node.map(rows[0])
        case .process: _ = try node.process(rows)
        }
    }

    // MARK: args

    private static func args(_ context: CheckContext) throws {
        var generator = context.generator()
        let rows = generator.rows(2)
        for (place, param) in context.description.params.enumerated() {
            refuseOutside(param, context)
            for value in values(atLimitsOf: param) {
                var args = context.args
                args[place] = value
                let label = "arg \(param.name.quoted) \(value.shown)"
                context.progress.step("\(label): open")
                var conduct = Conduct()
                conduct.inputs = .guarded
                conduct.forbidsOldInputs = true
                do {
                    let node = try context.open(args: args, conduct, width: rows[0].count)
                    if context.description.isSource {
                        _ = node.take(3, demands: [2]) { context.progress.step("\(label): \($0)") }
                    } else {
                        _ = try node.deliver(rows, in: [1]) {
                            context.progress.step("\(label): \($0)")
                        }
                    }
                    context.progress.step("\(label): close")
                    node.close()
                } catch is OpenNode.Refused {
                    context.progress.step("open with the usual args after \(label) was refused")
                    try context.open().close()
                }
            }
        }
    }

    /// The host keeps what is outside of a param's limits from the plugin.
    private static func refuseOutside(
        _ param: ProcessorDescription.Param, _ context: CheckContext
    ) {
        let outside = [
            param.minimum.map { $0 - 1 }, param.maximum.map { $0 + 1 },
        ]
        for number in outside.compactMap(\.self) {
            let value: Value =
                param.kind == .int ? .int(Int64(number.clampedToInt64)) : .float(number)
            if (try? param.converted(value)) != nil, param.kind != .int || number.isExact {
                context.progress.finding(
                    "param \(param.name.quoted) takes \(value.json), which is outside of its limits"
                )
            }
        }
    }

    private static func values(atLimitsOf param: ProcessorDescription.Param) -> [Sample] {
        if let choices = param.choices { return choices.map { Sample($0) } }
        switch param.kind {
        case .bool: return [.bool(false), .bool(true)]
        case .int:
            return [
                .int(param.minimum?.clampedToInt64 ?? Int64.min),
                .int(param.maximum?.clampedToInt64 ?? Int64.max),
            ]
        case .float:
            let limits = [
                param.minimum ?? -.greatestFiniteMagnitude,
                param.maximum ?? .greatestFiniteMagnitude,
            ]
            return limits.map { .float($0.bitPattern) }
        case .string:
            return [
                .text(""), .text("ä€😀"), .string([0]), .string(Array("a\0b".utf8)),
                .string(Array(repeating: 0x61, count: 1 << 20)),
            ]
        case .bytes: return [.bytes([]), .bytes(Array(repeating: 0xff, count: 1 << 20))]
        case .list: return [.list([]), .list([.list([]), .null, .text("")])]
        case .map: return [.map([]), .map([.text(""), .null])]
        case .any: return [.null, .int(0), .text(""), .list([])]
        case .null, .tensor: return []
        }
    }

    // MARK: steady

    /// What a process has of everything that can leak.
    private struct Holdings {
        var heap: Int
        var threads: Int
        var descriptors: Int
        var mappings: Int

        static var now: Holdings {
            Holdings(
                heap: cheap_byte_count(), threads: entries(of: "/proc/self/task"),
                descriptors: entries(of: "/proc/self/fd"), mappings: lines(of: "/proc/self/maps"))
        }

        private static func entries(of folder: String) -> Int {
            guard let stream = opendir(folder) else { return 0 }
            defer { closedir(stream) }
            var count = 0
            while readdir(stream) != nil { count += 1 }
            return count
        }

        private static func lines(of path: String) -> Int {
            let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return 0 }
            defer { Glibc.close(file) }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            var count = 0
            while true {
                let size = read(file, &chunk, chunk.count)
                guard size > 0 else { return count }
                count += chunk[..<size].count { $0 == UInt8(ascii: "\n") }
            }
        }

        /// What grew so much in `count` rounds that it is no accident.
        func growth(
            since before: Holdings, in count: Int, of round: String
        ) -> [(text: String, isOfMemory: Bool)] {
            var findings: [(text: String, isOfMemory: Bool)] = []
            func note(_ grown: Int, least: Int, _ unit: String, isOfMemory: Bool = false) {
                guard grown >= least else { return }
                findings.append(
                    ("\(count) \(round) left \(grown) \(unit) behind", isOfMemory))
            }
            note(
                heap - before.heap, least: max(16 << 10, count * 8), "bytes of memory",
                isOfMemory: true)
            note(threads - before.threads, least: 16, "threads")
            note(descriptors - before.descriptors, least: 8, "descriptors")
            note(mappings - before.mappings, least: 64, "mappings")
            return findings
        }
    }

    private static func steady(_ context: CheckContext) throws {
        var conduct = Conduct()
        conduct.forgetsCalls = true
        var generator = context.generator()
        let rows = generator.rows(2)
        try grows(context, 1000, "opens and closes") {
            try context.open(conduct, width: rows[0].count).close()
        }
        try grows(context, 100, "opens, calls and closes") {
            let node = try context.open(conduct, width: rows[0].count)
            try oneCall(node, rows)
            node.close()
        }
    }

    /// A growth counts when it goes on: caches fill once. Those of the heap take longest; the one
    /// behind `Task.sleep` has room for more than a thousand entries.
    static func grows(
        _ context: CheckContext, _ count: Int, _ name: String, _ round: () throws -> Void
    ) throws {
        context.progress.step(name)
        let start = ContinuousClock.now
        for _ in 0..<20 { try round() }
        // Where a round takes long there is no time for so many.
        let each = (ContinuousClock.now - start) / 20
        let count = min(count, max(20, Int(Duration.seconds(4) / max(each, .nanoseconds(100)))))
        var done = 20
        for attempt in 1...10 {
            let before = Holdings.now
            do {
                for _ in 0..<count { try round() }
            } catch let skipped as CheckContext.Skipped {
                context.progress.finding("after \(done) \(name), \(skipped.reason)")
                return
            }
            done += count
            var grown = Holdings.now.growth(since: before, in: count, of: name)
            // A thread that was told to end may take a moment.
            for _ in 0..<20 where !grown.isEmpty {
                usleep(50_000)
                grown = Holdings.now.growth(since: before, in: count, of: name)
            }
            if grown.isEmpty { return }
            // Rounds that are slow, here or on a busy machine, still leave time for other checks.
            let isLast = attempt == 10 || ContinuousClock.now - start > .seconds(20)
            guard isLast || attempt > 2 && !grown.allSatisfy(\.isOfMemory) else { continue }
            for finding in grown { context.progress.finding(finding.text) }
            return
        }
    }

    // MARK: stop

    private static func stop(_ context: CheckContext) throws {
        var generator = context.generator()
        let rows = generator.rows(2)
        context.progress.step("calls until it is told to stop")
        let node = try context.open(width: rows[0].count)
        if context.description.isSource {
            _ = node.take(5, demands: [1])
        } else {
            try oneCall(node, rows)
        }
        context.progress.step("a call after it was told to stop")
        node.stop()
        try oneCall(node, rows)
        node.close()
    }
}

extension Double {
    /// Whether it is a whole number that an INT can be without loss.
    fileprivate var isExact: Bool { abs(self) < 9e15 }

    fileprivate var clampedToInt64: Int64 {
        if self >= 9.3e18 || isNaN { return Int64.max }
        if self <= -9.3e18 { return Int64.min }
        return Int64(exactly: rounded()) ?? (self < 0 ? Int64.min : Int64.max)
    }
}
