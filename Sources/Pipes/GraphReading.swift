internal import Glibc
public import PipesCore
public import PipesRuntime

extension Graph {
    /// Far above any graph of 100,000 nodes; a device that never ends must not fill the memory.
    private static let largestByteCount = 256 << 20

    /// Reads a graph file.
    ///
    /// - Parameters:
    ///   - file: its path; `-` is standard input.
    ///   - environment: for `${NAME}` in strings. None by default, since whoever writes a graph
    ///     could read what the process keeps there; `ProcessVariables.all` is that of the process.
    /// - Returns: the graph, and what is wrong with the file. Where there are errors, `Plumber`
    ///   refuses the graph with these and all others.
    /// - Throws: why there is no graph at all.
    public static func read(
        _ file: String, environment: [String: String] = [:]
    ) throws(GraphFailure) -> (graph: Graph, diagnostics: [Diagnostic]) {
        let bytes = try bytes(of: file)
        let (graph, diagnostics) = GraphFile.parse(bytes, file: file, environment: environment)
        guard let graph else { throw GraphFailure(diagnostics: diagnostics) }
        return (graph, diagnostics)
    }

    private static func bytes(of file: String) throws(GraphFailure) -> [UInt8] {
        func failure(_ reason: String) -> GraphFailure {
            GraphFailure(diagnostics: [Diagnostic(.error, file: file, reason)])
        }
        if file.isEmpty || file.utf8.contains(0) { throw failure("is no name of a file") }
        let descriptor = file == "-" ? STDIN_FILENO : open(file.cPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw failure("can't be read: \(String(cString: strerror(errno)))")
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("can't be read: \(String(cString: strerror(errno)))")
            }
            bytes += chunk[..<count]
            if bytes.count > largestByteCount {
                throw failure("is larger than \(largestByteCount >> 20) MiB: that is no graph file")
            }
        }
    }
}

/// The variables that the process was started with. In a value that is not UTF-8 a private character
/// stands for each byte that is not, U+10FFE9 for E9, so that a path stays what it is.
public enum ProcessVariables {
    public static let all: [String: String] = {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            // Not by characters: with an accent that follows it "=" would be another one.
            let parts = String(path: text).unicodeScalars.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return variables
    }()
}
