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
    init(_ file: String) throws {
        self.file = file
        if file == "-" {
            console = .output
            return
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw Diagnostic(file: file, "can't be written, as the report: \(reason)")
        }
        console = Console(descriptor: descriptor)
    }

    deinit {
        if console.descriptor != STDOUT_FILENO { close(console.descriptor) }
    }

    func write(_ report: RunReport) {
        write(String(decoding: LedgerJSON.bytes(of: report), as: UTF8.self))
    }

    func write(_ text: String) {
        if !console.write(text), file != "-" {
            Console.error.print("error: \(file): the report can't be written")
        }
    }
}
