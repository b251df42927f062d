import ArgumentParser
import Glibc
import PipesCore
import PipesRuntime

/// The file that `--report` names. It is opened before the run, so that a name that can't be
/// written is told before anything happens.
struct ReportFile: ~Copyable {
    private let file: String
    private let console: Console

    /// - Parameter file: `-` is standard output.
    /// - Throws: a `Diagnostic` where it can't be written.
    init(_ file: String) throws(Diagnostic) {
        self.file = file
        if file == "-" {
            console = .output
            return
        }
        let descriptor = open(file.cPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.problem(file) }
        console = Console(descriptor: descriptor)
    }

    deinit {
        if console.descriptor != STDOUT_FILENO { close(console.descriptor) }
    }

    /// - Returns: whether it was written; where it was not, that was told.
    func write(_ report: RunReport) -> Bool {
        do throws(ExitCode) {
            try write(String(decoding: LedgerJSON.bytes(of: report), as: UTF8.self))
            return true
        } catch {
            return false
        }
    }

    /// - Throws: `ExitCode` 1, once it was said why it can't be written.
    func write(_ text: String) throws(ExitCode) {
        if file == "-" { return try Console.show(text) }
        if !console.write(text) {
            GraphInput.report([Self.problem(file)])
            throw ExitCode(1)
        }
    }

    private static func problem(_ file: String) -> Diagnostic {
        let reason = String(cString: strerror(errno))
        return Diagnostic(file: file, "can't be written, as the report: \(reason)")
    }
}
