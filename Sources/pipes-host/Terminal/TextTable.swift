import PipesCore

/// Columns of text, as wide as their widest cell; numbers stand to the right.
struct TextTable {
    struct Column {
        var title: String
        var isNumber = false
    }

    var columns: [Column]
    var rows: [[String]] = []

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// The title and the rows, each without blanks at its end.
    var lines: [String] {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in
            all.map { $0[column].count }.max() ?? 0
        }
        return all.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                if index > 0 { line += "  " }
                let padding = String(repeating: " ", count: widths[index] - cell.count)
                line += columns[index].isNumber ? padding + cell : cell + padding
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

extension String {
    /// A text of its author's, whose line ends have no place in a line of the host's.
    var inOneLine: String {
        String(map { $0.isNewline ? " " : $0 })
    }

    /// The text as it can be shown in one line: control characters, which could move a
    /// terminal's cursor or change its colors, become `?`, and bytes of a path that are not UTF-8
    /// are written as `\xe9`.
    var printable: String {
        let text = withVisibleBytes
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            shown.append(scalar.properties.generalCategory == .control ? "?" : scalar)
        }
        return String(shown)
    }
}
