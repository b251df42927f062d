/// A string as it stands between its quotes, already known to be right: valid UTF-8, whole
/// escapes, no lone surrogates. Borrows the text that the reader borrows.
public struct JSONText {
    /// Between the quotes, escapes and all.
    public let raw: UnsafeBufferPointer<UInt8>
    /// Without escapes `raw` is the string itself.
    public let hasEscapes: Bool

    init(raw: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) {
        self.raw = raw
        self.hasEscapes = hasEscapes
    }

    /// The string, copied.
    public var string: String {
        if !hasEscapes { return String(decoding: raw, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: raw.count) { decode(into: $0) }
    }

    /// Appends the string as UTF-8.
    public func append(to bytes: inout [UInt8]) {
        if !hasEscapes { return bytes.append(contentsOf: raw) }
        let decoded = [UInt8](unsafeUninitializedCapacity: raw.count) { buffer, count in
            count = decode(into: buffer)
        }
        bytes.append(contentsOf: decoded)
    }

    /// Writes the string as UTF-8.
    /// - Parameter buffer: room for at least `raw.count` bytes, which always suffices: an escape
    ///   is never shorter than what it stands for.
    /// - Returns: how many bytes were written.
    public func decode(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var read = 0
        var written = 0
        func put(_ byte: UInt8) {
            buffer[written] = byte
            written += 1
        }
        while read < raw.count {
            let byte = raw[read]
            guard byte == UInt8(ascii: "\\") else {
                put(byte)
                read += 1
                continue
            }
            let letter = raw[read + 1]
            read += 2
            guard letter == UInt8(ascii: "u") else {
                put(JSONText.escaped(letter) ?? letter)
                continue
            }
            var scalar = hexadecimal(at: read)
            read += 4
            if scalar >= 0xD800 && scalar < 0xDC00 {
                // The reader has seen to it that the other half follows.
                let low = hexadecimal(at: read + 2)
                read += 6
                scalar = 0x10000 + ((scalar - 0xD800) << 10) + (low - 0xDC00)
            }
            encode(scalar, with: put)
        }
        return written
    }

    /// What a one-letter escape stands for; nil where there is no such escape.
    static func escaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private func hexadecimal(at start: Int) -> UInt32 {
        raw[start..<start + 4].reduce(0) { $0 << 4 | UInt32(hexadecimalDigit($1) ?? 0) }
    }

    private func encode(_ scalar: UInt32, with put: (UInt8) -> Void) {
        switch scalar {
        case ..<0x80:
            put(UInt8(scalar))
        case ..<0x800:
            put(0xC0 | UInt8(scalar >> 6))
            put(0x80 | UInt8(scalar & 0x3F))
        case ..<0x10000:
            put(0xE0 | UInt8(scalar >> 12))
            put(0x80 | UInt8(scalar >> 6 & 0x3F))
            put(0x80 | UInt8(scalar & 0x3F))
        default:
            put(0xF0 | UInt8(scalar >> 18))
            put(0x80 | UInt8(scalar >> 12 & 0x3F))
            put(0x80 | UInt8(scalar >> 6 & 0x3F))
            put(0x80 | UInt8(scalar & 0x3F))
        }
    }
}

func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
