import PipesCore
import PipesTesting

/// Results for people: a line for each test, and what was not as expected.
struct TestText {
    /// Lines of a comparison that are shown: from a little before the first difference.
    private static let lineLimit = 20
    private static let linesBefore = 2
    /// Rows that are longer stand one below the other.
    private static let widthLimit = 44

    let file: String

    func lines(of result: GraphTestResult) -> String {
        var lines = ["\(result.hasPassed ? "ok  " : "FAIL")  \(result.name)"]
        for failure in result.failures {
            let diagnostic = Diagnostic(
                file: file, at: failure.place, "test \"\(result.name)\": \(failure.message)")
            lines.append(diagnostic.description)
            lines += comparison(failure.comparison)
        }
        return lines.map { $0.printable + "\n" }.joined()
    }

    func summary(_ results: [GraphTestResult]) -> String {
        let failed = results.count { !$0.hasPassed }
        let tests = results.count == 1 ? "1 test" : "\(results.count) tests"
        return "\(file.printable): \(tests), \(results.count - failed) passed, \(failed) failed\n"
    }

    /// Expected and got rows, those that differ marked.
    private func comparison(_ lines: [RowComparison.Line]) -> [String] {
        guard let first = lines.firstIndex(where: { !$0.isSame }) else { return [] }
        let start = max(0, first - Self.linesBefore)
        let shown = Array(lines[start...].prefix(Self.lineLimit))
        let longest = shown.flatMap { [$0.expected, $0.got] }.map { ($0 ?? "").count }.max() ?? 0
        var text = longest > Self.widthLimit ? stacked(shown) : sideBySide(shown)
        let left = lines.count - start - shown.count
        if start > 0 { text.insert("    (\(start) before these are as expected)", at: 0) }
        if left > 0 { text.append("    (and \(left) more)") }
        return text
    }

    private func sideBySide(_ lines: [RowComparison.Line]) -> [String] {
        var table = TextTable([
            .init(title: ""), .init(title: "expected"), .init(title: "got"),
        ])
        for line in lines {
            table.rows.append([line.isSame ? " " : "!", line.expected ?? "-", line.got ?? "-"])
        }
        return table.lines.map { "    " + $0 }
    }

    private func stacked(_ lines: [RowComparison.Line]) -> [String] {
        lines.flatMap { line in
            line.isSame
                ? ["       as expected  \(line.got ?? "")"]
                : [
                    "    !  expected     \(line.expected ?? "-")",
                    "       got          \(line.got ?? "-")",
                ]
        }
    }
}
