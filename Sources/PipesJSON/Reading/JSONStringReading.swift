extension JSONReader {
    /// Reads a string whose opening quote stands at the offset, and checks all of it.
    mutating func string() throws(JSONError) -> JSONText {
        let opening = offset
        let start = opening + 1
        var position = start
        var hasEscapes = false
        while true {
            position += plainRun(text, from: position)
            guard position < text.count else {
                throw JSONError(offset: opening, message: "a string without its closing quote")
            }
            switch text[position] {
            case UInt8(ascii: "\""):
                offset = position + 1
                return JSONText(
                    raw: UnsafeBufferPointer(rebasing: text[start..<position]),
                    hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                position += try escapeLength(at: position)
            case ..<0x20:
                throw controlCharacter(at: position)
            default:
                guard let length = utf8SequenceLength(text, at: position) else {
                    throw JSONError(offset: position, message: "not valid UTF-8")
                }
                position += length
            }
        }
    }

    private func escapeLength(at position: Int) throws(JSONError) -> Int {
        guard position + 1 < text.count else {
            throw JSONError(offset: position, message: "an escape that is cut by the end")
        }
        let letter = text[position + 1]
        if JSONText.escaped(letter) != nil { return 2 }
        guard letter == UInt8(ascii: "u") else {
            throw JSONError(
                offset: position,
                message: "no such escape; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX")
        }
        let unit = try codeUnit(at: position)
        switch unit {
        case 0xD800..<0xDC00:
            let next = position + 6
            guard next + 1 < text.count, text[next] == UInt8(ascii: "\\"),
                text[next + 1] == UInt8(ascii: "u"),
                (0xDC00..<0xE000).contains(try codeUnit(at: next))
            else {
                throw loneSurrogate(at: position)
            }
            return 12
        case 0xDC00..<0xE000:
            throw loneSurrogate(at: position)
        default:
            return 6
        }
    }

    /// The four digits of a `\uXXXX` that starts at `position`.
    private func codeUnit(at position: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for index in position + 2..<position + 6 {
            guard index < text.count, let digit = hexadecimalDigit(text[index]) else {
                throw JSONError(
                    offset: position, message: "\\u must be followed by four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private func loneSurrogate(at position: Int) -> JSONError {
        JSONError(
            offset: position, message: "half of a surrogate pair: \\uD800 to \\uDFFF come in pairs")
    }

    private func controlCharacter(at position: Int) -> JSONError {
        let name =
            switch text[position] {
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): "a line end"
            case UInt8(ascii: "\t"): "a tab"
            default: "a control character"
            }
        return JSONError(
            offset: position, message: "\(name) inside a string; write it as an escape")
    }
}
