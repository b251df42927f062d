/// A type that a property marked `@Arg` can have: Int, Double, Bool, String, [UInt8], enums of
/// those, and arrays, dictionaries and optionals of them.
public protocol ArgConvertible: ValueReadable {
    /// The kind of its param; differs from `kind` for optionals alone.
    static var paramKind: Kind { get }
    /// What a required arg reads as before the node is opened.
    static var placeholder: Self { get }
    /// The default of an arg that the author gave none, as JSON text; nil: required.
    static var implicitFallback: String? { get }
    /// All there are, where there are few; nil where all of the kind are allowed.
    static var allowedValues: [Self]? { get }
    /// This as JSON text, as the graph file would hold it.
    var json: String { get }
    /// An array of these as JSON text.
    static func json(_ list: [Self]) -> String
}

/// A number that an arg's range can be given in.
public protocol NumberArg: ArgConvertible, Comparable {}

extension ArgConvertible {
    public static var paramKind: Kind { kind }
    public static var implicitFallback: String? { nil }
    public static var allowedValues: [Self]? { nil }

    public static func json(_ list: [Self]) -> String {
        "[" + list.map(\.json).joined(separator: ", ") + "]"
    }
}

extension Int: NumberArg {
    public static var placeholder: Int { 0 }
    public var json: String { description }
}

extension Double: NumberArg {
    public static var placeholder: Double { 0 }
    public var json: String { description }
}

extension Bool: ArgConvertible {
    public static var placeholder: Bool { false }
    public var json: String { description }
}

extension String: ArgConvertible {
    public static var placeholder: String { "" }
    public var json: String { JSONText.string(self) }
}

extension UInt8: NumberArg {
    public static var placeholder: UInt8 { 0 }
    public var json: String { description }
    public static func json(_ list: [UInt8]) -> String { JSONText.string(JSONText.base64(list)) }
}

extension Array: ArgConvertible where Element: ArgConvertible {
    public static var placeholder: [Element] { [] }
    public var json: String { Element.json(self) }
}

extension Dictionary: ArgConvertible where Key == String, Value: ArgConvertible {
    public static var placeholder: [String: Value] { [:] }

    public var json: String {
        let pairs = sorted { $0.key < $1.key }
        return "{" + pairs.map { "\($0.key.json): \($0.value.json)" }.joined(separator: ", ") + "}"
    }
}

/// An optional arg without a default of its own may be left out.
extension Optional: ArgConvertible where Wrapped: ArgConvertible {
    public static var paramKind: Kind { Wrapped.paramKind }
    public static var placeholder: Wrapped? { nil }
    public static var implicitFallback: String? { "null" }
    public static var allowedValues: [Wrapped?]? { Wrapped.allowedValues?.map { $0 } }
    public var json: String { self?.json ?? "null" }
}

/// An enum over strings or numbers: `enum Mode: String, CaseIterable, ArgConvertible`. Its cases
/// are the choices.
extension ArgConvertible where Self: RawRepresentable & CaseIterable, RawValue: ArgConvertible {
    public static var kind: Kind { RawValue.kind }
    public static var paramKind: Kind { RawValue.paramKind }
    public static var placeholder: Self { allCases[allCases.startIndex] }
    public static var allowedValues: [Self]? { Array(allCases) }
    public var json: String { rawValue.json }

    public init(_ value: PipesPlugin.RawValue) throws {
        let raw = try RawValue(value)
        guard let known = Self(rawValue: raw) else {
            let choices = Self.allCases.map(\.json).joined(separator: ", ")
            throw ConversionError("wanted one of \(choices), got \(raw.json)")
        }
        self = known
    }
}
