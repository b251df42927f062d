import Glibc
import PipesCore
import Testing

@testable import PipesRuntime

/// Runs random loops and compares them with rows that go round one after the other. `PIPES_LOOPS`
/// sets how many, `PIPES_LOOP_SEED` runs the one of that seed.
@Suite("Random loops") struct RandomLoopTests {
    @Test(
        "bring every row round until it leaves, and end by themselves",
        arguments: [false, true])
    func model(isReplaced: Bool) async throws {
        let seeds: [UInt64]
        if let seed = RandomLoopTests.number("PIPES_LOOP_SEED") {
            seeds = [seed]
        } else {
            let count = RandomLoopTests.number("PIPES_LOOPS") ?? 150
            seeds = Array(0..<(isReplaced ? count / 3 : count))
        }
        for seed in seeds {
            let spec = LoopSpec.random(seed: seed)
            let flaws = try await flaws(of: spec, seed: seed, isReplaced: isReplaced)
            guard flaws.isEmpty else {
                Issue.record(
                    "PIPES_LOOP_SEED=\(seed)\(isReplaced ? ", replaced" : "")\n\(flaws.joined(separator: "\n"))\n\(spec)"
                )
                return
            }
        }
    }

    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    /// - Parameter isReplaced: whether other graphs take over while it runs.
    private func flaws(
        of spec: LoopSpec, seed: UInt64, isReplaced: Bool
    ) async throws -> [String] {
        let (graph, sink) = spec.build(seed: seed)
        let letters = DeadLetterBox()
        let plumber = try graph.plumber(letters: letters)
        var model = LoopModel(spec)
        model.run()
        let report: RunReport
        do {
            report = try await within(seconds: 120) {
                guard isReplaced else { return try await plumber.run() }
                let run = try ReplacedRun { _ in
                    try graph.plumber(letters: letters) { $0.isReplaceable = true }
                }
                return try await run.run().report
            }
        } catch is TimedOut {
            let now = plumber.report.map { "\($0.nodes)\n\($0.edges)" } ?? ""
            return ["it did not end in time: \(now)"]
        }
        var flaws: [String] = []
        let failed = report.nodes.reduce(0) { $0 + $1.failed }
        if report.status != (failed > 0 ? .failedRows : .clean) || !report.failures.isEmpty {
            flaws.append("it ended \(report.status): \(report.failures)")
        }
        if letters.letters.count != failed {
            flaws.append("\(letters.letters.count) dead letters for \(failed) failed rows")
        }
        for account in report.nodes {
            if account.unsettled != 0 { flaws.append("\(account.name) has unsettled rows") }
            guard let expected = model.accounts[account.name] else { continue }
            var actual = GraphModel.Account(
                in: account.in, out: account.out, skipped: account.skipped, failed: account.failed,
                missing: account.missing)
            // What a source that nobody needs brings before it is stopped is a matter of time.
            if model.mayEndEarly(account.name) { actual.missing = expected.missing }
            if actual != expected {
                flaws.append("\(account.name) came to \(actual), not to \(expected)")
            }
        }
        for edge in report.edges where edge.depth != 0 {
            flaws.append("\(edge.depth) rows were left in \(edge.from) -> \(edge.to)")
        }
        let actual = sink.collected.compactMap { $0[0] }
        let isRight =
            spec.entry == .merge ? actual.sorted() == model.done.sorted() : actual == model.done
        if !isRight { flaws.append("what left it: \(actual), not \(model.done)") }
        return flaws
    }
}

/// A loop worked off row by row.
private struct LoopModel {
    private let spec: LoopSpec
    private(set) var accounts: [String: GraphModel.Account] = [:]
    /// What leaves the loop.
    private(set) var done: [Int64] = []
    private var queue: [Int64]
    private var outside: ArraySlice<Int64>

    init(_ spec: LoopSpec) {
        self.spec = spec
        queue = spec.initial
        let rows: Int
        if case .source(let count) = spec.source.kind { rows = count } else { rows = 0 }
        let values = (0..<rows).map {
            SpecifiedProcessor.sourceValue($0, spec.source.behaviour)
        }
        outside = spec.entry == .initial ? [] : values[...]
        for name in ["head", "join", "closer"] { accounts[name] = GraphModel.Account() }
        for (branch, nodes) in spec.branches.enumerated() {
            for place in nodes.indices { accounts["b\(branch).\(place)"] = GraphModel.Account() }
        }
    }

    func mayEndEarly(_ node: String) -> Bool {
        node == "head" && spec.entry == .join && spec.head.properties.onMissing == .skip
    }

    mutating func run() {
        if spec.entry == .merge {
            queue += outside
            outside = []
        }
        var next = 0
        while next < queue.count {
            let row = queue[next]
            next += 1
            if spec.entry != .join {
                goRound([row])
            } else if let partner = outside.popFirst() {
                goRound([partner, row])
            } else {
                missPartner()
            }
        }
        for _ in outside { missPartner() }
    }

    private mutating func missPartner() {
        accounts["head"]?.missing += 1
        guard spec.head.properties.onMissing == .fail else { return }
        _ = lose("head", spec.head)
    }

    private mutating func goRound(_ row: [Int64?]) {
        guard let start = work("head", spec.head, row) else { return }
        let values = spec.branches.indices.map { branch in
            spec.branches[branch].indices.reduce(Int64?.some(start)) { value, place in
                value.flatMap { work("b\(branch).\(place)", spec.branches[branch][place], [$0]) }
            }
        }
        guard let joined = join(values), let last = work("closer", spec.closer, [joined]) else {
            return
        }
        if spec.closer.outputs == 2, spec.closer.behaviour.port(last, outputs: 2) == 1 {
            done.append(last)
            return
        }
        if spec.closer.outputs == 1 { done.append(last) }
        queue.append(last)
    }

    private mutating func join(_ values: [Int64?]) -> Int64? {
        let absent = values.count { $0 == nil }
        if absent == values.count { return nil }
        if absent > 0 {
            accounts["join"]?.missing += absent
            switch spec.join.properties.onMissing {
            case .skip: return nil
            case .fail: return lose("join", spec.join)
            case .null: break
            }
        }
        return work("join", spec.join, values)
    }

    /// A row that fails without being tried.
    private mutating func lose(_ name: String, _ node: NodeSpec) -> Int64? {
        accounts[name]?.in += 1
        return fail(name, node)
    }

    private mutating func fail(_ name: String, _ node: NodeSpec) -> Int64? {
        if node.properties.then == .skip {
            accounts[name]?.skipped += 1
        } else {
            accounts[name]?.failed += 1
        }
        return nil
    }

    private mutating func work(_ name: String, _ node: NodeSpec, _ row: [Int64?]) -> Int64? {
        accounts[name]?.in += 1
        switch node.behaviour.outcome(row) {
        case .value(let value), .flaky(let value), .last(let value):
            accounts[name]?.out += 1
            return value
        case .nothing(.skip):
            accounts[name]?.skipped += 1
            return nil
        case .nothing: return fail(name, node)
        }
    }
}
