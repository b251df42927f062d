internal import Glibc
public import PipesPlugin

/// Standard output, a batch of lines at a time: each batch is there before the next is taken, also
/// when the output is a pipe.
public struct PrintedRows: Sendable {
    private let label: String
    private var text = ""

    /// - Parameter label: what stands before each row.
    public init(label: String) { self.label = label }

    public mutating func append(_ row: Row) throws {
        try PythonText.appendLine(of: row, label: label, to: &text)
    }

    /// - Throws: `EndOfInput` when nobody reads any more; `Fatal` where standard output is broken.
    public mutating func flush() throws {
        defer { text.removeAll(keepingCapacity: true) }
        try text.withUTF8 { try Self.write($0) }
    }

    private static func write(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[written...])
            let count = Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
            if count >= 0 {
                written += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try waitUntilWritable()
            case EPIPE: throw EndOfInput()
            case let code: throw Fatal("standard output: \(String(cString: strerror(code)))")
            }
        }
    }

    /// Standard output may be shared with a process that made it non-blocking.
    private static func waitUntilWritable() throws {
        var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        while poll(&output, 1, -1) < 0 {
            guard errno == EINTR else {
                throw Fatal("standard output: \(String(cString: strerror(errno)))")
            }
        }
    }
}
