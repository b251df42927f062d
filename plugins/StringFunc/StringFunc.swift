public import PipesPlugin
internal import PythonText

struct InputStr: SourceProcessor {
    static let name = "input_str"
    static let summary = "Random texts of 36 characters, like UUIDs."
    static let nonblocking = true

    @Arg("How many texts.", range: 0...) var num = 20
    @Arg("The same seed gives the same texts; -1 takes a new one for each run.", range: (-1)...)
    var seed = -1
    private var passed = 0
    private var texts = RandomTexts(seed: 0)

    mutating func open() { texts = RandomTexts(seed: seed) }

    mutating func next() -> String? {
        guard passed < num else { return nil }
        passed += 1
        return texts.next()
    }
}

struct Reverse: MapProcessor {
    static let summary = "A text backwards; waits a millisecond longer for each."

    private var wait = Duration.zero

    mutating func map(_ text: String) async throws -> String {
        wait += .milliseconds(1)
        try await Task.sleep(for: wait)
        return text.backwards
    }
}

struct AppendReverse: MapProcessor {
    static let name = "append_reverse"
    static let summary = "The joined texts, one behind the other, and the same backwards."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    func map(_ row: Row) throws -> String {
        var text = ""
        for index in row.indices { text += try row.read(index, as: String.self) }
        return text + text.backwards
    }
}

struct ToUpper: MapProcessor {
    static let name = "toupper"
    static let summary = "A text in upper case."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    func map(_ text: String) -> String { text.uppercased() }
}

struct ToLower: MapProcessor {
    static let name = "tolower"
    static let summary = "A text in lower case."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    func map(_ text: String) -> String { text.lowercased() }
}

struct OutputStr: SinkProcessor {
    static let name = "output_str"
    static let summary = "Prints each row as a Python tuple: output~>  ('a',)"

    private var rows = PrintedRows()

    mutating func take(_ row: Row) throws { try rows.append(row) }
    mutating func flush() throws { try rows.flush() }
}

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin(
        "StringFunc", version: "1.0.0", summary: "Texts that wait: the five-node example.",
        processors: [
            InputStr.self, Reverse.self, AppendReverse.self, ToUpper.self, ToLower.self,
            OutputStr.self,
        ]
    ).descriptor
}
