internal import PipesJSON
internal import PipesPlugin

struct Format: MapProcessor {
    static let summary =
        "The JSON text of a value, in one line; BYTES as base64. A FLOAT that JSON can't hold "
        + "rejects the row."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    // The name and the words of io.print.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    @Arg(
        "What becomes of a FLOAT that JSON can't hold (NaN, Infinity, -Infinity): \"reject\" the "
            + "row, write \"null\", or write its name as \"text\".") var non_finite = NonFinite
        .reject

    func map(_ value: RawValue) -> FormattedJSON {
        FormattedJSON(value: value, nonFinite: non_finite)
    }
}

/// What becomes of NaN and the infinities, which JSON does not have.
enum NonFinite: String, CaseIterable, ArgConvertible {
    case reject, null, text
}

/// A value as compact JSON.
struct FormattedJSON: ValueWritable {
    static let kind = Kind.string
    let value: RawValue
    let nonFinite: NonFinite

    func write(into memory: ResultMemory) throws -> RawValue {
        var writer = JSONWriter()
        do {
            try write(value, to: &writer, depth: 0)
        } catch let unwritable as UnwritableNumber {
            throw ConversionError(unwritable.reason)
        }
        return try writer.bytes.withUnsafeBytes { bytes in
            let start = try memory.copy(bytes).assumingMemoryBound(to: CChar.self)
            return RawValue(pipes_string(start, bytes.count))
        }
    }

    /// Recurses, so it has to end before the stack does: a value may come from any plugin.
    private func write(
        _ value: RawValue, to writer: inout JSONWriter, depth: Int
    ) throws {
        guard depth <= Value.maximumDepth else {
            throw ConversionError("a value nested deeper than \(Value.maximumDepth)")
        }
        switch value.kind {
        case .null: writer.null()
        case .bool: writer.bool(try value.bool)
        case .int: writer.integer(Int64(try value.integer))
        case .float: try write(try value.real, to: &writer)
        case .string: writer.string(try value.text.utf8)
        case .bytes: writer.base64(try value.bytes.bindMemory(to: UInt8.self))
        case .list:
            writer.beginArray()
            for (index, item) in try value.items.enumerated() {
                do {
                    try write(item, to: &writer, depth: depth + 1)
                } catch let unwritable as UnwritableNumber {
                    throw unwritable.inside(String(index))
                }
            }
            writer.endArray()
        case .map:
            let items = try value.keysAndValues
            writer.beginObject()
            for place in stride(from: 0, to: items.count, by: 2) {
                writer.key(try items[place].text.utf8)
                do {
                    try write(items[place + 1], to: &writer, depth: depth + 1)
                } catch let unwritable as UnwritableNumber {
                    throw unwritable.inside(try items[place].text.string)
                }
            }
            writer.endObject()
        case .tensor, .any, nil:
            throw ConversionError("\(value.kindName) has no JSON form")
        }
    }

    private func write(_ real: Double, to writer: inout JSONWriter) throws {
        if real.isFinite {
            writer.real(real)
            return
        }
        let number = UnwritableNumber(real)
        switch nonFinite {
        case .reject: throw number
        case .null: writer.null()
        case .text: writer.string(number.name)
        }
    }
}

/// A number that JSON can't hold, and where it stands.
private struct UnwritableNumber: Error {
    let name: String
    /// A JSON Pointer (RFC 6901); empty where it is the row itself.
    private var place = ""

    init(_ real: Double) {
        name = real.isNaN ? "NaN" : real < 0 ? "-Infinity" : "Infinity"
    }

    func inside(_ part: String) -> UnwritableNumber {
        var outer = self
        let escaped = part.replacing("~", with: "~0").replacing("/", with: "~1")
        outer.place = "/" + escaped + place
        return outer
    }

    var reason: String {
        "\(name)\(place.isEmpty ? "" : " at \(place)") is not a number that JSON can hold; set "
            + "\"non_finite\" to \"null\" or \"text\" to write it"
    }
}
