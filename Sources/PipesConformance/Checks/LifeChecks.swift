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
            source:
                "pipes.h, pipes_processor: open, flush, close; docs/plugin-authors.md, \"Life\"",
            isOfRows: false, rules: [.call], endsNormally: true, run: lifeCycle),
        Check(
            "args",
            proves: "It opens, or refuses to, with args at the limits of their params.",
            source: "pipes.h, pipes_param; docs/graph-file.md, \"A node\"",
            isOfRows: false, rules: Check.everyRule, run: args),
        Check(
            "steady",
            proves:
                "1,000 opens and closes, 2,000 calls and opens that are refused leave no memory, "
                + "thread, descriptor or mapping behind.",
            source: "pipes.h, pipes_processor: open, close", isOfRows: false, run: steady),
        Check(
            "stop",
            proves: "It comes back soon when it is told to stop.",
            source: "pipes.h, pipes_host: stopping; pipes_processor: interrupt", isOfRows: false,
            rules: [.status], run: stop),
    ]

    // MARK: life-cycle

    private static func lifeCycle(_ context: CheckContext) throws {
        var generator = context.generator()
        let rows = context.mixed(generator.rows(3), atMost: 3)
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
        for isFirstFirst in [true, false] { try twoNodes(context, rows, isFirstFirst) }
        step("interrupt before the first call, then a call, close")
        node = try context.open(width: rows[0].count)
        node.stop()
        try oneCall(node, rows)
        node.close()
    }

    /// - Parameter isFirstFirst: whether the one that was opened first is closed first, too.
    private static func twoNodes(
        _ context: CheckContext, _ rows: [[Sample]], _ isFirstFirst: Bool
    ) throws {
        let order = isFirstFirst ? "first" : "last"
        context.progress.step("two nodes, their calls in turns; the \(order) to be opened closes")
        // Nobody looks at the args of the one that is closed.
        var conduct = Conduct()
        conduct.inputs = .guarded
        conduct.forbidsOldInputs = true
        let first = try context.open(conduct, width: rows[0].count)
        // Two that want one file are refused rightly; then it is one node that goes on.
        guard let second = try? context.open(conduct, width: rows[0].count) else {
            try oneCall(first, rows)
            return first.close()
        }
        for node in [first, second, first] { try oneCall(node, rows) }
        let (closing, other) = isFirstFirst ? (first, second) : (second, first)
        closing.close()
        context.progress.step("the other one of two nodes goes on")
        try oneCall(other, rows)
        if !context.description.isSource { _ = other.flush() }
        other.close()
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
        let rows = context.mixed(generator.rows(2), atMost: 2)
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

    private static func steady(_ context: CheckContext) throws {
        var conduct = Conduct()
        conduct.forgetsCalls = true
        var generator = context.generator()
        var rows = context.mixed(generator.rows(8), atMost: 8)
        // Those that are hard to take, which some processors refuse.
        rows += generator.hardRows(isValid: true).filter { $0.allSatisfy(\.isSmall) }
        let width = rows[0].count
        let opens = try Repetition.leaves(context, 1000, "opens and closes") {
            try context.open(conduct, width: width).close()
        }
        if opens { return }
        var isFlushing = false
        var most = 20
        let calls = try Repetition.leaves(context, 100, "opens, up to 20 calls each, and closes") {
            let node = try context.open(conduct, width: width)
            try someCalls(node, rows, atMost: &most)
            isFlushing.toggle()
            if isFlushing { _ = node.flush() }
            node.close()
        }
        if !calls { try refusedOpens(context, conduct, width) }
    }

    /// - Parameter most: calls; fewer from here on where one waited until it was told to stop.
    private static func someCalls(
        _ node: OpenNode, _ rows: [[Sample]], atMost most: inout Int
    ) throws {
        let start = ContinuousClock.now
        for number in 0..<most where number == 0 || .now - start < .milliseconds(10) {
            let place = number % rows.count
            let outcome: OpenNode.Outcome
            switch node.node.description.shape {
            case .produce: outcome = node.produce(demand: 3)
            case .map: outcome = try node.map(rows[place])
            case .process:
                outcome = try node.process(Array(rows[place..<min(place + 3, rows.count)]))
            }
            if outcome.wasTold { most = max(1, number) }
            if outcome.endsNode || outcome.status == PIPES_END || outcome.status == PIPES_LAST {
                return
            }
        }
    }

    /// An open that refuses its args has kept nothing. Which args are refused only a try shows.
    private static func refusedOpens(
        _ context: CheckContext, _ conduct: Conduct, _ width: Int
    ) throws {
        var refusals = 0
        for (place, param) in context.description.params.enumerated() {
            for value in values(atLimitsOf: param) where refusals < 2 {
                var args = context.args
                args[place] = value
                context.progress.step("open with arg \(param.name.quoted) \(value.shown)")
                do {
                    try context.open(args: args, conduct, width: width).close()
                    continue
                } catch is OpenNode.Refused {}
                refusals += 1
                let name = "opens that refuse arg \(param.name.quoted) \(value.shown)"
                let isFound = try Repetition.leaves(context, 300, name) {
                    do {
                        try context.open(args: args, conduct, width: width).close()
                    } catch is OpenNode.Refused {}
                }
                if isFound { return }
            }
        }
    }

    // MARK: stop

    private static func stop(_ context: CheckContext) throws {
        var generator = context.generator()
        let rows = context.mixed(generator.rows(2), atMost: 2)
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
