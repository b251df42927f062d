import PipesJSON

/// Why an object is not the JSON form of a value: `"$bytes" wants base64 in a string, got INT; ...`.
public struct FormMistake: Error, Sendable, Hashable {
    public var message: String
}

extension Value {
    /// Finds what JSON doesn't have in a value that was read from JSON: `{"$bytes": "AP8="}` becomes
    /// BYTES, and so on, as `write` writes them.
    ///
    /// - Throws: where an object has one of the keys `$bytes`, `$float`, `$tensor` and `$map` and no
    ///   other key, and does not say such a value.
    public init(form value: Value) throws(FormMistake) {
        switch value {
        case .list(let values):
            var list: [Value] = []
            list.reserveCapacity(values.count)
            for value in values { list.append(try Value(form: value)) }
            self = .list(list)
        case .map(let pairs):
            guard pairs.count == 1, ValueForm.keys.contains(pairs[0].key) else {
                self = .map(try Self.read(pairs))
                return
            }
            self = try Self.read(form: pairs[0])
        default: self = value
        }
    }

    private static func read(_ pairs: [Pair]) throws(FormMistake) -> [Pair] {
        var read: [Pair] = []
        for pair in pairs { read.append(Pair(pair.key, try Value(form: pair.value))) }
        return read
    }

    private static func read(form pair: Pair) throws(FormMistake) -> Value {
        switch (pair.key, pair.value) {
        case (ValueForm.bytes, .string(let text)):
            guard let bytes = Base64.decode(text.utf8) else {
                throw mistake(pair.key, "wants base64, got \(text.quoted)")
            }
            return .bytes(bytes)
        case (ValueForm.bytes, _): throw wrongKind(pair, "base64 in a string")
        case (ValueForm.float, .string(let text)):
            guard let real = Double.nonFinite[text] else {
                throw mistake(
                    pair.key, "is \"NaN\", \"Infinity\" or \"-Infinity\", got \(text.quoted)")
            }
            return .float(real)
        case (ValueForm.float, _):
            throw wrongKind(pair, "\"NaN\", \"Infinity\" or \"-Infinity\"")
        case (ValueForm.tensor, .map(let fields)): return .tensor(try tensor(fields))
        case (ValueForm.tensor, _):
            throw wrongKind(pair, "an object of dtype, shape and data")
        case (_, .map(let pairs)): return .map(try read(pairs))
        default: throw wrongKind(pair, "the object that is the MAP")
        }
    }

    private static func wrongKind(_ pair: Pair, _ wanted: String) -> FormMistake {
        mistake(pair.key, "wants \(wanted), got \(pair.value.kind.name)")
    }

    /// Whoever meant a MAP with that key learns how to write it.
    private static func mistake(_ key: String, _ reason: String) -> FormMistake {
        let hint =
            key == ValueForm.map
            ? "" : "; a MAP with this one key is written {\"$map\": {\(key.quoted): ...}}"
        return FormMistake(message: "\(key.quoted) \(reason)\(hint)")
    }

    private static func tensor(_ fields: [Pair]) throws(FormMistake) -> Tensor {
        let known = ["dtype", "shape", "data", "bytes"]
        if let other = fields.first(where: { !known.contains($0.key) }) {
            throw mistake(
                ValueForm.tensor,
                "has no key \(other.key.quoted); it has dtype, shape and data")
        }
        func field(_ key: String) -> Value? { fields.first { $0.key == key }?.value }
        let type = try elementType(field("dtype"))
        let shape = try tensorShape(field("shape"))
        var data: [UInt8]?
        switch (field("data"), field("bytes")) {
        case (nil, nil): break
        case (nil, .string(let text)?):
            guard let bytes = Base64.decode(text.utf8) else {
                throw mistake(ValueForm.tensor, "wants base64 as bytes, got \(text.quoted)")
            }
            data = bytes
        case (.list(let numbers)?, nil): data = try elements(numbers, type)
        default:
            throw mistake(
                ValueForm.tensor, "wants its data as a list of numbers, or its bytes as base64")
        }
        guard let tensor = Tensor(type, shape: shape, data: data) else {
            guard let bytes = type.byteCount(of: shape) else {
                throw mistake(ValueForm.tensor, "is too large for any memory")
            }
            let size = type.number.map { $0.byteCount } ?? 1
            let unit = type.number == nil ? "bytes" : "numbers"
            throw mistake(
                ValueForm.tensor,
                "of \(type.name) and shape \(shape) has \(bytes / size) \(unit), got "
                    + "\((data?.count ?? 0) / size)")
        }
        return tensor
    }

    private static func elementType(_ value: Value?) throws(FormMistake) -> ElementType {
        guard case .string(let name)? = value else {
            throw mistake(ValueForm.tensor, "wants a dtype, such as \"u8\" or \"f32\"")
        }
        guard let type = ElementType(name: name) else {
            throw mistake(
                ValueForm.tensor,
                "knows no dtype \(name.quoted); it can be \(ElementType.names.listed)")
        }
        return type
    }

    private static func tensorShape(_ value: Value?) throws(FormMistake) -> [Int64] {
        var shape: [Int64] = []
        if case .list(let sizes)? = value, sizes.count <= 64 {
            for case .int(let size) in sizes where size >= 0 { shape.append(size) }
            if shape.count == sizes.count { return shape }
        }
        throw mistake(ValueForm.tensor, "wants a shape, a list of sizes such as [2, 3]")
    }

    private static func elements(
        _ numbers: [Value], _ type: ElementType
    ) throws(FormMistake) -> [UInt8] {
        guard let number = type.number else {
            throw mistake(
                ValueForm.tensor, "of \(type.name) has no numbers; give its bytes as base64")
        }
        var values: [Value] = []
        values.reserveCapacity(numbers.count)
        for number in numbers { values.append(try Value(form: number)) }
        let (data, flaw) = Tensor.data(values, of: number)
        if let flaw {
            throw mistake(
                ValueForm.tensor,
                "has \(numbers[flaw].shown) as item \(flaw) of its data, which is not "
                    + "\(type.name)")
        }
        return data
    }
}
