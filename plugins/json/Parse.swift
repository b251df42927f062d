internal import PipesJSON
internal import PipesPlugin

struct Parse: MapProcessor {
    static let summary = "A value from its JSON text."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    func map(_ text: TextView) -> ParsedJSON { ParsedJSON(text: text) }
}

/// The value of a JSON text, built where the results of the call live. Strings without escapes
/// are not copied: they refer to the text, which the host keeps as long as the result.
struct ParsedJSON: ValueWritable {
    static let kind = Kind.any
    let text: TextView

    func write(into memory: ResultMemory) throws -> RawValue {
        var reader = JSONReader(text.utf8, depthLimit: Value.maximumDepth)
        var tree = TreeBuilder(memory: memory)
        while let token = try reader.next() {
            switch token {
            case .beginArray, .beginObject: tree.begin()
            case .endArray: try tree.endList()
            case .endObject: try tree.endMap()
            case .key(let key), .string(let key): tree.append(try string(key, memory))
            case .integer(let integer): tree.append(pipes_int(integer))
            case .real(let real): tree.append(pipes_float(real))
            case .bool(let truth): tree.append(pipes_bool(truth))
            case .null: tree.append(pipes_null())
            }
        }
        return RawValue(try tree.value())
    }

    private func string(_ text: JSONText, _ memory: ResultMemory) throws -> pipes_value {
        guard text.hasEscapes else {
            return pipes_string(Self.characters(text.raw.baseAddress), text.raw.count)
        }
        let room = try memory.allocate(UInt8.self, count: text.raw.count)
        let size = text.decode(
            into: UnsafeMutableBufferPointer(start: room, count: text.raw.count))
        return pipes_string(Self.characters(room), size)
    }

    private static func characters(_ bytes: UnsafePointer<UInt8>?) -> UnsafePointer<CChar>? {
        UnsafeRawPointer(bytes)?.assumingMemoryBound(to: CChar.self)
    }
}

/// Values that wait for the end of their container. A container becomes one value when it ends,
/// its items being the last that wait.
private struct TreeBuilder {
    let memory: ResultMemory
    private var waiting: [pipes_value] = []
    /// Where the items of each open container begin, outermost first.
    private var starts: [Int] = []

    init(memory: ResultMemory) {
        self.memory = memory
        // Most texts then need no second block of memory.
        waiting.reserveCapacity(32)
        starts.reserveCapacity(8)
    }

    mutating func append(_ value: pipes_value) { waiting.append(value) }
    mutating func begin() { starts.append(waiting.count) }

    mutating func endList() throws {
        let start = starts.removeLast()
        let items = try copy(waiting[start...])
        let count = waiting.count - start
        waiting.removeSubrange(start...)
        waiting.append(pipes_list(items, count))
    }

    mutating func endMap() throws {
        let start = starts.removeLast()
        LastOfEqualKeys.keep(in: &waiting, from: start)
        let items = try copy(waiting[start...])
        let count = (waiting.count - start) / 2
        waiting.removeSubrange(start...)
        waiting.append(pipes_map(items, count))
    }

    /// What is left when the text has ended; the reader sees to it that it is one value.
    func value() throws -> pipes_value {
        guard let value = waiting.first else { throw ConversionError("no JSON value") }
        return value
    }

    private func copy(_ items: ArraySlice<pipes_value>) throws -> UnsafePointer<pipes_value> {
        let room = try memory.allocate(pipes_value.self, count: items.count)
        _ = UnsafeMutableBufferPointer(start: room, count: items.count).initialize(from: items)
        return UnsafePointer(room)
    }
}
