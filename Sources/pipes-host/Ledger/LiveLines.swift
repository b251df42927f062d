import PipesRuntime

/// The lines of the live table: what the nodes did since the snapshot before.
struct LiveLines {
    private var last: [Int] = []
    private var lastSeconds = 0.0

    /// - Parameters:
    ///   - rowLimit: how many lines there is room for.
    ///   - columnLimit: how many characters a line may have.
    mutating func next(_ report: RunReport, rowLimit: Int, columnLimit: Int) -> [String] {
        var queued: [String: Int] = [:]
        for edge in report.edges { queued[edge.to, default: 0] += edge.depth }
        let elapsed = report.seconds - lastSeconds
        let rows = report.nodes.map { max($0.in, $0.out) }

        var table = TextTable([
            .init(title: "node"), .init(title: "in", isNumber: true),
            .init(title: "out", isNumber: true), .init(title: "rows/s", isNumber: true),
            .init(title: "queued", isNumber: true), .init(title: "failed", isNumber: true),
        ])
        let shown = report.nodes.count + 1 <= rowLimit ? report.nodes.count : max(rowLimit - 2, 0)
        for (index, node) in report.nodes.prefix(shown).enumerated() {
            let news = rows[index] - (last.isEmpty ? 0 : last[index])
            let rate = elapsed > 0 ? String(Int(Double(news) / elapsed)) : "-"
            table.rows.append([
                node.name.printable, String(node.in), String(node.out), rate,
                String(queued[node.name] ?? 0), String(node.failed),
            ])
        }
        last = rows
        lastSeconds = report.seconds
        var lines = table.lines
        if shown < report.nodes.count {
            lines.append("and \(report.nodes.count - shown) more nodes")
        }
        return lines.prefix(rowLimit).map { String($0.prefix(columnLimit)) }
    }
}
