extension String {
    /// The same code points from the last to the first, as Python's `text[::-1]`.
    public var backwards: String {
        var text = self
        return text.withUTF8 { source in
            String(unsafeUninitializedCapacity: source.count) { target in
                var start = 0
                while start < source.count {
                    let size = Self.sizeOfCodePoint(source[start])
                    for offset in 0..<size {
                        target[source.count - start - size + offset] = source[start + offset]
                    }
                    start += size
                }
                return source.count
            }
        }
    }

    /// The number of bytes of a code point in UTF-8 (RFC 3629, section 3), by the first of them.
    private static func sizeOfCodePoint(_ first: UInt8) -> Int {
        switch first {
        case ..<0x80: 1
        case ..<0xE0: 2
        case ..<0xF0: 3
        default: 4
        }
    }
}
