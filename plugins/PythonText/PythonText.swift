public import PipesPlugin

/// Values as Python 3 prints them, for the sinks that keep the form of output of the Python
/// library whose graph file this host reads.
public enum PythonText {
    /// A row as `print('label ', args)` prints its tuple, with the end of the line: two spaces
    /// behind the label, and a comma in a tuple of one.
    ///
    /// - Throws: `ConversionError` for a value that Python has no text for.
    public static func appendLine(of row: Row, label: String, to text: inout String) throws {
        // All are read before anything is written: a row that fails leaves no half a line.
        let values = try row.indices.map { try row.read($0, as: Value.self) }
        text += "\(label)  ("
        for (index, value) in values.enumerated() {
            if index > 0 { text += ", " }
            appendRepr(of: value, to: &text)
        }
        text += values.count == 1 ? ",)\n" : ")\n"
    }

    /// `repr` of the Python value that stands for `value`.
    public static func appendRepr(of value: Value, to text: inout String) {
        switch value {
        case .null: text += "None"
        case .bool(let truth): text += truth ? "True" : "False"
        case .int(let integer): text += String(integer)
        case .float(let real): text += repr(of: real)
        case .string(let string): appendRepr(of: string, to: &text)
        case .bytes(let bytes): appendRepr(of: bytes, to: &text)
        case .list(let list):
            text += "["
            for (index, item) in list.enumerated() {
                if index > 0 { text += ", " }
                appendRepr(of: item, to: &text)
            }
            text += "]"
        case .map(let pairs):
            text += "{"
            for (index, pair) in pairs.enumerated() {
                if index > 0 { text += ", " }
                appendRepr(of: pair.key, to: &text)
                text += ": "
                appendRepr(of: pair.value, to: &text)
            }
            text += "}"
        }
    }

    /// Both languages print the shortest digits that read back as the same number, and differ in
    /// where the exponent begins: at 10 to the 16th for Python, above 2 to the 53rd for Swift.
    private static func repr(of real: Double) -> String {
        let isWhole = real.magnitude >= 0x1p53 && real.magnitude < 1e16
        return isWhole ? "\(Int64(real)).0" : real.description
    }

    private static func appendRepr(of string: String, to text: inout String) {
        let scalars = string.unicodeScalars
        let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
        text.unicodeScalars.append(quote)
        for scalar in scalars {
            switch scalar {
            case quote, "\\":
                text += "\\"
                text.unicodeScalars.append(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where isPrintable(scalar): text.unicodeScalars.append(scalar)
            case _ where scalar.value <= 0xFF: text += "\\x" + hex(scalar.value, digits: 2)
            case _ where scalar.value <= 0xFFFF: text += "\\u" + hex(scalar.value, digits: 4)
            default: text += "\\U" + hex(scalar.value, digits: 8)
            }
        }
        text.unicodeScalars.append(quote)
    }

    private static func appendRepr(of bytes: [UInt8], to text: inout String) {
        let quote = UInt8(ascii: "'")
        let doubleQuote = UInt8(ascii: "\"")
        let used = bytes.contains(quote) && !bytes.contains(doubleQuote) ? doubleQuote : quote
        text += "b"
        text.unicodeScalars.append(Unicode.Scalar(used))
        for byte in bytes {
            switch byte {
            case used, UInt8(ascii: "\\"):
                text += "\\"
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "\n"): text += "\\n"
            case UInt8(ascii: "\r"): text += "\\r"
            case UInt8(ascii: "\t"): text += "\\t"
            case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + hex(UInt32(byte), digits: 2)
            }
        }
        text.unicodeScalars.append(Unicode.Scalar(used))
    }

    /// `str.isprintable` of one code point: all but those of the categories "Other" and
    /// "Separator", the space excepted.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator, .spaceSeparator:
            false
        default: true
        }
    }

    private static func hex(_ number: UInt32, digits: Int) -> String {
        let hex = String(number, radix: 16)
        return String(repeating: "0", count: digits - hex.count) + hex
    }
}
