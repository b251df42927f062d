/// Writes JSON (RFC 8259) into bytes of its own, putting commas and colons where they belong.
///
/// It takes what it is told: keys must alternate with values inside an object, and every
/// container that is begun must be ended.
public struct JSONWriter {
    /// What has been written so far. Take it, or empty it with `reset` to reuse its memory.
    public private(set) var bytes: [UInt8]
    private let isPretty: Bool
    private var depth = 0
    /// Whether a value stands before what comes next in the same container.
    private var needsComma = false
    private var followsKey = false

    /// - Parameters:
    ///   - bytes: what stands before the value; more is appended to it.
    ///   - isPretty: a line for each key and element, indented by two spaces a level.
    public init(appendingTo bytes: [UInt8] = [], isPretty: Bool = false) {
        self.bytes = bytes
        self.isPretty = isPretty
    }

    /// Forgets what was written and keeps the memory for the next value.
    public mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        depth = 0
        needsComma = false
        followsKey = false
    }

    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    public mutating func key(_ key: String) {
        var key = key
        key.withUTF8 { self.key($0) }
    }

    public mutating func key(_ key: UnsafeBufferPointer<UInt8>) {
        separate()
        JSONWriter.appendString(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        if isPretty { bytes.append(UInt8(ascii: " ")) }
        followsKey = true
    }

    public mutating func string(_ string: String) {
        var string = string
        string.withUTF8 { self.string($0) }
    }

    /// - Parameter string: UTF-8; what is not valid becomes U+FFFD.
    public mutating func string(_ string: UnsafeBufferPointer<UInt8>) {
        separate()
        JSONWriter.appendString(string, to: &bytes)
    }

    /// A string that holds the bytes as base64.
    public mutating func base64(_ base64: UnsafeBufferPointer<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Base64.append(base64, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func integer(_ integer: Int64) {
        separate()
        JSONWriter.appendInteger(integer, to: &bytes)
    }

    /// The shortest number that reads back as the same, never without a point or an exponent;
    /// NaN and the infinities, which JSON does not have, as null.
    public mutating func real(_ real: Double) {
        separate()
        JSONWriter.appendReal(real, to: &bytes)
    }

    public mutating func bool(_ bool: Bool) {
        separate()
        bytes.append(contentsOf: (bool ? "true" : "false").utf8)
    }

    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        depth += 1
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        depth -= 1
        if needsComma { breakLine() }
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if followsKey {
            followsKey = false
        } else {
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            if depth > 0 { breakLine() }
        }
        needsComma = true
    }

    private mutating func breakLine() {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }
}
