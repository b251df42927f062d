import Glibc
public import PipesCore
public import PipesPluginHost

/// Checks whether a plugin keeps the contract: each check in a child process of its own, so that a
/// crash is a finding.
public struct Validator: Sendable {
    /// What is to be checked.
    public struct Selection: Sendable {
        /// Names of checks; empty for all.
        public var checks: [String]
        /// Empty for all.
        public var processors: [String]

        public init(checks: [String] = [], processors: [String] = []) {
            self.checks = checks
            self.processors = processors
        }
    }

    /// Args in place of the defaults: a processor's name, and its params by name.
    public typealias Args = [String: [String: Value]]

    private let command: [String]
    private let limit: Duration

    /// How many children run at once.
    private static let width = 2

    /// - Parameters:
    ///   - command: starts a child that calls `CheckChild.run` with the text that is appended.
    ///   - limit: for one check of one processor.
    public init(command: [String], limit: Duration = .seconds(60)) {
        self.command = command
        self.limit = limit
    }

    /// Makes the checks. Blocks until all are done.
    ///
    /// - Parameters:
    ///   - plugin: not broken.
    ///   - path: of its file, from the root.
    ///   - selection: which checks are made.
    ///   - args: for the processors, in place of what the checks choose.
    ///   - rows: of the user's own, beside those that are generated.
    ///   - seed: of what is random in them.
    ///   - finished: called with each result as it comes, in any order.
    public func validate(
        _ plugin: PluginReport, path: String, selection: Selection = Selection(),
        args: Args = [:], rows: OwnRows = OwnRows(), seed: UInt64,
        finished: (ValidationReport.Result) -> Void = { _ in }
    ) -> ValidationReport {
        var report = ValidationReport(
            file: plugin.file, plugin: plugin.name, seed: seed, results: [])
        report.sinks = Set(plugin.processors.filter(\.isSink).map(\.name))
        let jobs = jobs(plugin, selection, args)
        for processor in plugin.processors {
            report.settings[processor.name] = Self.settings(of: processor, args)
            report.rowOptions[processor.name] = rows.options(for: processor.name)
        }
        if jobs.isEmpty { report.idleReason = Self.idleReason(plugin, selection) }
        var results = [ValidationReport.Result?](repeating: nil, count: jobs.count)
        var next = 0
        var running: [(index: Int, child: RunningCheck)] = []
        while next < jobs.count || !running.isEmpty {
            while running.count < Self.width, next < jobs.count {
                let job = jobs[next]
                switch job.args {
                case .failure(let missing):
                    results[next] = job.result(.skipped(missing.reason), .zero)
                    if let processor = job.processor { report.awaiting.insert(processor) }
                case .success(let args):
                    let request = CheckChild.Request(
                        file: path, check: job.check.name, processor: job.processor ?? "",
                        args: args, seed: seed, folder: "")
                    let started = RunningCheck.start(
                        command, request, rows: rows.text(for: job.processor), limit: limit)
                    switch started {
                    case .success(let child): running.append((next, child))
                    case .failure(let error):
                        results[next] = job.result(
                            .failed(["no process to make it in: \(error.reason)"]), .zero)
                    }
                }
                next += 1
            }
            RunningCheck.wait(for: running.map(\.child))
            running.removeAll { index, child in
                guard let end = child.advance() else { return false }
                var result = jobs[index].result(end.outcome, end.duration)
                result.warnings = end.warnings
                result.rows = end.rows
                results[index] = result
                finished(result)
                return true
            }
        }
        report.results = results.compactMap(\.self)
        report.judgeRows()
        return report
    }

    // MARK: What is to be done

    private struct MissingArg: Error {
        var reason: String
    }

    private struct Job {
        var check: Check
        var processor: String?
        var args: Result<[Value], MissingArg>

        func result(
            _ outcome: ValidationReport.Result.Outcome, _ duration: Duration
        ) -> ValidationReport.Result {
            ValidationReport.Result(
                check: check, processor: processor, outcome: outcome, duration: duration)
        }
    }

    private func jobs(_ plugin: PluginReport, _ selection: Selection, _ args: Args) -> [Job] {
        let checks = Check.all.filter {
            selection.checks.isEmpty || selection.checks.contains($0.name)
        }
        var jobs: [Job] = []
        if selection.processors.isEmpty {
            jobs += checks.filter { $0.scope == .plugin }.map {
                Job(check: $0, processor: nil, args: .success([]))
            }
        }
        for processor in plugin.processors
        where selection.processors.isEmpty || selection.processors.contains(processor.name) {
            let list = Self.args(of: processor, args[processor.name] ?? [:])
            for check in checks where check.scope == .processor && check.applies(processor) {
                jobs.append(Job(check: check, processor: processor.name, args: list))
            }
        }
        return jobs
    }

    /// Why there are no jobs.
    private static func idleReason(_ plugin: PluginReport, _ selection: Selection) -> String {
        guard !plugin.processors.isEmpty else { return "\(plugin.name) has no processors" }
        let names =
            selection.processors.isEmpty
            ? plugin.processors.map(\.name) : selection.processors
        let reasons = Check.all.filter { selection.checks.contains($0.name) }.map { check in
            switch check.scope {
            case .plugin: "\(check.name) is about the whole plugin, so leave out --processor"
            case .processor:
                "\(check.name) is not made of \(names.joined(separator: ", ")), whose "
                    + "\(names.count == 1 ? "description" : "descriptions") it does not concern"
            }
        }
        return reasons.joined(separator: "; ")
    }

    /// What was given for a processor, as `--set` takes it.
    private static func settings(of processor: ProcessorDescription, _ args: Args) -> [String] {
        processor.params.compactMap { param in
            guard let value = args[processor.name]?[param.name] else { return nil }
            let isText = param.kind == .string
            let text = if isText, case .string(let text) = value { text } else { value.json }
            return "\(processor.name).\(param.name)=\(text)"
        }
    }

    private static func args(
        of processor: ProcessorDescription, _ given: [String: Value]
    ) -> Result<[Value], MissingArg> {
        var values: [Value] = []
        for param in processor.params {
            guard let value = given[param.name] ?? param.fallback else {
                return .failure(
                    MissingArg(
                        reason: "it needs param \(param.name.quoted) (\(param.kind.name)); give it "
                            + "with --set \(processor.name).\(param.name)=VALUE"))
            }
            values.append(value)
        }
        return .success(values)
    }
}
