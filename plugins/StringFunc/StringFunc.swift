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
    static let summary =
        "The first text of a row backwards; waits 0, 1, 2 ... steps for its first, second, third row."

    @Arg("How much longer each row waits than the one before.") var step = "1ms"
    private var wait = Duration.zero
    private var increase = Duration.zero

    mutating func open() throws { increase = try Step(step).duration }

    mutating func map(_ row: Row) async throws -> String {
        let text = try row.read(0, as: String.self)
        try await Task.sleep(for: wait)
        wait += increase
        return text.backwards
    }
}

struct AppendReverse: MapProcessor {
    static let name = "append_reverse"
    static let summary = "The first text backwards, and behind it the second one backwards."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    func map(_ first: String, _ second: String) -> String { first.backwards + second.backwards }
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
    static let summary = "The first of one or two texts in lower case."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    mutating func open(_ node: Node) throws {
        guard node.inputCount <= 2 else {
            throw WrongInputCount(
                description: "it takes one or two inputs, and \(node.inputCount) nodes feed it")
        }
    }

    func map(_ row: Row) throws -> String { try row.read(0, as: String.self).lowercased() }
}

private struct WrongInputCount: Error, CustomStringConvertible {
    let description: String
}

struct OutputStr: SinkProcessor {
    static let name = "output_str"
    static let summary = "Prints each row as a Python tuple: output_str:  ('a',)"

    private var rows = PrintedRows(label: "output_str:")

    mutating func take(_ row: Row) throws { try rows.append(row) }
    mutating func flush() throws { try rows.flush() }
}

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin(
        "StringFunc", version: "1.0.0",
        summary: "Functions of the test graph of the Python library pipelines, by its names.",
        processors: [
            InputStr.self, Reverse.self, AppendReverse.self, ToUpper.self, ToLower.self,
            OutputStr.self,
        ]
    ).descriptor
}
