import PipesRuntime

/// What a run shows of itself on standard error: a live table where that can be, and the ledger
/// at the end.
///
/// Safe from any thread: the table and its end are drawn under a lock.
final class RunProgress: Sendable {
    private enum Ending: Sendable {
        case table
        case line
        case nothing
    }

    private struct Live {
        var panel: BottomPanel
        var lines = LiveLines()

        mutating func draw(_ report: RunReport) {
            panel.draw(
                lines.next(report, rowLimit: panel.rowLimit, columnLimit: panel.columnLimit))
        }
    }

    static let interval = Duration.milliseconds(200)

    private let ending: Ending
    private let live: Locked<Live?>

    init(_ wish: RunOptions.Progress, environment: [String: String]) {
        let console = Console.error
        let terminal =
            wish == .never
            ? nil : Terminal(descriptor: console.descriptor, environment: environment)
        ending =
            switch wish {
            case .never: .nothing
            case .always: .table
            case .auto: terminal == nil ? .line : .table
            }
        var start: Live?
        if let terminal, terminal.movesCursor {
            start = Live(panel: BottomPanel(terminal: terminal, console: console))
        }
        live = Locked(start)
    }

    var isLive: Bool { live.withLock { $0 != nil } }

    /// Draws the table anew.
    func update(_ report: RunReport) {
        live.withLock { live in
            guard live != nil else { return }
            live?.draw(report)
        }
    }

    /// Gives the terminal back, without a word.
    func close() {
        live.withLock { live in
            live?.panel.close()
            live = nil
        }
    }

    /// Takes the live table away and says how the run went.
    func finish(_ report: RunReport) {
        close()
        let text = LedgerText(report: report)
        switch ending {
        case .table: Console.error.print(text.tableLines.joined(separator: "\n"))
        case .line: Console.error.print(text.line)
        case .nothing: break
        }
    }
}
