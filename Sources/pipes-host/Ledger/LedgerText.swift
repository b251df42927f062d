import PipesRuntime

/// The ledger for people: a table, or one line.
struct LedgerText {
    /// A line with more nodes, or edges, than these is read by nobody.
    private static let nodesInLine = 16

    let report: RunReport

    /// What happened, then a line for each node, with metrics where a node has any, and for each
    /// edge that dropped rows or had to grow.
    var tableLines: [String] {
        var columns: [TextTable.Column] = [
            .init(title: "node"), .init(title: "in", isNumber: true),
            .init(title: "out", isNumber: true), .init(title: "skipped", isNumber: true),
            .init(title: "failed", isNumber: true), .init(title: "missing", isNumber: true),
            .init(title: "unsettled", isNumber: true), .init(title: "retries", isNumber: true),
            .init(title: "seconds", isNumber: true),
        ]
        let hasMetrics = report.nodes.contains { !$0.metrics.isEmpty }
        if hasMetrics { columns.append(.init(title: "metrics")) }
        var table = TextTable(columns)
        for node in report.nodes {
            let counts = [
                node.in, node.out, node.skipped, node.failed, node.missing, node.unsettled,
                node.retries,
            ]
            var cells = [node.name.printable] + counts.map(String.init)
            cells.append(Self.text(seconds: node.seconds))
            if hasMetrics { cells.append(Self.text(metrics: node.metrics)) }
            table.rows.append(cells)
        }
        let edges = self.edges.map { "edge \($0)" }
        return ["\(outcome)."] + table.lines + edges
    }

    /// What became of edges where that is not as usual.
    private var edges: [String] {
        report.edges.compactMap { edge in
            let counts = [(edge.dropped, "dropped"), (edge.grown, "grown")].filter { $0.0 > 0 }
            if counts.isEmpty { return nil }
            let words = counts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            return "\(edge.from.printable) -> \(edge.to.printable) \(words)"
        }
    }

    /// What happened, and for each node its rows; of the other columns what is not 0.
    var line: String {
        let shown = report.nodes.prefix(Self.nodesInLine).map { node in
            var words = ["\(node.name.printable) \(node.in) in \(node.out) out"]
            let others = [
                ("skipped", node.skipped), ("failed", node.failed), ("missing", node.missing),
                ("unsettled", node.unsettled), ("retries", node.retries),
            ]
            words += others.filter { $0.1 != 0 }.map { "\($0.1) \($0.0)" }
            return words.joined(separator: ", ")
        }
        let more = report.nodes.count - shown.count
        let edges = edges
        let moreEdges = edges.count - Self.nodesInLine
        return
            ([outcome] + shown + (more > 0 ? ["and \(more) more nodes"] : [])
            + edges.prefix(Self.nodesInLine)
            + (moreEdges > 0 ? ["and \(moreEdges) more edges"] : []))
            .joined(separator: "; ")
    }

    private var outcome: String {
        let status =
            switch report.status {
            case .running: "running"
            case .clean: "clean"
            case .failedRows: "rows failed"
            case .stopped: "stopped by a failure"
            case .cancelled: "cancelled"
            }
        return "\(report.graph.printable): \(status), \(Self.text(seconds: report.seconds)) s"
    }

    private static func text(metrics: [String: Int64]) -> String {
        metrics.sorted { $0.key < $1.key }.map { "\($0.key.printable)=\($0.value)" }
            .joined(separator: " ")
    }

    /// With three digits after the point.
    private static func text(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        let thousandths = Int((seconds * 1000).rounded())
        let fraction = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - fraction.count)
            + fraction
    }
}
