import CPipes
import Glibc
import PipesCore

/// Lists plugins without loading any into this process: each file is described by a child, so
/// that one which crashes or hangs in its constructor is a line in the list.
public struct PluginInspector: Sendable {
    public let folders: PluginFolders
    private let command: [String]
    private let limit: Duration
    private let cache: ReportCache?

    /// How many children run at once.
    private static let width = 2
    /// Of a child's report, in bytes.
    private static let largestReport = 16 << 20

    /// - Parameters:
    ///   - folders: where it looks for plugins.
    ///   - command: starts a child that calls `DescribeFile.run` for the file whose path is
    ///     appended: the program and its arguments.
    ///   - limit: for one file.
    ///   - cache: what is known from earlier runs; nil looks at each file.
    public init(
        folders: PluginFolders, command: [String], limit: Duration = .seconds(5),
        cache: ReportCache? = nil
    ) {
        self.cache = cache
        self.folders = folders
        self.command = command
        self.limit = limit
    }

    /// Every plugin in the folders, in the order of search. Of several folders with a plugin of
    /// one name only the first counts. Ordinary libraries are left out. Blocks until each file
    /// has been described.
    public func reports() -> [PluginReport] {
        var slots: [PluginReport?] = []
        var described: [(slot: Int, path: String)] = []
        for (_, paths) in folders.files() {
            let candidates = paths.filter { ElfFile.mayBePlugin($0) }
            let byName = Dictionary(grouping: candidates) {
                PluginFolders.pluginNames(of: $0).first ?? $0
            }
            for path in candidates {
                let twins = byName[PluginFolders.pluginNames(of: path).first ?? path] ?? []
                if let reason = Self.refusal(of: path, twins: twins) {
                    slots.append(.broken(path, reason))
                } else {
                    described.append((slots.count, path))
                    slots.append(nil)
                }
            }
        }
        let answers = describe(described.map(\.path))
        for (answer, file) in zip(answers, described) { slots[file.slot] = answer }
        var first: [String: Int] = [:]
        var result: [PluginReport] = []
        for report in slots.compactMap(\.self) {
            guard let earlier = first[report.name] else {
                first[report.name] = result.count
                result.append(report)
                continue
            }
            let other = result[earlier].file
            if FileTrust.folder(of: other) == FileTrust.folder(of: report.file) {
                // Two files for one plugin stand in one folder, and both are told.
                result.append(report)
            } else if FileTrust.realPath(other) != FileTrust.realPath(report.file) {
                result[earlier].hides.append(report.file)
            }
        }
        return result
    }

    /// One file, wherever it is. Blocks until it has been described.
    ///
    /// - Parameter path: with a `/`.
    /// - Returns: nil for a library that is no plugin.
    public func report(of path: String) -> PluginReport? {
        if let reason = Self.refusal(of: path, twins: []) { return .broken(path, reason) }
        return describe([path]).first ?? nil
    }

    /// The plugin that a coro would name: the first folder that has one wins.
    ///
    /// - Returns: nil where there is none of that name.
    public func report(named name: String) -> PluginReport? {
        var found: PluginReport?
        switch folders.find(name) {
        case .file(let path): found = report(of: path)
        case .refused(let path, let reason): found = .broken(path, reason)
        case .ambiguous(let first, let second):
            found = .broken(
                first, "two files for one plugin: \(first) and \(second); remove one of them")
        case .ordinary(let path): found = ElfFile.flaw(of: path).map { .broken(path, $0) }
        case .missing: break
        }
        if let file = found?.file { found?.hides = folders.hidden(by: file, named: name) }
        return found
    }

    /// The file that has the name of a plugin and does not export one; nil where there is none.
    public func ordinaryFile(named name: String) -> String? {
        switch folders.find(name) {
        case .file(let path), .ordinary(let path): path
        case .refused, .ambiguous, .missing: nil
        }
    }

    /// Why a library of plain functions must not be loaded into a process that is to live on. Blocks
    /// until it was loaded in a child.
    ///
    /// - Parameter name: a path with a `/`, or a soname.
    /// - Returns: nil where it may be loaded, and where there is none: the linker says why.
    func danger(ofLibrary name: String) -> String? {
        let libraries = NeededLibraries(.ofSystem)
        guard let file = name.contains("/") ? name : libraries.file(named: name),
            let report = report(of: file), report.isDangerous
        else { return nil }
        return report.broken
    }

    private static func refusal(of path: String, twins: [String]) -> String? {
        if twins.count > 1 {
            let both = twins.sorted().joined(separator: " and ")
            return "two files for one plugin: \(both); remove one of them"
        }
        return FileTrust.refusal(of: path)
    }

    // MARK: Children

    /// A child at work on one file.
    private struct Running {
        var index: Int
        var path: String
        var child: ChildProcess
        var deadline: ContinuousClock.Instant
        var output: [UInt8] = []
    }

    /// What is known, and for the rest what children say.
    private func describe(_ paths: [String]) -> [PluginReport?] {
        // Before they are looked at: a file that changes meanwhile is not taken for the old one.
        let keys = paths.map { cache?.key(of: $0) }
        var reports = [PluginReport?](repeating: nil, count: paths.count)
        var unknown: [Int] = []
        for (index, path) in paths.enumerated() {
            switch keys[index].flatMap({ cache?.entry($0, path: path) }) {
            case .plugin(let report): reports[index] = report
            case .ordinary: break
            case nil: unknown.append(index)
            }
        }
        describeInChildren(unknown.map { (index: $0, path: paths[$0]) }) {
            index, report, wasLookedAt in
            reports[index] = report
            // At once: who interrupts the others does not lose it.
            if wasLookedAt, let key = keys[index] { cache?.keep(report, key) }
        }
        return reports
    }

    /// - Parameter done: called with each report as it comes, and whether the file was looked at.
    private func describeInChildren(
        _ files: [(index: Int, path: String)],
        done: (_ index: Int, _ report: PluginReport?, _ wasLookedAt: Bool) -> Void
    ) {
        var next = 0
        var running: [Running] = []
        while next < files.count || !running.isEmpty {
            while running.count < Self.width, next < files.count {
                let (index, path) = files[next]
                do throws(ChildProcess.StartError) {
                    running.append(try start(path, index: index))
                } catch {
                    let reason = "no process to load it in: \(error.reason)"
                    done(index, .broken(path, reason), false)
                }
                next += 1
            }
            ChildProcess.wait(for: running.map(\.child))
            running = running.compactMap { entry in
                var entry = entry
                guard let end = advance(&entry) else { return entry }
                entry.child.closeOutput()
                done(entry.index, report(entry.path, end, output: entry.output), true)
                return nil
            }
        }
    }

    private func start(_ path: String, index: Int) throws(ChildProcess.StartError) -> Running {
        // Without Swift's own crash reports, which take seconds to write.
        let child = try ChildProcess(
            command + [path], environment: ["SWIFT_BACKTRACE=enable=no"])
        return Running(index: index, path: path, child: child, deadline: .now + limit)
    }

    private enum End {
        case ended(ChildProcess.Ending)
        case tookTooLong
        case tooLarge
    }

    /// Reads what is there; nil while the child is still at work.
    private func advance(_ entry: inout Running) -> End? {
        let child = entry.child
        let ending = child.advance { entry.output += $0 }
        let end: End
        if entry.output.count > Self.largestReport {
            end = .tooLarge
        } else if let ending {
            end = .ended(ending)
        } else {
            guard .now >= entry.deadline else { return nil }
            end = .tookTooLong
        }
        if ending == nil {
            child.kill()
            _ = child.waitForEnding()
        }
        return end
    }

    private func report(_ path: String, _ end: End, output: [UInt8]) -> PluginReport? {
        // A child that has told all has loaded the file, and what follows is its end.
        let value = try? Value(form: Value(json: output))
        let told = value.flatMap { try? PluginReport($0) }
        // A library that is no plugin is none, however it ends.
        if value == .null { return nil }
        let reason: String
        switch end {
        case .tooLarge:
            return .broken(path, "its description is larger than \(Self.largestReport) bytes")
        case .ended(.exited(code: 0)):
            if let told { return told }
            reason = "ended the process while loading"
        case .tookTooLong:
            reason =
                "took longer than \(limit.components.seconds) s to "
                + (told == nil ? "load" : "end")
        case .ended(.signalled(let signal)):
            reason = "signal \(signal) while " + (told == nil ? "loading" : "ending")
        case .ended(.exited(let code)):
            reason =
                "ended the process with exit code \(code) while "
                + (told == nil ? "loading" : "ending")
        }
        // What is wrong with its description is what its author has to mend first.
        if var told, told.broken != nil {
            told.isDangerous = true
            return told
        }
        return .broken(path, reason, isDangerous: true)
    }
}
