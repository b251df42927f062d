import Glibc
import PipesCore
import PipesJSON
import PipesRuntime

/// Where failed rows go, a line of JSON for each: a file, or standard error.
///
/// Safe from any thread: each line is written as one.
final class DeadLetterFile: Sendable {
    private let file: String?
    /// What is written to; a lock, so that lines don't mix.
    private let console = Locked(Console.error)

    /// - Parameter file: nil is standard error.
    init(_ file: String?) {
        self.file = file
    }

    deinit {
        console.withLock { if $0.descriptor != STDERR_FILENO { close($0.descriptor) } }
    }

    /// Opens the file, to append to it; to be called once, before the first row can fail.
    /// - Throws: a `Diagnostic` where it can't be written.
    func open() throws {
        guard let file else { return }
        let descriptor = Glibc.open(file.cPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw Diagnostic(file: file, "can't be written, as the file of dead letters: \(reason)")
        }
        console.withLock { $0 = Console(descriptor: descriptor) }
    }

    /// A row that can't be written where it should go is told on standard error: it is the last
    /// that is known of it.
    func write(_ letter: DeadLetter) {
        let line = Self.line(of: letter)
        let isWritten = console.withLock { $0.write(line) }
        if !isWritten, let file {
            Console.error.print("error: \(file): a dead letter can't be written; here it is:")
            Console.error.write(line)
        }
    }

    private static func line(of letter: DeadLetter) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("time")
        json.string(now())
        json.key("graph")
        json.string(letter.graph)
        json.key("node")
        json.string(letter.node)
        json.key("key")
        json.beginArray()
        for number in letter.key { json.integer(Int64(clamping: number)) }
        json.endArray()
        json.key("attempts")
        json.integer(Int64(letter.attempts))
        json.key("message")
        json.string(letter.message)
        json.key("row")
        json.beginArray()
        for value in letter.row { value.write(to: &json, tensors: .small) }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    /// As RFC 3339 has it, in UTC, with milliseconds.
    private static func now() -> String {
        var clock = timespec()
        clock_gettime(CLOCK_REALTIME, &clock)
        var parts = tm()
        gmtime_r(&clock.tv_sec, &parts)
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = [
            padded(Int(parts.tm_year) + 1900, 4), padded(Int(parts.tm_mon) + 1, 2),
            padded(Int(parts.tm_mday), 2),
        ]
        let time = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
        return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "."
            + padded(clock.tv_nsec / 1_000_000, 3) + "Z"
    }
}
