public import PipesJSON

extension Value {
    /// Reads one value from JSON text: an object becomes a MAP whose pairs stand in their order,
    /// a number with a fraction, with an exponent or beyond INT a FLOAT. `init(form:)` finds in it
    /// what JSON doesn't have.
    ///
    /// - Parameter json: UTF-8.
    /// - Throws: where the text is not JSON, nested more than 512 deep, or has a number beyond FLOAT.
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

    /// Appends the value as JSON text on one line, in the form that `write` gives it.
    public func appendJSON(to bytes: inout [UInt8]) {
        var writer = JSONWriter(appendingTo: bytes)
        bytes = []
        write(to: &writer)
        bytes = writer.bytes
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
