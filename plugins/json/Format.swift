internal import PipesJSON
internal import PipesPlugin

struct Format: MapProcessor {
    static let summary = "The JSON text of a value, in one line; BYTES as base64."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    func map(_ value: RawValue) -> FormattedJSON { FormattedJSON(value: value) }
}

/// A value as compact JSON. NaN and the infinities, which JSON does not have, become null.
struct FormattedJSON: ValueWritable {
    static let kind = Kind.string
    let value: RawValue

    func write(into memory: ResultMemory) throws -> RawValue {
        var writer = JSONWriter()
        try Self.write(value, to: &writer, depth: 0)
        return try writer.bytes.withUnsafeBytes { bytes in
            let start = try memory.copy(bytes).assumingMemoryBound(to: CChar.self)
            return RawValue(pipes_string(start, bytes.count))
        }
    }

    /// Recurses, so it has to end before the stack does: a value may come from any plugin.
    private static func write(
        _ value: RawValue, to writer: inout JSONWriter, depth: Int
    ) throws {
        guard depth <= Value.maximumDepth else {
            throw ConversionError("a value nested deeper than \(Value.maximumDepth)")
        }
        switch value.kind {
        case .null: writer.null()
        case .bool: writer.bool(try value.bool)
        case .int: writer.integer(Int64(try value.integer))
        case .float: writer.real(try value.real)
        case .string: writer.string(try value.text.utf8)
        case .bytes: writer.base64(try value.bytes.bindMemory(to: UInt8.self))
        case .list:
            writer.beginArray()
            for item in try value.items { try write(item, to: &writer, depth: depth + 1) }
            writer.endArray()
        case .map:
            let items = try value.keysAndValues
            writer.beginObject()
            for place in stride(from: 0, to: items.count, by: 2) {
                writer.key(try items[place].text.utf8)
                try write(items[place + 1], to: &writer, depth: depth + 1)
            }
            writer.endObject()
        case .tensor, .any, nil:
            throw ConversionError("\(value.kindName) has no JSON form")
        }
    }
}
