import PipesCore

@testable import PipesRuntime

/// How far the outcome of a run was foretold.
enum Precision: CaseIterable, Sendable {
    /// Every row at every sink, and every line of the ledger.
    case all
    /// Every row at every sink; the ledger but for nodes that were stopped when nobody wanted more.
    case rows
    /// That the ledger balances, that no row is there which can't be, and the end.
    case bounds
}

/// What is wrong with a run.
struct RunComparison {
    private(set) var flaws: [String] = []
    let precision: Precision
    private let spec: GraphSpec
    private let foresight: GraphForesight
    private let report: RunReport

    /// - Parameter spec: what was run; where it was drained, with the rows that its sources brought.
    init(
        _ spec: GraphSpec, _ graph: CheckedGraph, _ report: RunReport,
        _ processors: [SpecifiedProcessor]
    ) {
        self.spec = spec
        self.report = report
        let foresight = GraphForesight(spec, graph)
        self.foresight = foresight
        let isHalted = report.status == .stopped || report.status == .cancelled
        if isHalted || !foresight.isCertain {
            precision = .bounds
        } else {
            let isAll = spec.nodes.indices.allSatisfy {
                foresight.isExact($0) && foresight.countsMissing[$0]
            }
            precision = isAll ? .all : .rows
        }
        let model = GraphModel(spec, graph, ignoresEnds: precision == .bounds)
        compareStatus(model)
        for index in spec.nodes.indices {
            balance(index)
            if precision != .bounds { compare(index, model.accounts[index]) }
            if processors[index].life.opened != 1 || processors[index].life.closed != 1 {
                flaws.append("n\(index) was closed \(processors[index].life.closed) times")
            }
            if spec.nodes[index].isSink {
                compareRows(index, processors[index].collected, model.collected[index])
            }
        }
        if !isHalted { compareEdges(graph) }
        for (edge, checked) in zip(report.edges, graph.edges) { check(edge, checked.overflow) }
    }

    private mutating func check(_ edge: EdgeAccount, _ overflow: NodeProperties.Overflow) {
        let name = "\(edge.from) -> \(edge.to)"
        if edge.depth != 0 { flaws.append("\(edge.depth) rows were left in \(name)") }
        if edge.peak > edge.capacity {
            flaws.append("\(name) held \(edge.peak) rows, and has room for \(edge.capacity)")
        }
        if overflow == .suspend, edge.dropped != 0 {
            flaws.append("\(name) dropped \(edge.dropped) rows")
        }
        if overflow != .suspend, edge.waits + edge.grown != 0 {
            flaws.append("\(name) had its sender wait")
        }
    }

    private mutating func compareStatus(_ model: GraphModel) {
        let hasFailures = report.nodes.contains { $0.failed > 0 }
        let mustStop =
            precision != .bounds && model.stoppers.contains { foresight.isExact($0) }
        let mayStop = spec.nodes.contains { $0.mayStop }
        switch report.status {
        case .stopped where mayStop: compareFailures()
        case .cancelled where spec.interruption?.kind == .cancel: break
        case .clean where !hasFailures && !mustStop && report.failures.isEmpty: break
        case .failedRows where hasFailures && !mustStop && report.failures.isEmpty: break
        default: flaws.append("it ended \(report.status): \(report.failures)")
        }
    }

    /// A failure stops the nodes that have not failed yet. Others may fail in the same instant, and
    /// each of them is told; what fails because it was stopped is not.
    private mutating func compareFailures() {
        let stoppers = spec.nodes.indices.filter { spec.nodes[$0].mayStop }
        let strangers = report.failures.filter { failure in
            !stoppers.contains { failure.hasPrefix("node \"\(GraphSpec.name($0))\": ") }
        }
        if report.failures.isEmpty { flaws.append("it was stopped by nothing") }
        if !strangers.isEmpty { flaws.append("it was stopped by \(strangers)") }
        if Set(report.failures).count < report.failures.count {
            flaws.append("it was stopped twice by one failure: \(report.failures)")
        }
    }

    private mutating func balance(_ index: Int) {
        let account = report.nodes[index]
        if account.unsettled != 0 {
            flaws.append("\(account.name): \(account.unsettled) rows are unsettled")
        }
        switch spec.nodes[index].kind {
        case .map, .keep, .sink:
            if account.in != account.out + account.skipped + account.failed {
                flaws.append("\(account.name) does not balance: \(account)")
            }
        case .source, .split, .sum: break
        }
    }

    private mutating func compare(_ index: Int, _ expected: GraphModel.Account) {
        let account = report.nodes[index]
        var actual = GraphModel.Account(
            in: account.in, out: account.out, skipped: account.skipped, failed: account.failed,
            missing: account.missing)
        if foresight.isExact(index) {
            if !foresight.countsMissing[index] { actual.missing = expected.missing }
            if actual != expected {
                flaws.append("\(account.name) came to \(actual), not to \(expected)")
            }
        } else if foresight.isCuttable[index], foresight.countsRows[index],
            actual.in > expected.in || actual.skipped > expected.skipped
                || actual.failed > expected.failed
        {
            flaws.append("\(account.name) came to \(actual), more than \(expected)")
        }
    }

    /// Every row that its sender sent was dropped or taken by its reader.
    private mutating func compareEdges(_ graph: CheckedGraph) {
        for (edge, account) in zip(graph.edges, report.edges) {
            let sender = graph.nodes[edge.from]
            guard sender.outputs.count == 1, wantsAll(edge.to) else { continue }
            if account.rows + account.dropped != report.nodes[edge.from].out {
                flaws.append(
                    "\(account.rows) rows and \(account.dropped) dropped ones went from \(account.from) to \(account.to); it had "
                        + "\(report.nodes[edge.from].out)")
            }
        }
        for (index, node) in graph.nodes.enumerated() where wantsAll(index) {
            switch node.inputMode {
            case .single, .merge:
                let rows = node.inputs.reduce(0) { $0 + report.edges[$1].rows }
                if rows != report.nodes[index].in {
                    flaws.append("n\(index) was given \(report.nodes[index].in) of \(rows) rows")
                }
            case .none, .join: break
            }
        }
    }

    /// Whether a node takes all that it is sent.
    private func wantsAll(_ index: Int) -> Bool {
        !spec.nodes[index].behaviour.mayEnd && !foresight.isCuttable[index]
    }

    private mutating func compareRows(
        _ index: Int, _ actual: [[Int64?]], _ expected: [[Int64?]]
    ) {
        if precision == .bounds {
            guard foresight.isMonotone[index] else { return }
            var left = expected.counts
            let strangers = actual.filter { row in
                left[row, default: 0] -= 1
                return left[row, default: 0] < 0
            }
            if let stranger = strangers.first {
                flaws.append(
                    "n\(index) took \(strangers.count) rows that can't be, as \(stranger)")
            }
            return
        }
        let isOrdered = foresight.arrivesInOrder[index] && !spec.nodes[index].mixesRows
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
