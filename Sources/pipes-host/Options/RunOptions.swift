import ArgumentParser
import Logging

/// How a run is stopped, and what is told of it.
struct RunOptions: ParsableArguments {
    enum Progress: String, ExpressibleByArgument, CaseIterable {
        case auto
        case always
        case never
    }

    enum LogLevel: String, ExpressibleByArgument, CaseIterable {
        case debug
        case info
        case warning
        case error

        var level: Logger.Level {
            switch self {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        }
    }

    @Option(
        help: ArgumentHelp(
            "How long a drain may take before it is cancelled, such as 500ms, 25s or 2m.",
            valueName: "time"))
    var drainTimeout = TimeSpan.seconds(25)

    @Option(
        help: ArgumentHelp(
            "The file for rows that failed, in place of the graph's.", valueName: "file"),
        completion: .file())
    var deadLetter: String?

    @Option(
        help: ArgumentHelp(
            "The file for the ledger as JSON; - is standard output.", valueName: "file"),
        completion: .file())
    var report: String?

    @Flag(
        help: ArgumentHelp(
            "Looks at the graph file and the plugins while it runs, and has what is changed take "
                + "over between two rows."))
    var watch = false

    @Option(
        help: ArgumentHelp(
            "The table of nodes on standard error: auto (live on a terminal, else one line at the "
                + "end), always or never.", valueName: "when"))
    var progress = Progress.auto

    @Option(
        help: ArgumentHelp(
            "The least level of log messages: debug, info, warning or error.",
            valueName: "level"))
    var logLevel = LogLevel.info
}
