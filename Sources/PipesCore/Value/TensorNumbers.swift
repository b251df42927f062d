/// A number of a TENSOR, as its JSON form has it.
enum TensorNumber: Equatable {
    case bool(Bool)
    case int(Int64)
    /// Above what an INT can be.
    case unsigned(UInt64)
    /// In as few digits as say it in its own type.
    case float(Double)
}

extension ElementType.Number {
    var byteCount: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// - Parameter bits: little-endian, in the lowest `byteCount` bytes.
    fileprivate func number(_ bits: UInt64) -> TensorNumber {
        switch self {
        case .bool: .bool(bits != 0)
        case .int8: .int(Int64(Int8(truncatingIfNeeded: bits)))
        case .int16: .int(Int64(Int16(truncatingIfNeeded: bits)))
        case .int32: .int(Int64(Int32(truncatingIfNeeded: bits)))
        case .int64: .int(Int64(truncatingIfNeeded: bits))
        case .uint8, .uint16, .uint32, .uint64:
            Int64(exactly: bits).map { .int($0) } ?? .unsigned(bits)
        case .float16:
            .float(Self.shortest(Float(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))))
        case .bfloat16: .float(Self.shortest(Float(bitPattern: UInt32(bits) << 16)))
        case .float32:
            .float(Self.shortest(Float(bitPattern: UInt32(truncatingIfNeeded: bits))))
        case .float64: .float(Double(bitPattern: bits))
        }
    }

    /// The Double of the same digits: 0.1, and not 0.10000000149011612.
    private static func shortest(_ float: Float) -> Double {
        Double(float.description) ?? Double(float)
    }

    /// - Returns: its bits, in the lowest `byteCount` bytes; nil where it is not a number of this
    ///   type. What lies between two floats becomes the nearer one.
    fileprivate func bits(_ value: Value) -> UInt64? {
        switch self {
        case .bool:
            guard case .bool(let truth) = value else { return nil }
            return truth ? 1 : 0
        case .int8: return Self.integer(value, Int8.self)
        case .int16: return Self.integer(value, Int16.self)
        case .int32: return Self.integer(value, Int32.self)
        case .int64: return Self.integer(value, Int64.self)
        case .uint8: return Self.integer(value, UInt8.self)
        case .uint16: return Self.integer(value, UInt16.self)
        case .uint32: return Self.integer(value, UInt32.self)
        case .uint64: return Self.integer(value, UInt64.self)
        case .float16: return Self.real(value).map { UInt64(Float16($0).bitPattern) }
        case .bfloat16: return Self.real(value).map { UInt64(Self.bfloat($0)) }
        case .float32: return Self.real(value).map { UInt64(Float($0).bitPattern) }
        case .float64: return Self.real(value).map(\.bitPattern)
        }
    }

    private static func integer<Integer: FixedWidthInteger>(
        _ value: Value, _: Integer.Type
    ) -> UInt64? {
        let integer: Integer? =
            switch value {
            case .int(let integer): Integer(exactly: integer)
            case .float(let real): Integer(exactly: real)
            // As one that is beyond INT is written.
            case .string(let text): Integer(text)
            default: nil
            }
        return integer.map { UInt64(truncatingIfNeeded: $0) }
    }

    private static func real(_ value: Value) -> Double? {
        switch value {
        case .int(let integer): Double(integer)
        case .float(let real): real
        default: nil
        }
    }

    /// The upper half of a Float, rounded to the nearest, ties to even.
    private static func bfloat(_ real: Double) -> UInt16 {
        let bits = Float(real).bitPattern
        // A NaN must not become an infinity.
        if real.isNaN { return 0x7FC0 }
        let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
        return UInt16(truncatingIfNeeded: rounded >> 16)
    }
}

extension Tensor {
    /// How many numbers its JSON form has: one for each element and lane, two for a complex one.
    var numberCount: Int {
        guard let number = type.number else { return 0 }
        return byteCount / number.byteCount
    }

    /// The number at a place of `data`, in the order of rows.
    subscript(_ index: Int, in data: [UInt8]) -> TensorNumber {
        guard let number = type.number else { return .int(0) }
        let width = number.byteCount
        var bits: UInt64 = 0
        for byte in data[index * width..<(index + 1) * width].reversed() {
            bits = bits << 8 | UInt64(byte)
        }
        return number.number(bits)
    }

    /// - Returns: the elements that these numbers are; nil with the place of the first that is none
    ///   of the type.
    static func data(_ numbers: [Value], of type: ElementType.Number) -> (data: [UInt8], flaw: Int?)
    {
        var data: [UInt8] = []
        data.reserveCapacity(numbers.count * type.byteCount)
        for (index, value) in numbers.enumerated() {
            guard var bits = type.bits(value) else { return ([], index) }
            for _ in 0..<type.byteCount {
                data.append(UInt8(truncatingIfNeeded: bits))
                bits >>= 8
            }
        }
        return (data, nil)
    }
}
