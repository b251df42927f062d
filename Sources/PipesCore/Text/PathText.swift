/// Paths as texts. To the system a path is bytes, and mostly but not always UTF-8; in this program
/// it is a `String` in which a private character, U+10FF80 to U+10FFFF, stands for each byte that
/// is not part of UTF-8: U+10FFE9 for E9. So it is joined, compared and kept like any text, and the
/// system gets the same bytes again.
///
/// What comes from the system is read with `init(path:)` or `init(pathBytes:)`, what goes there is
/// `cPath`, and people are shown `withVisibleBytes`; what is printed as JSON for users is
/// `withVisibleBytesInJSON`.
extension String {
    /// - Parameter path: ends with a NUL.
    package init(path: UnsafePointer<CChar>) {
        let characters = UnsafeBufferPointer(start: path, count: Self.byteCount(of: path))
        self = characters.withMemoryRebound(to: UInt8.self) { String(pathBytes: $0) }
    }

    package init(pathBytes bytes: some Collection<UInt8>) {
        if let text = String(validating: bytes, as: UTF8.self), text.isText {
            self = text
            return
        }
        var scalars = UnicodeScalarView()
        var rest = Array(bytes)[...]
        while let first = rest.first {
            if let (scalar, size) = Self.scalar(at: rest), !Self.isForeign(scalar) {
                scalars.append(scalar)
                rest = rest.dropFirst(size)
            } else {
                scalars.append(Self.scalar(for: first))
                rest = rest.dropFirst()
            }
        }
        self.init(scalars)
    }

    /// The bytes, with a NUL behind them: what a function of C takes for a path.
    package var cPath: [CChar] {
        if isText { return Array(utf8CString) }
        var bytes: [CChar] = []
        for scalar in unicodeScalars {
            if let byte = scalar.foreignByte {
                bytes.append(CChar(bitPattern: byte))
            } else {
                bytes += UTF8.encode(scalar).map { $0.map { CChar(bitPattern: $0) } } ?? []
            }
        }
        return bytes + [0]
    }

    /// Whether it is a text throughout: no character of it stands for a byte.
    package var isText: Bool {
        // All of the private characters begin with this byte.
        !utf8.contains(0xF4) || !unicodeScalars.contains(where: Self.isForeign)
    }

    /// With each such byte as `\xe9`: for people, who can't be shown it otherwise.
    package var withVisibleBytes: String { withBytes(after: "\\x") }

    /// The same of a JSON text, where a backslash is written as two.
    package var withVisibleBytesInJSON: String { withBytes(after: "\\\\x") }

    private func withBytes(after prefix: String) -> String {
        if isText { return self }
        return unicodeScalars.map { scalar in
            guard let byte = scalar.foreignByte else { return String(scalar) }
            return prefix + String(byte, radix: 16)
        }.joined()
    }

    private static func byteCount(of path: UnsafePointer<CChar>) -> Int {
        var count = 0
        while path[count] != 0 { count += 1 }
        return count
    }

    private static func scalar(
        at bytes: ArraySlice<UInt8>
    ) -> (scalar: Unicode.Scalar, size: Int)? {
        var parser = UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        guard case .valid(let encoded) = parser.parseScalar(from: &iterator) else { return nil }
        return (UTF8.decode(encoded), encoded.count)
    }

    private static func scalar(for byte: UInt8) -> Unicode.Scalar {
        // Not nil: neither a surrogate nor above U+10FFFF.
        Unicode.Scalar(0x10FF00 + UInt32(byte)) ?? "\u{FFFD}"
    }

    private static func isForeign(_ scalar: Unicode.Scalar) -> Bool { scalar.foreignByte != nil }
}

extension Unicode.Scalar {
    /// The byte that it stands for in a path; nil for a character of a text.
    package var foreignByte: UInt8? {
        value >= 0x10FF80 ? UInt8(truncatingIfNeeded: value) : nil
    }
}
