/// A C type that a signature names. `int` is 32 bits wide, `long` and `size` are 64, as on every
/// machine that this host runs on.
public enum ScalarType: String, Sendable, Hashable, CaseIterable {
    case i8, u8, i16, u16, i32, u32, i64, u64, isize, usize
    case f32, f64
    case bool
    case int, uint, long, ulong, size
    case cstr

    /// The values of an integer type that an INT can hold; nil for other types.
    public var range: ClosedRange<Int64>? {
        switch self {
        case .i8: Int64(Int8.min)...Int64(Int8.max)
        case .u8: 0...Int64(UInt8.max)
        case .i16: Int64(Int16.min)...Int64(Int16.max)
        case .u16: 0...Int64(UInt16.max)
        case .i32, .int: Int64(Int32.min)...Int64(Int32.max)
        case .u32, .uint: 0...Int64(UInt32.max)
        case .i64, .isize, .long: Int64.min...Int64.max
        case .u64, .usize, .ulong, .size: 0...Int64.max
        case .f32, .f64, .bool, .cstr: nil
        }
    }

    public var isInteger: Bool { range != nil }

    /// What C and others call it, for whoever writes the name they know.
    static let otherNames: [String: String] = [
        "char": "i8", "schar": "i8", "uchar": "u8", "short": "i16", "ushort": "u16",
        "unsigned": "uint", "signed": "int", "int8_t": "i8", "uint8_t": "u8", "int16_t": "i16",
        "uint16_t": "u16", "int32_t": "i32", "uint32_t": "u32", "int64_t": "i64",
        "uint64_t": "u64", "size_t": "size", "ssize_t": "isize", "float": "f32", "double": "f64",
        "_Bool": "bool", "string": "cstr", "str": "cstr",
    ]
}
