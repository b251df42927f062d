/// How many bytes the UTF-8 sequence at `offset` has; nil where the bytes are not one: too long
/// an encoding, a surrogate, a scalar beyond U+10FFFF or a sequence that is cut (Unicode
/// Standard, table 3-7).
func utf8SequenceLength(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int? {
    let left = text.count - offset
    let first = text[offset]
    func continues(_ position: Int, from low: UInt8 = 0x80, to high: UInt8 = 0xBF) -> Bool {
        let byte = text[offset + position]
        return byte >= low && byte <= high
    }
    switch first {
    case 0x00...0x7F:
        return 1
    case 0xC2...0xDF:
        return left >= 2 && continues(1) ? 2 : nil
    case 0xE0...0xEF:
        let low: UInt8 = first == 0xE0 ? 0xA0 : 0x80
        let high: UInt8 = first == 0xED ? 0x9F : 0xBF
        return left >= 3 && continues(1, from: low, to: high) && continues(2) ? 3 : nil
    case 0xF0...0xF4:
        let low: UInt8 = first == 0xF0 ? 0x90 : 0x80
        let high: UInt8 = first == 0xF4 ? 0x8F : 0xBF
        return left >= 4 && continues(1, from: low, to: high) && continues(2) && continues(3)
            ? 4 : nil
    default:
        return nil
    }
}

/// How many of the bytes from `offset` on are ASCII that a JSON string holds as it is: neither
/// a control character nor a quote nor a backslash.
func plainRun(_ text: UnsafeBufferPointer<UInt8>, from offset: Int) -> Int {
    guard let base = text.baseAddress else { return 0 }
    let start = UnsafeRawPointer(base)
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    var position = offset
    // Eight bytes at a time: each test sets the top bit of a byte that is not plain. A borrow
    // may set it for a byte above such a one too, never for one below, so no byte is missed.
    while position &+ 8 <= text.count {
        let word = start.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let special =
            (word &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones) | word
        if special & tops != 0 { break }
        position &+= 8
    }
    while position < text.count, isPlain(text[position]) { position &+= 1 }
    return position &- offset
}

private func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}
