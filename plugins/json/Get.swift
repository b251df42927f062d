internal import PipesPlugin

struct Get: MapProcessor {
    static let summary = "A part of a value; skips the values that have no such part."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true

    @Arg("A JSON Pointer such as /user/names/0; the empty one is the whole value.")
    var path: String
    private var pointer = JSONPointer()

    mutating func open() throws {
        pointer = try JSONPointer(path)
    }

    func map(_ value: RawValue) throws -> RawValue {
        guard let part = try pointer.part(of: value) else { throw Skip() }
        return part
    }
}

/// The way to a part of a value (RFC 6901).
struct JSONPointer: Sendable {
    private struct Step: Sendable {
        let key: [UInt8]
        /// The key as an index of a list; nil where it is none: `01`, `-`, `name`.
        let index: Int?
    }

    private var steps: [Step] = []

    /// The whole value.
    init() {}

    /// - Throws: `ConversionError` where `text` is no JSON Pointer (section 3).
    init(_ text: String) throws {
        // Bytes, not characters: a slash before a combining accent is a slash.
        let bytes = Array(text.utf8)
        guard let first = bytes.first else { return }
        guard first == UInt8(ascii: "/") else {
            throw ConversionError(
                "'\(text)' is not a JSON Pointer: it begins with / or is empty; "
                    + "is '/\(text)' meant?")
        }
        let tokens = bytes.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        steps = try tokens.map { token in
            guard let key = Self.unescape(token) else {
                throw ConversionError(
                    "'\(text)' is not a JSON Pointer: ~ is followed by 0 or 1, as ~0 stands for ~ "
                        + "and ~1 for /")
            }
            return Step(key: key, index: Self.index(key))
        }
    }

    /// Nil where there is none.
    func part(of value: RawValue) throws -> RawValue? {
        var part = value
        for step in steps {
            switch part.kind {
            case .map:
                let items = try part.keysAndValues
                // From the end, since of two equal keys the last counts.
                let places = stride(from: items.count - 2, through: 0, by: -2)
                let place = try places.first {
                    try items[$0].text.utf8.elementsEqual(step.key)
                }
                guard let place else { return nil }
                part = items[place + 1]
            case .list:
                let items = try part.items
                guard let index = step.index, index < items.count else { return nil }
                part = items[index]
            default:
                return nil
            }
        }
        return part
    }

    /// Section 4: `~1` is a slash, `~0` a tilde. Nil for any other tilde.
    private static func unescape(_ token: ArraySlice<UInt8>) -> [UInt8]? {
        var key: [UInt8] = []
        var bytes = token.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "~") else {
                key.append(byte)
                continue
            }
            switch bytes.next() {
            case UInt8(ascii: "0"): key.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): key.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return key
    }

    private static func index(_ key: [UInt8]) -> Int? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard key.allSatisfy(digits.contains), key.count == 1 || key.first != digits.lowerBound
        else { return nil }
        return Int(String(decoding: key, as: UTF8.self))
    }
}
