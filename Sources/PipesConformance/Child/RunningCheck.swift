import Glibc
import PipesCore
import PipesPluginHost

/// A child at work on one check.
final class RunningCheck {
    /// What came of it.
    struct End {
        var outcome: ValidationReport.Result.Outcome
        var warnings: [String]
        var rows: RowCount
        var duration: Duration
    }

    private let child: ChildProcess
    private let folder: String
    private let start = ContinuousClock.now
    private let limit: Duration
    private var output: [UInt8] = []
    private var step = "loading"
    private var findings: [String] = []
    private var warnings: [String] = []
    private var skipped: String?
    private var rows = RowCount()
    private var isDone = false

    private init(_ child: ChildProcess, folder: String, limit: Duration) {
        self.child = child
        self.folder = folder
        self.limit = limit
    }

    /// Starts a child in a folder of its own.
    ///
    /// - Parameter rows: a text of rows for the child, as `OwnRows` writes it.
    static func start(
        _ command: [String], _ request: CheckChild.Request, rows: [UInt8], limit: Duration
    ) -> Result<RunningCheck, ChildProcess.StartError> {
        let base = getenv("TMPDIR").map { String(path: $0) } ?? "/tmp"
        var template = "\(base)/pipes-validate-XXXXXX".cPath
        guard let made = mkdtemp(&template) else {
            return .failure(ChildProcess.StartError(code: errno))
        }
        var request = request
        request.folder = String(path: made)
        // Before the child looks for them, and not as an argument: they may be many.
        guard write(rows, to: "\(request.folder)/\(CheckChild.rowsFile)") else {
            defer { remove(request.folder) }
            return .failure(ChildProcess.StartError(code: errno))
        }
        var json: [UInt8] = []
        request.value.appendJSON(to: &json)
        do throws(ChildProcess.StartError) {
            // Without Swift's own crash reports, which take seconds to write.
            let child = try ChildProcess(
                command + [String(decoding: json, as: UTF8.self)],
                environment: ["SWIFT_BACKTRACE=enable=no"])
            return .success(RunningCheck(child, folder: request.folder, limit: limit))
        } catch {
            remove(request.folder)
            return .failure(error)
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        let file = open(path.cPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    static func wait(for checks: [RunningCheck]) {
        ChildProcess.wait(for: checks.map(\.child))
    }

    /// Reads what is there; nil while the child is still at work.
    func advance() -> End? {
        let ending = child.advance { output += $0 }
        takeLines()
        if ending == nil {
            guard ContinuousClock.now - start > limit else { return nil }
            child.kill()
            _ = child.waitForEnding()
        }
        child.closeOutput()
        judge(ending)
        Self.remove(folder)
        let outcome: ValidationReport.Result.Outcome =
            !findings.isEmpty ? .failed(findings) : skipped.map { .skipped($0) } ?? .passed
        return End(
            outcome: outcome, warnings: warnings, rows: rows,
            duration: ContinuousClock.now - start)
    }

    private func judge(_ ending: ChildProcess.Ending?) {
        switch ending {
        case nil:
            findings.append("took longer than \(limit.components.seconds) s: \(step)")
        case .signalled(let signal):
            findings.append("\(Self.name(of: signal)) at \(step)" + lastWords)
        case .exited(let code) where !isDone:
            findings.append("it ended the process with exit code \(code) at \(step)" + lastWords)
        case .exited: break
        }
    }

    private func takeLines() {
        while let end = output.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(output[..<end])
            output.removeSubrange(...end)
            guard case .map(let pairs)? = try? Value(json: line), let pair = pairs.first,
                case .string(let text) = pair.value
            else { continue }
            switch Progress.Event(rawValue: pair.key) {
            case .step: step = text
            case .finding: findings.append(text)
            case .warning: warnings.append(text)
            case .skip: skipped = text
            case .rows: rows = RowCount(text: text) ?? rows
            case .done: isDone = true
            case nil: break
            }
        }
    }

    /// What a crash said of itself on standard error, such as the C library's
    /// `double free or corruption`.
    private var lastWords: String {
        let file = open("\(folder)/\(CheckChild.errorFile)".cPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        var bytes = [UInt8](repeating: 0, count: 2000)
        let count = pread(file, &bytes, bytes.count, max(0, size - off_t(bytes.count)))
        guard count > 0 else { return "" }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        let lines = text.split(whereSeparator: \.isNewline)
        // Swift says first what it is, and then where it came from.
        let line = lines.first { $0.contains("Fatal error") } ?? lines.last
        guard let line else { return "" }
        return " (\(String(line).quoted))"
    }

    private static func name(of signal: Int32) -> String {
        let what =
            switch signal {
            case SIGSEGV, SIGBUS: "touched memory that it may not"
            case SIGABRT: "aborted"
            case SIGILL, SIGTRAP: "stopped itself"
            case SIGFPE: "divided by zero"
            case SIGKILL: "was killed"
            default: String(cString: strsignal(signal))
            }
        return "signal \(signal) (\(what))"
    }

    /// The folder and the files in it; plugins make no folders unless they are told to.
    static func remove(_ folder: String) {
        guard let stream = opendir(folder.cPath) else { return }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(path: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(stream)
        for name in names { unlink("\(folder)/\(name)".cPath) }
        rmdir(folder.cPath)
    }
}
