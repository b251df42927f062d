extension JSONWriter {
    /// Appends a string in quotes: non-ASCII characters as they are, what is not valid UTF-8 as
    /// U+FFFD.
    public static func appendString(
        _ string: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]
    ) {
        bytes.append(UInt8(ascii: "\""))
        var offset = 0
        while offset < string.count {
            let plain = plainRun(string, from: offset)
            if plain > 0 {
                bytes.append(contentsOf: string[offset..<offset + plain])
                offset += plain
                continue
            }
            let byte = string[offset]
            if byte < 0x80 {
                appendEscape(byte, to: &bytes)
                offset += 1
            } else if let length = utf8SequenceLength(string, at: offset) {
                bytes.append(contentsOf: string[offset..<offset + length])
                offset += length
            } else {
                bytes.append(contentsOf: "\u{FFFD}".utf8)
                offset += 1
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    public static func appendInteger(_ integer: Int64, to bytes: inout [UInt8]) {
        var magnitude = integer.magnitude
        if integer < 0 { bytes.append(UInt8(ascii: "-")) }
        let first = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        bytes[first...].reverse()
    }

    /// Appends the shortest number that reads back as the same; null where there is none.
    public static func appendReal(_ real: Double, to bytes: inout [UInt8]) {
        // Double's description has always a point or an exponent: 3.0, 1e+20.
        bytes.append(contentsOf: (real.isFinite ? real.description : "null").utf8)
    }

    private static func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(hexadecimalLetter(byte >> 4))
            bytes.append(hexadecimalLetter(byte & 15))
        }
    }

    private static func hexadecimalLetter(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
