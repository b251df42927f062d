import ArgumentParser
import CGuard
import Glibc
import Logging
import Pipes
import PipesCore
import PipesPluginHost
import PipesRuntime

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a graph to its end.",
        discussion: """
            Standard output belongs to the processors; the host writes to standard error. SIGINT, \
            SIGTERM or SIGHUP drains: sources stop, and what is in flight is finished. A second \
            one cancels, a third one ends the program at once.

            Exit codes: 0 clean, 1 the graph, a plugin or the setting is wrong and nothing ran, \
            2 rows failed, 3 stopped by a failure, or the report can't be written, 4 cancelled, \
            64 wrong usage.
            """)

    @OptionGroup var input: GraphOptions
    @OptionGroup var options: RunOptions

    func run() async throws {
        let level = options.logLevel.level
        LoggingSystem.bootstrap { _ in ConsoleLog(level: level) }
        if options.watch, input.file == "-" {
            throw ValidationError("--watch needs a graph file, not standard input")
        }
        input.plugins.warnOfMissingFolders()
        let text = options.watch ? FileBytes.read(input.file) : nil
        let catalog = input.plugins.catalog(forGraphFile: input.file)
        let graph = try GraphInput.read(input, resolvers: [catalog])
        let progress = RunProgress(options.progress, environment: ProcessVariables.all)
        let report: RunReport
        let isReported: Bool
        do {
            (report, isReported) = try await run(graph, catalog, text, progress)
        } catch let problem as Diagnostic {
            throw GraphInput.refusal([problem])
        } catch let failure as GraphFailure {
            progress.close()
            throw GraphInput.refusal(failure.diagnostics)
        }
        let hasRun = report.status == .clean || report.status == .failedRows
        if !isReported, hasRun { throw Self.exitCode(of: .stopped) }
        if report.status != .clean { throw Self.exitCode(of: report.status) }
    }

    private func run(
        _ graph: GraphInput.Loaded, _ catalog: PluginCatalog, _ text: [UInt8]?,
        _ progress: RunProgress
    ) async throws -> (RunReport, isReported: Bool) {
        let letters = DeadLetterFile(options.deadLetter ?? graph.graph.deadLetter)
        var plumberOptions = Plumber.Options()
        plumberOptions.drainTimeout = options.drainTimeout.duration
        plumberOptions.deadLetters = { letters.write($0) }
        plumberOptions.isReplaceable = options.watch
        let plumber: Plumber
        do {
            plumber = try Plumber(
                graph.graph, resolvers: graph.resolvers, options: plumberOptions)
        } catch {
            throw GraphInput.refusal(error.diagnostics)
        }
        let problems = input.plugins.problems(ofExamplesIn: graph.graph)
        if !problems.isEmpty { throw GraphInput.refusal(graph.diagnostics + problems) }
        GraphInput.report(graph.diagnostics + plumber.graph.warnings)
        // Only a graph that can run touches files.
        try letters.open()
        let run = LiveRun(plumber)
        StopOrders.ofProcess.hold(for: run, progress)
        ExitWatch.hold(for: run, progress, graph: input.file)
        cguard_watch_crashes()
        defer { ExitWatch.release() }
        let reportFile = try options.report.map { try ReportFile($0) }

        let watch =
            options.watch
            ? GraphWatch(
                input: input, run: run, options: plumberOptions, catalog: catalog, text: text) : nil
        do {
            let report = try await Self.run(run, watch, progress)
            progress.finish(report)
            return (report, reportFile?.write(report) ?? true)
        } catch {
            // Also of a run that could not start, there is something to report.
            if let report = run.report { _ = reportFile?.write(report) }
            throw error
        }
    }

    /// Runs it while the live table is drawn.
    private static func run(
        _ run: LiveRun, _ watch: GraphWatch?, _ progress: RunProgress
    ) async throws -> RunReport {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if progress.isLive {
                group.addTask {
                    while true {
                        try await Task.sleep(for: RunProgress.interval)
                        if let report = run.report { progress.update(report) }
                    }
                }
            }
            if let watch { group.addTask { await watch.watch() } }
            defer { group.cancelAll() }
            return try await run.run()
        }
    }

    static func exitCode(of status: RunReport.Status) -> ExitCode {
        switch status {
        // A report of a run that is over never says that it is running.
        case .clean, .running: .success
        case .failedRows: ExitCode(2)
        case .stopped: ExitCode(3)
        case .cancelled: ExitCode(4)
        }
    }
}
