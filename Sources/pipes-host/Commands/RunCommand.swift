import ArgumentParser
import Glibc
import Logging
import Pipes
import PipesCore
import PipesRuntime

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a graph to its end.",
        discussion: """
            Standard output belongs to the processors; the host writes to standard error. SIGINT \
            or SIGTERM drains: sources stop, and what is in flight is finished. A second one \
            cancels, a third one ends the program at once.

            Exit codes: 0 clean, 1 the graph, a plugin or the setting is wrong and nothing ran, \
            2 rows failed, 3 stopped by a failure, 4 cancelled, 64 wrong usage.
            """)

    @OptionGroup var input: GraphOptions
    @OptionGroup var options: RunOptions

    func run() async throws {
        let level = options.logLevel.level
        LoggingSystem.bootstrap { _ in ConsoleLog(level: level) }
        let orders = StopOrders()
        let early = StopSignals.early
        let signals = if let early { early } else { await StopSignals() }
        let listening = Task { await orders.heed(signals) }
        defer { listening.cancel() }
        let graph = try GraphInput.read(input)
        let progress = RunProgress(options.progress, environment: ProcessVariables.all)
        let report: RunReport
        do {
            report = try await run(graph, progress, orders)
        } catch let problem as Diagnostic {
            throw GraphInput.refusal([problem])
        } catch let failure as GraphFailure {
            progress.close()
            throw GraphInput.refusal(failure.diagnostics)
        }
        if report.status != .clean { throw Self.exitCode(of: report.status) }
    }

    private func run(
        _ graph: GraphInput.Loaded, _ progress: RunProgress, _ orders: StopOrders
    ) async throws -> RunReport {
        let letters = DeadLetterFile(options.deadLetter ?? graph.graph.deadLetter)
        var plumberOptions = Plumber.Options()
        plumberOptions.drainTimeout = options.drainTimeout.duration
        plumberOptions.deadLetters = { letters.write($0) }
        let plumber: Plumber
        do {
            plumber = try Plumber(
                graph.graph, resolvers: graph.resolvers, options: plumberOptions)
        } catch {
            throw GraphInput.refusal(graph.diagnostics + error.diagnostics)
        }
        let problems = input.plugins.problems(ofExamplesIn: graph.graph)
        if !problems.isEmpty { throw GraphInput.refusal(graph.diagnostics + problems) }
        GraphInput.report(graph.diagnostics + plumber.graph.warnings)
        // Only a graph that can run touches files.
        try letters.open()
        orders.hold(for: plumber, progress)
        let reportFile = try options.report.map { try ReportFile($0) }

        do {
            let report = try await Self.run(plumber, progress)
            progress.finish(report)
            reportFile?.write(report)
            return report
        } catch {
            // Also of a run that could not start, there is something to report.
            if let report = plumber.report { reportFile?.write(report) }
            throw error
        }
    }

    /// Runs it while the live table is drawn.
    private static func run(
        _ plumber: Plumber, _ progress: RunProgress
    ) async throws -> RunReport {
        try await withThrowingTaskGroup(of: Void.self) { group in
            if progress.isLive {
                group.addTask {
                    while true {
                        try await Task.sleep(for: RunProgress.interval)
                        if let report = plumber.report { progress.update(report) }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await plumber.run()
        }
    }

    static func exitCode(of status: RunReport.Status) -> ExitCode {
        switch status {
        case .clean: .success
        case .failedRows: ExitCode(2)
        case .stopped: ExitCode(3)
        case .cancelled: ExitCode(4)
        }
    }
}
