public import PipesJSON

extension Value {
    /// Reads one value from JSON text: an object becomes a MAP whose pairs stand in their order,
    /// a number with a fraction, with an exponent or beyond INT a FLOAT. JSON has no BYTES: their
    /// base64 stays a STRING.
    ///
    /// - Parameter json: UTF-8.
    /// - Throws: where the text is not JSON, or nested more than 512 deep.
    public init(json: [UInt8]) throws(JSONError) {
        self = try json.withUnsafeBufferPointer { buffer throws(JSONError) in
            var reader = JSONReader(buffer)
            return try Value(reading: &reader)
        }
    }

    private init(reading reader: inout JSONReader) throws(JSONError) {
        var result = Value.null
        var open: [Container] = []
        while let token = try reader.next() {
            var value: Value
            switch token {
            case .beginObject:
                open.append(Container(isMap: true))
                continue
            case .beginArray:
                open.append(Container(isMap: false))
                continue
            case .key(let key):
                open[open.count - 1].key = key.string
                continue
            case .endObject, .endArray: value = open.removeLast().value
            case .string(let string): value = .string(string.string)
            case .integer(let integer): value = .int(integer)
            case .real(let real): value = .float(real)
            case .bool(let bool): value = .bool(bool)
            case .null: value = .null
            }
            if open.isEmpty { result = value } else { open[open.count - 1].append(value) }
        }
        self = result
    }

    /// Appends the value as JSON text on one line: BYTES as base64, a FLOAT always with a point
    /// or an exponent (NaN and the infinities as null).
    public func appendJSON(to bytes: inout [UInt8]) {
        var writer = JSONWriter(appendingTo: bytes)
        bytes = []
        write(to: &writer)
        bytes = writer.bytes
    }

    /// Writes the value as the next one of a larger text.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .int(let integer): writer.integer(integer)
        case .float(let real): writer.real(real)
        case .string(let string): writer.string(string)
        case .bytes(let bytes): bytes.withUnsafeBufferPointer { writer.base64($0) }
        case .list(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer) }
            writer.endArray()
        case .map(let pairs):
            writer.beginObject()
            for pair in pairs {
                writer.key(pair.key)
                pair.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    /// The value as JSON text on one line.
    package var json: String {
        var bytes: [UInt8] = []
        appendJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// An object or array that is being read.
private struct Container {
    let isMap: Bool
    var key = ""
    var values: [Value] = []
    var pairs: [Value.Pair] = []

    init(isMap: Bool) { self.isMap = isMap }

    var value: Value { isMap ? .map(pairs) : .list(values) }

    mutating func append(_ value: Value) {
        if isMap { pairs.append(Value.Pair(key, value)) } else { values.append(value) }
    }
}
