import CPipes
import Glibc
import PipesCore

/// A value as the checks hold it: unlike `Value`, a text may be any bytes, and numbers are compared
/// by their bits.
indirect enum Sample: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(UInt64)
    case string([UInt8])
    case bytes([UInt8])
    case list([Sample])
    /// Key, value, key, value.
    case map([Sample])
    /// Of what a plugin yielded the elements are not looked at.
    case tensor(Tensor)

    static func text(_ text: String) -> Sample { .string(Array(text.utf8)) }

    /// A copy of what a plugin yielded. Its `flaw` must be nil.
    init(copying value: pipes_value) {
        switch Kind(rawValue: value.kind) {
        case .bool: self = .bool(value.integer != 0)
        case .int: self = .int(value.integer)
        case .float: self = .float(value.real.bitPattern)
        case .string: self = .string(Self.bytes(of: value))
        case .bytes: self = .bytes(Self.bytes(of: value))
        case .list: self = .list(Self.items(of: value))
        case .map: self = .map(Self.items(of: value))
        case .tensor: self = Self.tensor(at: value.ext).map { .tensor($0) } ?? .null
        case .null, .any, nil: self = .null
        }
    }

    init(_ value: Value) {
        switch value {
        case .null: self = .null
        case .bool(let truth): self = .bool(truth)
        case .int(let integer): self = .int(integer)
        case .float(let real): self = .float(real.bitPattern)
        case .string(let text): self = .text(text)
        case .bytes(let bytes): self = .bytes(bytes)
        case .list(let values): self = .list(values.map { Sample($0) })
        case .map(let pairs): self = .map(pairs.flatMap { [.text($0.key), Sample($0.value)] })
        case .tensor(let tensor): self = .tensor(tensor)
        }
    }

    private static func tensor(at pointer: UnsafeRawPointer?) -> Tensor? {
        guard let head = pointer.map({ pipes_tensor(at: $0) }), let sizes = head.sizes else {
            return nil
        }
        return Tensor(head.elementType, shape: sizes, data: nil)
    }

    /// The memory may have been freed, and then the copy may come to lie on what is copied.
    private static func bytes(of value: pipes_value) -> [UInt8] {
        let buffer = value.buffer
        return Array(unsafeUninitializedCapacity: buffer.count) { copy, count in
            if let from = buffer.baseAddress, let start = copy.baseAddress {
                memmove(start, from, buffer.count)
            }
            count = buffer.count
        }
    }

    private static func items(of value: pipes_value) -> [Sample] {
        UnsafeBufferPointer(start: value.items, count: value.size > 0 ? value.itemCount ?? 0 : 0)
            .map { Sample(copying: $0) }
    }

    var kind: Kind {
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

    /// Whether all texts in it are UTF-8.
    var isValidText: Bool {
        switch self {
        case .string(let bytes): String(validating: bytes, as: UTF8.self) != nil
        case .list(let items), .map(let items): items.allSatisfy(\.isValidText)
        default: true
        }
    }

    /// Whether it is no long text.
    var isSmall: Bool {
        switch self {
        case .string(let bytes), .bytes(let bytes): bytes.count < 200
        case .list(let items), .map(let items): items.allSatisfy(\.isSmall)
        default: true
        }
    }

    /// For messages: JSON, cut where it is long.
    var shown: String {
        let text = value.shown
        guard text.unicodeScalars.count > 80 else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(80))) + "..."
    }

    private var value: Value {
        switch self {
        case .null: .null
        case .bool(let truth): .bool(truth)
        case .int(let integer): .int(integer)
        case .float(let bits): .float(Double(bitPattern: bits))
        case .string(let bytes): .string(String(decoding: bytes.prefix(200), as: UTF8.self))
        case .bytes(let bytes): .bytes(Array(bytes.prefix(200)))
        case .list(let items): .list(items.prefix(50).map(\.value))
        case .map(let items): .list(items.prefix(50).map(\.value))
        case .tensor(let tensor): .tensor(tensor)
        }
    }
}

extension [Sample] {
    /// A row, for messages.
    var shown: String { count == 1 ? self[0].shown : "(\(map(\.shown).joined(separator: ", ")))" }
}
