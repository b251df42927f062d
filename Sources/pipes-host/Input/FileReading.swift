import Glibc
import PipesCore

/// Reads whole files that a user named.
enum FileReading {
    /// Far above any graph of 100,000 nodes; `/dev/zero` must not fill the memory.
    static let largestByteCount = 256 << 20

    /// - Parameter file: `-` is standard input.
    /// - Throws: a `Diagnostic` that names the file and says why it can't be read.
    static func bytes(of file: String) throws -> [UInt8] {
        func failure(_ reason: String) -> Diagnostic {
            Diagnostic(file: file, reason)
        }
        func systemFailure() -> Diagnostic {
            failure("can't be read: \(String(cString: strerror(errno)))")
        }
        if file.utf8.contains(0) || file.isEmpty { throw failure("is no name of a file") }
        let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemFailure() }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }

        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw systemFailure()
            }
            bytes += chunk[..<count]
            if bytes.count > largestByteCount {
                throw failure("is larger than \(largestByteCount >> 20) MiB: that is no graph file")
            }
        }
    }
}
