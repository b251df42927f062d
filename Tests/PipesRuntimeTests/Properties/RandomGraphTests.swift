import Glibc
import PipesCore
import Testing

@testable import PipesRuntime

/// Runs random graphs and compares them with the model. `PIPES_GRAPHS` sets how many,
/// `PIPES_SEED` runs the one of that seed.
@Suite("Random graphs") struct RandomGraphTests {
    @Test("pair what belongs together, lose nothing uncounted and end by themselves")
    func model() async throws {
        let seeds: [UInt64]
        if let seed = RandomGraphTests.number("PIPES_SEED") {
            seeds = [seed]
        } else {
            seeds = Array(0..<(RandomGraphTests.number("PIPES_GRAPHS") ?? 200))
        }
        // Two at a time: runs wait for one another's threads, as they do in earnest.
        try await withThrowingTaskGroup(of: Bool.self) { group in
            var rest = seeds[...]
            for _ in 0..<2 {
                if let seed = rest.popFirst() { group.addTask { try await runOne(seed) } }
            }
            while let isSound = try await group.next(), isSound {
                if let seed = rest.popFirst() { group.addTask { try await runOne(seed) } }
            }
        }
    }

    /// - Returns: whether it came to what the model says.
    private func runOne(_ seed: UInt64) async throws -> Bool {
        var generator = GraphSpecGenerator(seed: seed)
        let spec = generator.makeSpec()
        let flaws = try await flaws(of: spec, seed: seed)
        if flaws.isEmpty { return true }
        let (smaller, smallerFlaws) = try await shrink(spec, flaws, seed: seed)
        Issue.record(
            """
            PIPES_SEED=\(seed)
            \(smallerFlaws.joined(separator: "\n"))
            \(smaller)
            """)
        return false
    }

    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    /// The graph with as little as possible that still goes wrong.
    private func shrink(
        _ spec: GraphSpec, _ flaws: [String], seed: UInt64
    ) async throws -> (GraphSpec, [String]) {
        var best = (spec, flaws)
        var attempts = 0
        var hasShrunk = true
        while hasShrunk, attempts < 60 {
            hasShrunk = false
            let candidates =
                best.0.nodes.indices.reversed().compactMap { best.0.removing($0) }
                + best.0.simpler
            for candidate in candidates where attempts < 60 {
                attempts += 1
                let found = try await self.flaws(of: candidate, seed: seed)
                guard !found.isEmpty else { continue }
                best = (candidate, found)
                hasShrunk = true
                break
            }
        }
        return best
    }

    /// What differs from the model; none where the checker refuses a graph.
    private func flaws(of spec: GraphSpec, seed: UInt64) async throws -> [String] {
        let (graph, processors) = spec.build(seed: seed)
        let letters = DeadLetterBox()
        guard let plumber = try? graph.plumber(letters: letters),
            GraphModel.isCertain(spec, plumber.graph)
        else { return [] }
        let model = GraphModel(spec, plumber.graph)
        let report: RunReport
        do {
            report = try await within(seconds: 30) { try await plumber.run() }
        } catch is TimedOut {
            let now = plumber.report.map { "\($0.nodes)\n\($0.edges)" } ?? ""
            return ["it did not end within 30 s: \(now)"]
        }
        var flaws = Comparison(model, spec, plumber.graph, report, processors).flaws
        let failed = report.nodes.reduce(0) { $0 + $1.failed }
        if letters.letters.count != failed {
            flaws.append("\(letters.letters.count) dead letters for \(failed) failed rows")
        }
        return flaws
    }
}

extension GraphSpec {
    /// Variants that are easier to understand.
    fileprivate var simpler: [GraphSpec] {
        nodes.indices.flatMap { index -> [GraphSpec] in
            var variants: [GraphSpec] = []
            if case .source(let rows) = nodes[index].kind, rows > 1 {
                variants.append(changing(index) { $0.kind = .source(rows: rows / 2) })
            }
            if nodes[index].style != .inline {
                variants.append(changing(index) { $0.style = .inline })
            }
            if nodes[index].behaviour.shares != [0, 0, 0, 0] {
                variants.append(changing(index) { $0.behaviour.shares = [0, 0, 0, 0] })
            }
            return variants
        }
    }

    private func changing(_ index: Int, _ change: (inout NodeSpec) -> Void) -> GraphSpec {
        var changed = self
        change(&changed.nodes[index])
        return changed
    }
}

/// What is wrong with a run.
private struct Comparison {
    private(set) var flaws: [String] = []
    private let mayEndEarly: Bool

    init(
        _ model: GraphModel, _ spec: GraphSpec, _ graph: CheckedGraph, _ report: RunReport,
        _ processors: [SpecifiedProcessor]
    ) {
        mayEndEarly = model.mayEndEarly
        let hasFailures = report.nodes.contains { $0.failed > 0 }
        if report.status != (hasFailures ? .failedRows : .clean) || !report.failures.isEmpty {
            flaws.append("it ended \(report.status): \(report.failures)")
        }
        for index in spec.nodes.indices {
            balance(report.nodes[index], spec.nodes[index])
            let certainty = model.certainty[index]
            if !model.mayEndEarly, certainty == .everything {
                compare(report.nodes[index], model.accounts[index])
            }
            if processors[index].life.opened != 1 || processors[index].life.closed != 1 {
                flaws.append("n\(index) was closed \(processors[index].life.closed) times")
            }
            if case .sink = spec.nodes[index].kind, certainty == .rowsAtMost {
                compareSome(
                    index, processors[index].collected, model.collected[index],
                    isOrdered: model.isOrdered[index] && !spec.nodes[index].mixesRows)
            } else if case .sink = spec.nodes[index].kind, certainty == .everything {
                compareRows(
                    index, processors[index].collected, model.collected[index],
                    isOrdered: model.isOrdered[index] && !spec.nodes[index].mixesRows)
            }
        }
        for (edge, checked) in zip(report.edges, graph.edges) { check(edge, checked, spec, report) }
    }

    private mutating func check(
        _ edge: EdgeAccount, _ checked: CheckedGraph.Edge, _ spec: GraphSpec, _ report: RunReport
    ) {
        let name = "\(edge.from) -> \(edge.to)"
        if edge.depth != 0 { flaws.append("\(edge.depth) rows were left in \(name)") }
        if edge.peak > edge.capacity {
            flaws.append("\(name) held \(edge.peak) rows, and has room for \(edge.capacity)")
        }
        if checked.overflow == .suspend {
            if edge.dropped != 0 { flaws.append("\(name) dropped \(edge.dropped) rows") }
            return
        }
        if edge.waits != 0 { flaws.append("\(name) had its sender wait") }
        // A node of one output sends what it yields; a reader that ends early gets no more of it.
        let sent = report.nodes[checked.from].out
        let came = edge.rows + edge.dropped
        if spec.nodes[checked.from].outputs == 1, came > sent || (came < sent && !mayEndEarly) {
            flaws.append("\(name): \(edge.rows) came, \(edge.dropped) dropped of \(sent)")
        }
    }

    private mutating func balance(_ account: NodeAccount, _ spec: NodeSpec) {
        if account.unsettled != 0 {
            flaws.append("\(account.name): \(account.unsettled) rows are unsettled")
        }
        switch spec.kind {
        case .map, .keep, .sink:
            if account.in != account.out + account.skipped + account.failed {
                flaws.append("\(account.name) does not balance: \(account)")
            }
        default: break
        }
    }

    private mutating func compare(_ account: NodeAccount, _ expected: GraphModel.Account) {
        let actual = GraphModel.Account(
            in: account.in, out: account.out, skipped: account.skipped, failed: account.failed,
            missing: account.missing)
        if actual != expected {
            flaws.append("\(account.name) came to \(actual), not to \(expected)")
        }
    }

    /// Of what is expected, in its order, some may be lost; nothing else may come.
    private mutating func compareSome(
        _ index: Int, _ actual: [[Int64?]], _ expected: [[Int64?]], isOrdered: Bool
    ) {
        var rest = expected[...]
        let counts = expected.counts
        let isSound =
            isOrdered
            ? actual.allSatisfy { row in
                guard let next = rest.firstIndex(of: row) else { return false }
                rest = rest[(next + 1)...]
                return true
            } : actual.counts.allSatisfy { $0.value <= counts[$0.key, default: 0] }
        if !isSound { flaws.append("n\(index) took rows that are none, or in a wrong order") }
    }

    private mutating func compareRows(
        _ index: Int, _ actual: [[Int64?]], _ expected: [[Int64?]], isOrdered: Bool
    ) {
        if isOrdered ? actual == expected : actual.counts == expected.counts { return }
        let lost = expected.count { !actual.contains($0) }
        let first = zip(actual, expected).enumerated().first { $1.0 != $1.1 }
        flaws.append(
            "n\(index) took \(actual.count) rows, not \(expected.count); \(lost) are lost;"
                + " the first difference: \(first.map { "\($0)" } ?? "none")")
    }
}

extension NodeSpec {
    /// Whether the processor of a sink may see its rows in another order than they came in.
    fileprivate var mixesRows: Bool {
        properties.concurrency > 1 || properties.retry.max > 0
    }
}

extension [[Int64?]] {
    fileprivate var counts: [[Int64?]: Int] {
        reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
}
