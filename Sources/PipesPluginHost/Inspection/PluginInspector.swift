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
        var seen: Set<String> = []
        var seenInFolder: [String: String] = [:]
        return slots.compactMap { report in
            guard let report else { return nil }
            let folder = FileTrust.folder(of: report.file)
            // Two files for one plugin stand in one folder, and both are told.
            let isFirst = seen.insert(report.name).inserted || seenInFolder[report.name] == folder
            if isFirst { seenInFolder[report.name] = folder }
            return isFirst ? report : nil
        }
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
        switch folders.find(name) {
        case .file(let path): report(of: path)
        case .refused(let path, let reason): .broken(path, reason)
        case .ambiguous(let first, let second):
            .broken(first, "two files for one plugin: \(first) and \(second); remove one of them")
        case .ordinary, .missing: nil
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
        var child: ChildProcess
        var deadline: ContinuousClock.Instant
        var output: [UInt8] = []
    }

    /// What is known, and for the rest what children say.
    private func describe(_ paths: [String]) -> [PluginReport?] {
        guard let cache else { return describeInChildren(paths) }
        // Before they are looked at: a file that changes meanwhile is not taken for the old one.
        let keys = paths.map { cache.key(of: $0) }
        let known = zip(keys, paths).map { key, path in
            key.flatMap { cache.entry($0, path: path) }
        }
        let unknown = paths.indices.filter { known[$0] == nil }
        let described = describeInChildren(unknown.map { paths[$0] })
        for (index, report) in zip(unknown, described) {
            if let key = keys[index] { cache.keep(report, key) }
        }
        return paths.indices.map { index in
            switch known[index] {
            case .plugin(let report): report
            case .ordinary: nil
            case nil: unknown.firstIndex(of: index).flatMap { described[$0] }
            }
        }
    }

    private func describeInChildren(_ paths: [String]) -> [PluginReport?] {
        var reports = [PluginReport?](repeating: nil, count: paths.count)
        var next = 0
        var running: [Running] = []
        while next < paths.count || !running.isEmpty {
            while running.count < Self.width, next < paths.count {
                do throws(ChildProcess.StartError) {
                    running.append(try start(paths[next], index: next))
                } catch {
                    reports[next] = .broken(
                        paths[next], "no process to load it in: \(error.reason)")
                }
                next += 1
            }
            Self.waitForOutput(of: running)
            running = running.compactMap { entry in
                var entry = entry
                guard let outcome = advance(&entry) else { return entry }
                entry.child.closeOutput()
                reports[entry.index] = report(paths[entry.index], outcome)
                return nil
            }
        }
        return reports
    }

    private func start(_ path: String, index: Int) throws(ChildProcess.StartError) -> Running {
        // Without Swift's own crash reports, which take seconds to write.
        let child = try ChildProcess(
            command + [path], environment: ["SWIFT_BACKTRACE=enable=no"])
        return Running(index: index, child: child, deadline: .now + limit)
    }

    private static func waitForOutput(of running: [Running]) {
        guard let first = running.map(\.deadline).min() else { return }
        let left = ContinuousClock.now.duration(to: first)
        // Rounded up, so that the deadline has passed when nothing else woke it.
        let milliseconds = max(0, left / .milliseconds(1)).rounded(.up)
        var polled = running.map { pollfd(fd: $0.child.output, events: Int16(POLLIN), revents: 0) }
        poll(&polled, nfds_t(polled.count), Int32(min(milliseconds, 60_000)))
    }

    private enum Outcome {
        case ended(ChildProcess.Ending, output: [UInt8])
        case tookTooLong
        case tooLarge
    }

    /// Reads what is there; nil while the child is still at work.
    private func advance(_ entry: inout Running) -> Outcome? {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(entry.child.output, &chunk, chunk.count)
            if count > 0 {
                entry.output += chunk[..<count]
                if entry.output.count > Self.largestReport { return stop(entry, .tooLarge) }
                continue
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                return .now < entry.deadline ? nil : stop(entry, .tookTooLong)
            }
            break
        }
        // Its output is closed: it is about to end, or has closed it to go on.
        while ContinuousClock.now < entry.deadline {
            if let ending = entry.child.ending() { return .ended(ending, output: entry.output) }
            usleep(500)
        }
        return stop(entry, .tookTooLong)
    }

    private func stop(_ entry: Running, _ outcome: Outcome) -> Outcome {
        entry.child.kill()
        _ = entry.child.waitForEnding()
        return outcome
    }

    private func report(_ path: String, _ outcome: Outcome) -> PluginReport? {
        switch outcome {
        case .tookTooLong:
            return .broken(
                path, "took longer than \(limit.components.seconds) s to load",
                isDangerous: true)
        case .tooLarge:
            return .broken(path, "its description is larger than \(Self.largestReport) bytes")
        case .ended(.signalled(let signal), _):
            return .broken(
                path, "signal \(signal) while loading",
                isDangerous: true)
        case .ended(.exited(let code), let output):
            guard code == 0 else {
                return .broken(
                    path, "ended the process with exit code \(code) while loading",
                    isDangerous: true)
            }
            do {
                let value = try Value(json: output)
                return value == .null ? nil : try PluginReport(value)
            } catch {
                return .broken(
                    path, "ended the process while loading",
                    isDangerous: true)
            }
        }
    }
}
