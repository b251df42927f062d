internal import CPipes

/// The type of a TENSOR's elements, as DLPack has it (`DLDataType`).
public struct ElementType: Sendable, Hashable {
    /// 0 is a signed integer, 1 an unsigned one, 2 a float, 4 a bfloat, 5 a complex number, 6 a bool.
    public var code: UInt8
    /// The bits of one lane; of a complex number, those of both parts.
    public var bits: UInt8
    /// 1, but for vectors.
    public var lanes: UInt16

    public init(code: UInt8, bits: UInt8, lanes: UInt16 = 1) {
        self.code = code
        self.bits = bits
        self.lanes = lanes
    }

    /// How its numbers lie in memory, little-endian.
    enum Number: Hashable {
        case int8, int16, int32, int64, uint8, uint16, uint32, uint64
        case float16, bfloat16, float32, float64, bool
    }

    /// The name, the code and the bits of those whose elements have a form in JSON, and what they
    /// are made of.
    private static let known: [(name: String, code: UInt8, bits: UInt8, number: Number)] = [
        ("i8", 0, 8, .int8), ("i16", 0, 16, .int16), ("i32", 0, 32, .int32),
        ("i64", 0, 64, .int64), ("u8", 1, 8, .uint8), ("u16", 1, 16, .uint16),
        ("u32", 1, 32, .uint32), ("u64", 1, 64, .uint64), ("f16", 2, 16, .float16),
        ("f32", 2, 32, .float32), ("f64", 2, 64, .float64), ("bf16", 4, 16, .bfloat16),
        ("c32", 5, 32, .float16), ("c64", 5, 64, .float32), ("c128", 5, 128, .float64),
        ("bool", 6, 8, .bool),
    ]

    static var names: [String] { known.map(\.name) }

    /// Such as `u8`, `f32` or `f32x4`; `type10.8` for a code of DLPack that has no such name, and
    /// its bits.
    public var name: String {
        let known = Self.known.first { $0.code == code && $0.bits == bits }
        return (known?.name ?? "type\(code).\(bits)") + (lanes == 1 ? "" : "x\(lanes)")
    }

    /// - Returns: nil where no type has that name.
    public init?(name: String) {
        let parts = name.split(separator: "x", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = parts.first else { return nil }
        var lanes: UInt16 = 1
        if parts.count == 2 {
            guard let count = UInt16(parts[1]), count > 1 else { return nil }
            lanes = count
        }
        if let known = Self.known.first(where: { $0.name == base }) {
            self.init(code: known.code, bits: known.bits, lanes: lanes)
            return
        }
        let numbers = base.hasPrefix("type") ? base.dropFirst(4).split(separator: ".") : []
        guard numbers.count == 2, let code = UInt8(numbers[0]), let bits = UInt8(numbers[1]),
            bits > 0
        else { return nil }
        self.init(code: code, bits: bits, lanes: lanes)
    }

    /// What its elements are made of; nil where JSON has no form for them.
    var number: Number? {
        lanes == 0 ? nil : Self.known.first { $0.code == code && $0.bits == bits }?.number
    }

    /// How many numbers an element has: one for each lane, two for a complex one.
    var numbersPerElement: Int { Int(lanes) * (code == 5 ? 2 : 1) }

    var hasWholeBytes: Bool { (Int(bits) * Int(lanes)) % 8 == 0 }

    /// How many bytes the elements of a shape take, side by side.
    /// - Returns: nil where the shape can't be, or is beyond any memory.
    public func byteCount(of shape: [Int64]) -> Int? {
        guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
        if shape.contains(0) { return 0 }
        var count = Int64(bits) * Int64(lanes)
        for size in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow else { return nil }
            count = product
        }
        let bytes = count / 8 + (count % 8 == 0 ? 0 : 1)
        return bytes <= Int64(pipes_value.largestSize) ? Int(bytes) : nil
    }
}
