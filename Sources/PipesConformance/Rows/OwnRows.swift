import Glibc
public import PipesCore
import PipesJSON

/// Rows of the user's own, which checks give to processors beside those that they generate.
public struct OwnRows: Sendable {
    /// A row as it was written, and where.
    public struct Row: Sendable {
        /// One for each joined input.
        public var values: [Value]
        public var file: String
        public var place: Place?

        public init(_ values: [Value], file: String, place: Place? = nil) {
            self.values = values
            self.file = file
            self.place = place
        }
    }

    private static let mostMistakes = 20
    private static let largestFile = 256 << 20

    /// By processor.
    private var rows: [String: [[Value]]] = [:]
    /// How the command line names them, to make a check again.
    private let options: [String]

    public init(options: [String] = []) {
        self.options = options
    }

    /// How many there are, each counted for every processor that takes it.
    public var count: Int { rows.values.reduce(0) { $0 + $1.count } }

    subscript(processor: String?) -> [[Value]] { processor.flatMap { rows[$0] } ?? [] }

    /// What names the rows of a processor on the command line.
    func options(for processor: String?) -> [String] { self[processor].isEmpty ? [] : options }

    // MARK: Who takes them

    /// Adds a row to each of the processors that takes it.
    ///
    /// - Parameters:
    ///   - added: the rows.
    ///   - processors: those that are checked.
    ///   - others: of the same plugin; a row that is for one of them is no mistake.
    ///   - plugin: its name.
    /// - Returns: what is wrong with those rows that none takes.
    public mutating func add(
        _ added: [Row], to processors: [ProcessorDescription],
        beside others: [ProcessorDescription] = [], of plugin: String
    ) -> [Diagnostic] {
        var mistakes: [Diagnostic] = []
        for row in added {
            var reasons: [String] = []
            for processor in processors {
                do throws(Misfit) {
                    try Self.check(row.values, for: processor)
                    rows[processor.name, default: []].append(row.values)
                } catch {
                    reasons.append(error.reason)
                }
            }
            guard reasons.count == processors.count,
                !others.contains(where: { Self.takes($0, row.values) })
            else { continue }
            mistakes.append(
                Diagnostic(
                    file: row.file, at: row.place,
                    "this row is for no processor of \(plugin): "
                        + reasons.prefix(5).joined(separator: "; ")))
        }
        return Self.first(mistakes)
    }

    /// Why a row is none for a processor.
    struct Misfit: Error {
        var reason: String
    }

    private static func takes(_ processor: ProcessorDescription, _ values: [Value]) -> Bool {
        do throws(Misfit) {
            try check(values, for: processor)
            return true
        } catch {
            return false
        }
    }

    private static func check(
        _ values: [Value], for processor: ProcessorDescription
    ) throws(Misfit) {
        if processor.isSource {
            throw Misfit(reason: "\(processor.name) is a source and takes none")
        }
        guard let inputs = processor.inputs else { return }
        guard values.count == inputs.count else {
            let takes = inputs.count == 1 ? "1 value" : "\(inputs.count) values"
            throw Misfit(reason: "\(processor.name) takes \(takes), and it has \(values.count)")
        }
        for (input, value) in zip(inputs, values) {
            do throws(ProcessorDescription.Param.Misfit) {
                _ = try converted(value, for: input)
            } catch {
                throw Misfit(
                    reason: "input \(input.name.quoted) of \(processor.name) \(error.reason)")
            }
        }
    }

    /// A value as an input takes it: as with args, an integer serves for a FLOAT and base64 for
    /// BYTES.
    static func converted(
        _ value: Value, for input: ProcessorDescription.Port
    ) throws(ProcessorDescription.Param.Misfit) -> Value {
        // NULL stands for a partner that never came.
        if case .null = value { return value }
        return try ProcessorDescription.Param(name: input.name, kind: input.kind).converted(value)
    }

    // MARK: Reading and writing

    /// Reads a file of lines, each the JSON of a LIST with the values of one row. Lines without
    /// anything on them are passed over.
    ///
    /// - Parameter file: as the user named it.
    /// - Returns: its rows, and what is wrong with it.
    public static func read(_ file: String) -> (rows: [Row], mistakes: [Diagnostic]) {
        var text: [UInt8] = []
        if let reason = read(file, into: &text) {
            return ([], [Diagnostic(file: file, "can't be read: \(reason)")])
        }
        let (rows, mistakes) = read(text, file: file)
        if rows.isEmpty, mistakes.isEmpty {
            let wanted = "it wants a list of values on each line, such as [\"a\"]"
            return ([], [Diagnostic(file: file, "holds no rows: \(wanted)")])
        }
        return (rows, mistakes)
    }

    /// - Returns: why it can't be read; nil where it was.
    private static func read(_ file: String, into text: inout [UInt8]) -> String? {
        let descriptor = open(file.cPath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return nil }
            if count < 0 {
                if errno == EINTR { continue }
                return String(cString: strerror(errno))
            }
            text += chunk[..<count]
            if text.count > largestFile { return "it is larger than \(largestFile >> 20) MiB" }
        }
    }

    static func read(
        _ text: [UInt8], file: String
    ) -> (rows: [Row], mistakes: [Diagnostic]) {
        var rows: [Row] = []
        var mistakes: [Diagnostic] = []
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let lines = (text.starts(with: mark) ? text.dropFirst(3) : text[...])
            .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
            let start = Place(line: index + 1, column: 1)
            let value: Value
            do throws(JSONError) {
                value = try Value(json: Array(line))
            } catch {
                let before = String(decoding: line.prefix(error.offset), as: UTF8.self)
                let place = Place(line: index + 1, column: before.unicodeScalars.count + 1)
                mistakes.append(Diagnostic(file: file, at: place, "not JSON: \(error.message)"))
                continue
            }
            guard case .list(let values) = value else {
                mistakes.append(
                    Diagnostic(
                        file: file, at: start,
                        "a row is a list of its values, such as [\"a\"], got \(value.kind.name)"))
                continue
            }
            do throws(FormMistake) {
                var row: [Value] = []
                for value in values { row.append(try Value(form: value)) }
                rows.append(Row(row, file: file, place: start))
            } catch {
                mistakes.append(Diagnostic(file: file, at: start, error.message))
            }
        }
        return (rows, first(mistakes))
    }

    /// Of many mistakes the first.
    private static func first(_ mistakes: [Diagnostic]) -> [Diagnostic] {
        guard mistakes.count > mostMistakes, let last = mistakes.last else { return mistakes }
        let more = mistakes.count - mostMistakes
        return mistakes.prefix(mostMistakes)
            + [Diagnostic(file: last.file, at: last.place, "and \(more) more, this the last")]
    }

    /// The rows of a processor as the text that `read` takes.
    func text(for processor: String?) -> [UInt8] {
        var text: [UInt8] = []
        for row in self[processor] {
            Value.list(row).appendJSON(to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }
}
