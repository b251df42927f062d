import PipesCore

/// Makes rows that the ports of a processor take, from a seed.
struct RowGenerator {
    private let kinds: [Kind]
    /// Where any kind is taken, most processors want texts: half of all generators give only those.
    private let prefersTexts: Bool
    private var bits: RandomBits

    /// - Parameters:
    ///   - inputs: nil: any number of any kind.
    ///   - width: how many of those; nil: one to `widest`.
    ///   - widest: at least 1.
    init(
        inputs: [ProcessorDescription.Port]?, width: Int? = nil, widest: Int = widest,
        bits: RandomBits
    ) {
        self.bits = bits
        let random = Int.random(in: 1...widest, using: &self.bits)
        let width = width ?? random
        kinds = inputs?.map(\.kind) ?? Array(repeating: .any, count: width)
        prefersTexts = Bool.random(using: &self.bits)
    }

    /// Of a row of any number of values.
    static let widest = 3

    /// Values in each row.
    var width: Int { kinds.count }

    mutating func rows(_ count: Int) -> [[Sample]] {
        (0..<count).map { _ in kinds.map { value($0, depth: 0) } }
    }

    /// Rows with a text or bytes that are hard to take: empty, with NULs, of many bytes; where
    /// `isValid` is false texts that are no UTF-8.
    mutating func hardRows(isValid: Bool) -> [[Sample]] {
        let texts = isValid ? Self.hardTexts : Self.brokenTexts
        let rows: [[Sample]] = texts.map { bytes in
            kinds.map { kind in
                switch kind {
                case .string, .any: .string(bytes)
                case .bytes: .bytes(bytes)
                case .list: .list([.string(bytes), .null])
                case .map: .map([.string(bytes), .string(bytes)])
                default: value(kind, depth: 0)
                }
            }
        }
        guard isValid else { return rows }
        let tensors = Self.tensors.map { tensor in
            kinds.map { $0 == .any ? .tensor(tensor) : value($0, depth: 0) }
        }
        return rows + [kinds.map { nested($0) }] + tensors
    }

    /// Deeper than others, and less so than the host allows.
    private mutating func nested(_ kind: Kind) -> Sample {
        switch kind {
        case .list, .any: (0..<200).reduce(.list([])) { inner, _ in .list([inner]) }
        case .map: (0..<200).reduce(.map([])) { inner, _ in .map([.text("key"), inner]) }
        default: value(kind, depth: 0)
        }
    }

    /// Rows whose texts take long to copy, each of another letter.
    mutating func largeRows(_ count: Int) -> [[Sample]] {
        (0..<count).map { number in
            let bytes = Array(repeating: UInt8(ascii: "a") + UInt8(number % 26), count: 1 << 19)
            return kinds.map { kind in
                switch kind {
                case .string, .any: .string(bytes)
                case .bytes: .bytes(bytes)
                default: value(kind, depth: 0)
                }
            }
        }
    }

    private mutating func value(_ kind: Kind, depth: Int) -> Sample {
        switch kind {
        case .null: return .null
        case .bool: return .bool(Bool.random(using: &bits))
        case .int: return .int(integer())
        case .float: return .float(real().bitPattern)
        case .string: return .string(text())
        case .bytes: return .bytes(Bool.random(using: &bits) ? text() : randomBytes())
        case .list: return .list(items(Int.random(in: 0...4, using: &bits), depth: depth))
        case .map:
            let count = Int.random(in: 0...4, using: &bits)
            let values = items(count, depth: depth)
            return .map((0..<count).flatMap { [.text("key\($0)"), values[$0]] })
        case .tensor: return .tensor(bits.pick(Self.tensors))
        case .any:
            if prefersTexts && depth == 0 { return .string(text()) }
            let flat: [Kind] = [
                .string, .string, .int, .float, .bool, .bytes, .null, .tensor,
            ]
            return value(bits.pick(depth < 3 ? flat + [.list, .map] : flat), depth: depth + 1)
        }
    }

    private mutating func items(_ count: Int, depth: Int) -> [Sample] {
        (0..<count).map { _ in value(.any, depth: depth + 1) }
    }

    private mutating func integer() -> Int64 {
        switch Int.random(in: 0..<4, using: &bits) {
        case 0: bits.pick([0, 1, -1, Int64.max, Int64.min, 255, 256, Int64(Int32.max) + 1])
        case 1: Int64(bitPattern: bits.next())
        default: Int64.random(in: -1000...1000, using: &bits)
        }
    }

    private mutating func real() -> Double {
        switch Int.random(in: 0..<4, using: &bits) {
        case 0: bits.pick([0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 1e308])
        default: Double.random(in: -1e6...1e6, using: &bits)
        }
    }

    private mutating func text() -> [UInt8] {
        if bits.once(in: 3) { return Array(bits.pick(Self.texts).utf8) }
        let length = bits.once(in: 20) ? 3000 : Int.random(in: 0...40, using: &bits)
        var text = String.UnicodeScalarView()
        let isASCII = !bits.once(in: 3)
        for _ in 0..<length {
            let code =
                isASCII
                ? UInt32.random(in: 0x20...0x7e, using: &bits)
                : bits.pick([0x61, 0xe9, 0x20ac, 0x1f600, 0x301, 0x5d0, 0x130, 0xfb01])
            if let scalar = Unicode.Scalar(code) { text.append(scalar) }
        }
        return Array(String(text).utf8)
    }

    private mutating func randomBytes() -> [UInt8] {
        (0..<Int.random(in: 0...60, using: &bits)).map { _ in
            UInt8.random(in: 0...255, using: &bits)
        }
    }

    /// Of FLOATs of 32 bits.
    private static let tensors: [Tensor] = {
        let shapes: [[Int64]] = [[], [3], [2, 3], [0], [2, 0, 4], [4, 1, 2, 1]]
        return shapes.compactMap { shape in
            let numbers = (0..<Int(shape.reduce(1, *))).map { Float($0) / 2 }
            let data = numbers.withUnsafeBytes { Array($0) }
            return Tensor(ElementType(code: 2, bits: 32), shape: shape, data: data)
        }
    }()

    private static let texts = [
        "", "a", "hello world", "  two  spaces ", "a,b,,c", "123", "-0.5", "null", "true",
        "[1,2,[]]",
        #"{"a":{"b":[1,"x"]},"c":null}"#, "{", "\"", "/a/b", "line\nline\r\n", "\u{FEFF}bom",
        "Straße", "日本語", "e\u{301}", "👩‍👩‍👧", "İıſ", "<a href='x'>&amp;</a>",
    ]

    private static let hardTexts: [[UInt8]] = [
        [], [0], [0, 0, 0], Array("a\0b".utf8), Array("\0a".utf8), Array("a\0".utf8),
        Array("\u{10FFFF}\u{80}\u{7FF}\u{800}\u{FFFF}".utf8), Array("\u{301}".utf8),
        Array(repeating: 0x61, count: 1 << 20), Array(String(repeating: "ß\0", count: 4000).utf8),
        Array(String(repeating: "[", count: 20_000).utf8),
        Array(String(repeating: " ", count: 4095).utf8), Array("%s%n%d\\0".utf8),
    ]

    private static let brokenTexts: [[UInt8]] = [
        [0x80], [0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xc0, 0x80], [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80], [0x61, 0xff, 0x62], [0xf8, 0x88, 0x80, 0x80, 0x80],
        Array(repeating: 0xbf, count: 100), Array(repeating: 0xf0, count: 9),
        Array("abcdefgh".utf8) + [0xe2], [0x00, 0xc3],
    ]
}
