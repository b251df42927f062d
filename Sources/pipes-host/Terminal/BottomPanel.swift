/// Lines that stay at the bottom of a terminal while others print above them.
///
/// The terminal's scroll region is narrowed to the rows above the panel (ECMA-48 and xterm's
/// control sequences, DECSTBM), so that the lines of processors scroll there, whoever writes
/// them; the panel is drawn below, in one write, with the cursor put back.
struct BottomPanel {
    private static let saveCursor = "\u{1B}7"
    private static let restoreCursor = "\u{1B}8"
    private static let clearToEnd = "\u{1B}[J"
    private static let wholeScreen = "\u{1B}[r"

    private let terminal: Terminal
    private let console: Console
    private var size: Terminal.Size?
    private var height = 0

    init(terminal: Terminal, console: Console) {
        self.terminal = terminal
        self.console = console
    }

    /// Rows that a panel may have: half of the screen, so that what is printed can be read.
    var rowLimit: Int { max(terminal.size.rows / 2, 1) }
    var columnLimit: Int { terminal.size.columns }

    /// Draws the lines in place of those before.
    /// - Parameter lines: no longer than `columnLimit`; those above `rowLimit` are left out.
    mutating func draw(_ lines: [String]) {
        let lines = lines.prefix(rowLimit)
        let now = terminal.size
        var text = ""
        if size != now || height != lines.count {
            text += closing
            text += opening(rows: now.rows, height: lines.count)
            size = now
            height = lines.count
        }
        text += Self.saveCursor
        for (index, line) in lines.enumerated() {
            let row = now.rows - lines.count + index + 1
            let shown = index == 0 && terminal.hasColor ? "\u{1B}[1m\(line)\u{1B}[0m" : line
            text += "\u{1B}[\(row);1H\u{1B}[2K\(shown)"
        }
        text += Self.restoreCursor
        console.write(text)
    }

    /// Takes the panel away and gives the whole screen back.
    mutating func close() {
        console.write(closing)
        size = nil
        height = 0
    }

    /// Makes room below the cursor, scrolling up where it stands too low, and narrows the region.
    /// To set the region moves the cursor, so it is saved around that.
    private func opening(rows: Int, height: Int) -> String {
        String(repeating: "\n", count: height) + "\u{1B}[\(height)A" + Self.saveCursor
            + "\u{1B}[1;\(max(rows - height, 1))r" + Self.restoreCursor
    }

    private var closing: String {
        guard let size else { return "" }
        return Self.saveCursor + Self.wholeScreen
            + "\u{1B}[\(max(size.rows - height, 0) + 1);1H" + Self.clearToEnd + Self.restoreCursor
    }
}
