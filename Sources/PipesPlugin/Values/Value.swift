internal import CPipes

/// A value of any kind, owned by Swift; what a processor takes or yields whose kinds are not known
/// beforehand. It copies: `RawValue` does not.
public indirect enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    case list([Value])
    /// Pairs in their order.
    case map([Pair])

    /// A key of a map and what it stands for.
    public struct Pair: Sendable, Hashable {
        public var key: String
        public var value: Value

        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// Lists and maps may be nested this deep: reading them recurses, and a plugin's value can be
    /// nested deeper than any stack.
    public static let maximumDepth = 512
}

extension Value: ValueReadable, ValueWritable {
    public static var kind: Kind { .any }

    /// - Throws: `ConversionError` for a TENSOR, an unknown kind, text that is not UTF-8, and what
    ///   is nested deeper than `maximumDepth`.
    public init(_ value: RawValue) throws {
        try self.init(value, depth: 0)
    }

    private init(_ value: RawValue, depth: Int) throws {
        guard depth <= Self.maximumDepth else {
            throw ConversionError("a value nested deeper than \(Self.maximumDepth)")
        }
        switch value.kind {
        case .null: self = .null
        case .bool: self = .bool(try value.bool)
        case .int: self = .int(try value.integer)
        case .float: self = .float(try value.real)
        case .string: self = .string(try value.text.string)
        case .bytes: self = .bytes([UInt8](try value.bytes))
        case .list: self = .list(try value.items.map { try Value($0, depth: depth + 1) })
        case .map:
            let items = try value.keysAndValues
            self = .map(
                try stride(from: 0, to: items.count, by: 2).map {
                    Pair(try String(items[$0]), try Value(items[$0 + 1], depth: depth + 1))
                })
        case .tensor, .any, nil:
            throw ConversionError("\(value.kindName) can't be read as a Value")
        }
    }

    public func write(into memory: ResultMemory) throws -> RawValue {
        switch self {
        case .null: return .null
        case .bool(let truth): return truth.write(into: memory)
        case .int(let integer): return integer.write(into: memory)
        case .float(let real): return real.write(into: memory)
        case .string(let text): return try text.write(into: memory)
        case .bytes(let bytes): return try bytes.write(into: memory)
        case .list(let list): return try list.write(into: memory)
        case .map(let pairs):
            let items = try memory.allocate(pipes_value.self, count: 2 * pairs.count)
            for (index, pair) in pairs.enumerated() {
                items[2 * index] = try pair.key.write(into: memory).value
                items[2 * index + 1] = try pair.value.write(into: memory).value
            }
            return RawValue(pipes_map(items, pairs.count))
        }
    }
}
