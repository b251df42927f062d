/// Bytes as text, with the standard alphabet and padding (RFC 4648, section 4).
public enum Base64 {
    /// Appends the text of `bytes`, as ASCII.
    public static func append(_ bytes: UnsafeBufferPointer<UInt8>, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        var offset = 0
        while offset < bytes.count {
            let left = bytes.count - offset
            let first = UInt32(bytes[offset])
            let second = left > 1 ? UInt32(bytes[offset + 1]) : 0
            let third = left > 2 ? UInt32(bytes[offset + 2]) : 0
            let group = first << 16 | second << 8 | third
            text.append(letter(group >> 18))
            text.append(letter(group >> 12 & 63))
            text.append(left > 1 ? letter(group >> 6 & 63) : padding)
            text.append(left > 2 ? letter(group & 63) : padding)
            offset += 3
        }
    }

    /// - Returns: the bytes that a text stands for; nil where it is not base64: another
    ///   character, a length that cannot be, or left-over bits that are not zero.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let letters = text.prefix { $0 != padding }
        let paddingCount = text.count - letters.count
        guard paddingCount <= 2, text.suffix(paddingCount).allSatisfy({ $0 == padding }) else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters.count * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for letter in letters {
            guard let value = value(of: letter) else { return nil }
            bits = bits << 6 | value
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
                bits &= (1 << bitCount) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }

    private static let padding = UInt8(ascii: "=")

    private static func letter(_ value: UInt32) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + UInt8(value)
        case 26..<52: UInt8(ascii: "a") + UInt8(value - 26)
        case 52..<62: UInt8(ascii: "0") + UInt8(value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func value(of letter: UInt8) -> UInt32? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
