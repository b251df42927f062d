internal import CPipes

/// What a value of a row can be, numbered as `pipes_kind` in pipes.h.
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

    /// The name that messages use, such as `STRING`.
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

    /// What a port of this kind is called where the author gives no name.
    var portName: String {
        switch self {
        case .null: "null"
        case .bool: "truth"
        case .int, .float: "number"
        case .string: "text"
        case .bytes: "bytes"
        case .list: "list"
        case .map: "map"
        case .tensor: "tensor"
        case .any: "value"
        }
    }
}
