public import PipesPlugin
internal import PythonText

struct InputCoro: SourceProcessor {
    static let name = "input_coro"
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
    static let summary = "The first text of a row backwards, by Unicode code points."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    func map(_ row: Row) throws -> String { try row.read(0, as: String.self).backwards }
}

struct OutputCoro: SinkProcessor {
    static let name = "output_coro"
    static let summary = "Prints each row as a Python tuple: output~>  ('a', 'b')"

    private var rows = PrintedRows(label: "output~>")

    mutating func take(_ row: Row) throws { try rows.append(row) }
    mutating func flush() throws { try rows.flush() }
}

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin(
        "StringFuncs", version: "1.0.0",
        summary: "Functions of the first example of the Python library pipelines, by its names.",
        processors: [InputCoro.self, Reverse.self, OutputCoro.self]
    ).descriptor
}
