public import PipesCore

/// What came of the checks of one plugin.
public struct ValidationReport: Sendable {
    /// One check of one processor, or of the whole plugin.
    public struct Result: Sendable {
        public enum Outcome: Sendable, Hashable {
            case passed
            /// What was found; never empty.
            case failed([String])
            /// Why it could not be made.
            case skipped(String)
        }

        public var check: Check
        /// nil for a check of the whole plugin.
        public var processor: String?
        public var outcome: Outcome
        /// What is no mistake, and should be known.
        public var warnings: [String] = []
        /// Rows that the processor was given, where the check came to its end.
        public var rows = RowCount()
        public var duration: Duration
    }

    /// As the user named it.
    public var file: String
    /// The plugin's name.
    public var plugin: String
    /// Of all random inputs.
    public var seed: UInt64
    /// Args that were given for processors, by their names: each as `--set` takes it.
    public var settings: [String: [String]] = [:]
    public var results: [Result]
    /// Processors with a param that has no default and was given no value. What nobody could open
    /// has not failed.
    public var awaiting: Set<String> = []
    /// Processors that failed every row they were given: what they do with one that they take nobody
    /// has seen.
    public private(set) var failingAll: Set<String> = []
    /// Processors that took rows, and of none of them something came.
    var silent: Set<String> = []
    /// Processors that yield nothing whatever they are given.
    var sinks: Set<String> = []
    /// What names rows of the user's own for processors, by their names.
    var rowOptions: [String: [String]] = [:]
    /// Why there is nothing to check, where `results` is empty.
    public var idleReason = ""

    /// Something was looked at, nothing was found, and no processor refused to be looked at.
    public var hasPassed: Bool {
        !isIdle && failingAll.isEmpty && uncheckedProcessors.allSatisfy(awaiting.contains)
            && results.allSatisfy { if case .failed = $0.outcome { false } else { true } }
    }

    /// What was not looked at, though it was asked for: a line for each.
    public var unchecked: [String] {
        if results.isEmpty { return ["nothing was checked: \(idleReason)"] }
        let remedy = "with --rows FILE, or --graph FILE for those of a graph's tests"
        return uncheckedProcessors.map { "nothing of \(plugin).\($0) was checked" }
            + failingAll.sorted().map {
                "\(plugin).\($0) was not checked: it \(Self.failsAll); give rows that it takes \(remedy)"
            }
            + silent.sorted().map {
                "\(plugin).\($0) yielded nothing for any row that it was given; give others \(remedy)"
            }
    }

    private static let failsAll = "failed every row that it was given"

    /// Sees to it that no check of rows counts as passed where every row failed.
    mutating func judgeRows() {
        for processor in Set(results.compactMap(\.processor)) {
            let own = results.indices.filter {
                results[$0].processor == processor && results[$0].check.isOfRows
            }
            let rows = own.reduce(RowCount()) { $0 + results[$1].rows }
            if rows.isOfNothing, !sinks.contains(processor) { silent.insert(processor) }
            guard rows.isOfFailures else { continue }
            failingAll.insert(processor)
            for index in own where results[index].outcome == .passed {
                results[index].outcome = .skipped("it " + Self.failsAll)
            }
        }
    }

    private var isIdle: Bool { results.allSatisfy(\.isSkipped) }

    private var uncheckedProcessors: [String] {
        Set(results.compactMap(\.processor)).subtracting(failingAll).sorted().filter { processor in
            let own = results.filter { $0.processor == processor }
            // One check of many that can't be made is no matter; all of them are.
            return own.allSatisfy(\.isSkipped) && (own.count > 1 || isIdle)
        }
    }

    /// The command that makes a check again, alone, as a shell takes it.
    func again(_ result: Result) -> String {
        var words = ["validate", file, "--only", result.check.name]
        if let processor = result.processor {
            words += ["--processor", processor]
            for setting in settings[processor] ?? [] { words += ["--set", setting] }
            words += rowOptions[processor] ?? []
        }
        if result.check.isRandom { words += ["--seed", "\(seed)"] }
        return words.map(\.asShellWord).joined(separator: " ")
    }
}

extension String {
    /// As it is where a shell takes it so, in quotes otherwise.
    fileprivate var asShellWord: String {
        let plain = "/._-+=:,@%"
        let isPlain =
            !isEmpty
            && unicodeScalars.allSatisfy {
                $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0)
                    || plain.unicodeScalars.contains($0)
            }
        return isPlain ? self : "'" + replacing("'", with: "'\\''") + "'"
    }
}

extension ValidationReport.Result {
    /// How the process ended, where that is all that was found: what one mistake may do to all
    /// checks.
    fileprivate var ending: Substring? {
        guard case .failed(let findings) = outcome, findings.count == 1,
            ["signal ", "it ended the process "].contains(where: { findings[0].hasPrefix($0) })
        else { return nil }
        return findings[0].split(separator: " at ", maxSplits: 1).first
    }

    var isSkipped: Bool { if case .skipped = outcome { true } else { false } }

    /// The processor, or the plugin where the check is about all of it.
    func subject(of plugin: String) -> String {
        processor.map { "\(plugin).\($0)" } ?? plugin
    }
}

extension ValidationReport {
    /// For people: a line for each processor, and what was found.
    public var text: String {
        var lines: [String] = []
        var counts = (passed: 0, failed: 0, skipped: 0)
        var subjects: [String] = []
        for result in results {
            let subject = result.subject(of: plugin)
            if !subjects.contains(subject) { subjects.append(subject) }
        }
        for subject in subjects {
            let own = results.filter { $0.subject(of: plugin) == subject }
            let passed = own.filter { $0.outcome == .passed }
            counts.passed += passed.count
            lines.append("\(subject): \(passed.count) of \(own.count) checks passed")
            let skipped = own.compactMap { result -> (name: String, reason: String)? in
                if case .skipped(let reason) = result.outcome {
                    (result.check.name, reason)
                } else {
                    nil
                }
            }
            counts.skipped += skipped.count
            lines += Self.lines(ofSkipped: skipped, all: own.count)
            // By how the process ended: the check that told it first.
            var endings: [Substring: String] = [:]
            for result in own {
                switch result.outcome {
                case .passed, .skipped: break
                case .failed(let findings):
                    counts.failed += 1
                    if let ending = result.ending, let first = endings[ending] {
                        lines.append(
                            "    FAILED  \(result.check.name), as \(first): \(findings[0])")
                    } else {
                        if let ending = result.ending { endings[ending] = result.check.name }
                        lines.append("    FAILED  \(result.check.name): \(result.check.proves)")
                        lines += findings.map { "        \($0)" }
                        lines.append("        see \(result.check.source)")
                    }
                    lines.append("        again: \(again(result))")
                }
                lines += result.warnings.map { "    warning \(result.check.name): \($0)" }
            }
        }
        lines.append(
            "\(counts.passed) passed, \(counts.failed) failed, \(counts.skipped) skipped; "
                + "seed \(seed)")
        lines += unchecked
        return lines.map { $0 + "\n" }.joined()
    }

    /// What has one reason is told once.
    private static func lines(ofSkipped skipped: [(name: String, reason: String)], all: Int)
        -> [String]
    {
        var reasons: [String] = []
        for (_, reason) in skipped where !reasons.contains(reason) { reasons.append(reason) }
        return reasons.map { reason in
            let names = skipped.filter { $0.reason == reason }.map(\.name)
            let which = names.count == all ? "all checks" : names.joined(separator: ", ")
            return "    skipped \(which): \(reason)"
        }
    }

    /// For programs.
    public var value: Value {
        .map([
            .init("file", .string(file)), .init("plugin", .string(plugin)),
            // A number of 64 bits is more than many readers of JSON can hold.
            .init("seed", .string("\(seed)")), .init("passed", .bool(hasPassed)),
            .init("unchecked", .list(unchecked.map { .string($0) })),
            .init("results", .list(results.map { $0.value(again: again($0)) })),
        ])
    }
}

extension ValidationReport.Result {
    /// - Parameter again: the command that makes it again.
    fileprivate func value(again: String) -> Value {
        var status = "passed"
        var messages: [String] = []
        switch outcome {
        case .passed: break
        case .failed(let findings): (status, messages) = ("failed", findings)
        case .skipped(let reason): (status, messages) = ("skipped", [reason])
        }
        return .map([
            .init("processor", processor.map { .string($0) } ?? .null),
            .init("check", .string(check.name)), .init("proves", .string(check.proves)),
            .init("source", .string(check.source)), .init("status", .string(status)),
            .init("messages", .list(messages.map { .string($0) })),
            .init("warnings", .list(warnings.map { .string($0) })),
            .init(
                "rows",
                .map([
                    .init("given", .int(Int64(rows.given))),
                    .init("taken", .int(Int64(rows.taken))),
                ])),
            .init("again", .string(again)),
            .init("seconds", .float(duration / .seconds(1))),
        ])
    }
}
