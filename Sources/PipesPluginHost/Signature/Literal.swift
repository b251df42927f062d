import PipesCore

/// The defaults that a signature can write.
enum Literal {
    /// A number, `true` or `false`; nil for anything else.
    static func value(_ text: String) -> Value? {
        switch text {
        case "true": .bool(true)
        case "false": .bool(false)
        default: number(text)
        }
    }

    /// A text that is quoted as in JSON, but that control characters may stand in it as they are:
    /// the graph file had to escape them once already. nil for an escape that there is not.
    static func text(_ quoted: String) -> Value? {
        var bytes: [UInt8] = []
        for byte in quoted.utf8 {
            if byte >= 0x20 {
                bytes.append(byte)
            } else {
                let digits = String(byte, radix: 16)
                bytes += (#"\u"# + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            }
        }
        guard case .string(let text)? = try? Value(json: bytes) else { return nil }
        return .string(text)
    }

    /// Whether it is written as a number that no FLOAT can hold, such as `1e999`.
    static func isBeyondFloat(_ text: String) -> Bool { real(text)?.isInfinite == true }

    private static func number(_ text: String) -> Value? {
        let isInteger = text.allSatisfy { $0 == "-" || $0.isASCII && $0.isNumber }
        if isInteger, let integer = Int64(text) { return .int(integer) }
        return real(text).flatMap { $0.isFinite ? .float($0) : nil }
    }

    private static func real(_ text: String) -> Double? {
        guard let first = text.drop(while: { $0 == "-" }).first, first.isASCII, first.isNumber,
            !text.contains("x"), !text.contains("_")
        else { return nil }
        return Double(text)
    }

    /// `value` as an argument of `type`: an integer serves for a float.
    static func check(
        _ value: Value, written: String, of type: ScalarType, at column: Int
    ) throws(SignatureError) -> Value {
        switch (type, value) {
        case (.bool, .bool), (.f64, .float): return value
        case (.f32, .float(let real)) where Float(real).isFinite: return value
        case (.f32, .int(let integer)), (.f64, .int(let integer)): return .float(Double(integer))
        case (.cstr, .string(let text)):
            if text.utf8.contains(0) {
                throw SignatureError(
                    column: column, message: "the text holds a NUL, which would end it for C")
            }
            return value
        case (_, .int(let integer)):
            guard let range = type.range else { break }
            if range.contains(integer) { return value }
            throw SignatureError(
                column: column,
                message: "\(written) does not fit \(type.rawValue) "
                    + "(\(range.lowerBound) to \(range.upperBound))")
        default: break
        }
        let example =
            switch type {
            case .bool: "true or false"
            case .cstr: "a text in double quotes"
            case .f32, .f64: "a number that fits"
            default: "an integer that fits INT"
            }
        throw SignatureError(
            column: column,
            message: "\(written) is no \(type.rawValue); the default is \(example)")
    }
}
