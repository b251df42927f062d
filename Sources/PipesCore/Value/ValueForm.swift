public import PipesJSON

/// The JSON form of all values: what JSON has as itself, a FLOAT always with a point or an
/// exponent, and as objects with one key
///
/// - BYTES: `{"$bytes": "base64"}`,
/// - a FLOAT that JSON doesn't have: `{"$float": "NaN"}`, `"Infinity"` or `"-Infinity"`,
/// - a TENSOR: `{"$tensor": {"dtype": "u8", "shape": [2, 2], "data": [1, 2, 3, 4]}}`,
/// - a MAP that looks like one of these: `{"$map": {"$bytes": 1}}`.
enum ValueForm {
    static let bytes = "$bytes"
    static let float = "$float"
    static let tensor = "$tensor"
    static let map = "$map"
    static let keys = [bytes, float, tensor, map]
}

/// How much of a TENSOR's elements is written.
public struct TensorDetail: Sendable {
    /// Larger ones are not written as a whole.
    var largest: Int
    /// How many numbers of those stand under `first`.
    var firstCount: Int

    /// All of them.
    public static let whole = TensorDetail(largest: .max, firstCount: 0)
    /// Those of tensors of up to 4 KiB; of others type and shape.
    public static let small = TensorDetail(largest: 4 << 10, firstCount: 0)
    /// Those of tensors of up to 4 KiB; of others type, shape and the first numbers.
    static let first = TensorDetail(largest: 4 << 10, firstCount: 16)
}

extension Value {
    /// Writes the value as the next one of a larger text, in the JSON form of all values: BYTES as
    /// `{"$bytes": "base64"}`, NaN as `{"$float": "NaN"}`, a TENSOR as `{"$tensor": {...}}`.
    public func write(to writer: inout JSONWriter, tensors: TensorDetail = .whole) {
        switch self {
        case .null: writer.null()
        case .bool(let bool): writer.bool(bool)
        case .int(let integer): writer.integer(integer)
        case .float(let real): writer.realOrForm(real)
        case .string(let string): writer.string(string)
        case .bytes(let bytes):
            writer.form(ValueForm.bytes) { $0.base64(bytes) }
        case .list(let values):
            writer.beginArray()
            for value in values { value.write(to: &writer, tensors: tensors) }
            writer.endArray()
        case .map(let pairs):
            if pairs.count == 1, ValueForm.keys.contains(pairs[0].key) {
                writer.form(ValueForm.map) { Self.write(pairs, to: &$0, tensors: tensors) }
            } else {
                Self.write(pairs, to: &writer, tensors: tensors)
            }
        case .tensor(let tensor):
            writer.form(ValueForm.tensor) { tensor.write(to: &$0, tensors) }
        }
    }

    private static func write(
        _ pairs: [Pair], to writer: inout JSONWriter, tensors: TensorDetail
    ) {
        writer.beginObject()
        for pair in pairs {
            writer.key(pair.key)
            pair.value.write(to: &writer, tensors: tensors)
        }
        writer.endObject()
    }

    /// For messages: JSON on one line, with the first numbers of a large TENSOR.
    package var shown: String {
        var writer = JSONWriter()
        write(to: &writer, tensors: .first)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONWriter {
    fileprivate mutating func form(_ key: String, _ content: (inout JSONWriter) -> Void) {
        beginObject()
        self.key(key)
        content(&self)
        endObject()
    }

    fileprivate mutating func base64(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { base64($0) }
    }

    fileprivate mutating func realOrForm(_ real: Double) {
        if let name = real.nonFiniteName {
            form(ValueForm.float) { $0.string(name) }
        } else {
            self.real(real)
        }
    }
}

extension Double {
    static let nonFinite: [String: Double] = [
        "NaN": .nan, "Infinity": .infinity, "-Infinity": -.infinity,
    ]

    /// nil where JSON has it as a number.
    var nonFiniteName: String? {
        isFinite ? nil : isNaN ? "NaN" : self < 0 ? "-Infinity" : "Infinity"
    }
}

extension Tensor {
    fileprivate func write(to writer: inout JSONWriter, _ detail: TensorDetail) {
        writer.beginObject()
        writer.key("dtype")
        writer.string(type.name)
        writer.key("shape")
        writer.beginArray()
        for size in shape { writer.integer(size) }
        writer.endArray()
        let isWhole = byteCount <= detail.largest
        if let data, isWhole || detail.firstCount > 0 {
            if type.number == nil {
                if isWhole {
                    writer.key("bytes")
                    writer.base64(data)
                }
            } else {
                writer.key(isWhole ? "data" : "first")
                writer.beginArray()
                let count = isWhole ? numberCount : min(numberCount, detail.firstCount)
                for index in 0..<count { writer.number(self[index, in: data]) }
                writer.endArray()
            }
        }
        writer.endObject()
    }
}

extension JSONWriter {
    fileprivate mutating func number(_ number: TensorNumber) {
        switch number {
        case .bool(let truth): self.bool(truth)
        case .int(let integer): self.integer(integer)
        // JSON numbers beyond INT lose digits in many readers, this one among them.
        case .unsigned(let integer): string(String(integer))
        case .float(let real): realOrForm(real)
        }
    }
}
