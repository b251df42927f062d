import ArgumentParser
import Glibc
import PipesCore
import PipesJSON

/// One of the two standard outputs. In `run` standard output belongs to the processors, so the
/// host says everything on standard error.
struct Console: Sendable {
    static let output = Console(descriptor: STDOUT_FILENO)
    static let error = Console(descriptor: STDERR_FILENO)

    let descriptor: Int32

    /// Writes a line for people at once, so that it can't be torn by what other threads write.
    func print(_ line: String) {
        write(line.withVisibleBytes + "\n")
    }

    /// Writes what a command was asked for to standard output. A reader that has gone away
    /// (`| head`) is no error to tell anyone of.
    /// - Throws: `ExitCode` 1, once it was said why it can't be written.
    static func show(_ text: String) throws(ExitCode) {
        if output.write(text) || errno == EPIPE { return }
        let reason = String(cString: strerror(errno))
        error.print("error: can't write to standard output: \(reason)")
        throw ExitCode(1)
    }

    /// Writes a result for programs. Bytes of a path that are not UTF-8 read as `\xe9` in it, as in
    /// texts.
    /// - Throws: `ExitCode` 1, once it was said why it can't be written.
    static func show(json value: Value) throws(ExitCode) {
        var writer = JSONWriter(isPretty: true)
        value.write(to: &writer)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        try show(text.withVisibleBytesInJSON + "\n")
    }

    /// Writes all of the text.
    /// - Returns: whether it was written; `errno` says why not.
    @discardableResult
    func write(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    if errno == EAGAIN, waitUntilWritable() { continue }
                    return false
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
            return true
        }
    }

    /// A pipe that another program made non-blocking may be full for a while.
    private func waitUntilWritable() -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&request, 1, -1) >= 0 || errno == EINTR
    }
}
