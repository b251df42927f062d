/// What a row's values can be, as the ABI numbers them (`pipes_kind` in pipes.h).
public enum Kind: UInt32, Sendable, Hashable, CaseIterable {
    case null = 0
    case bool = 1
    case int = 2
    case float = 3
    case string = 4
    case bytes = 5
    case list = 6
    case map = 7
    case tensor = 8
    /// In descriptions only: accepts all.
    case any = 255

    /// The name that messages, `inspect` and the docs use, such as `STRING`.
    public var name: String {
        switch self {
        case .null: "NULL"
        case .bool: "BOOL"
        case .int: "INT"
        case .float: "FLOAT"
        case .string: "STRING"
        case .bytes: "BYTES"
        case .list: "LIST"
        case .map: "MAP"
        case .tensor: "TENSOR"
        case .any: "ANY"
        }
    }
}

/// A value owned by Swift: what graph files, args, env and embedding code hold.
///
/// Rows inside a run are `pipes_value`s in a batch's arena and never become `Value`s unless a
/// Swift closure or a dead letter asks for one.
public indirect enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    case list([Value])
    /// Pairs in their order; keys may repeat only where the origin allowed it.
    case map([Pair])
    case tensor(Tensor)

    /// A key of a map and what it stands for.
    public struct Pair: Sendable, Hashable {
        public var key: String
        public var value: Value

        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    public var kind: Kind {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .float: .float
        case .string: .string
        case .bytes: .bytes
        case .list: .list
        case .map: .map
        case .tensor: .tensor
        }
    }
}
