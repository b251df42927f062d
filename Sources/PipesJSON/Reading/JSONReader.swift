/// Reads one JSON text (RFC 8259) token by token. Any bytes may be given to it: what is not
/// JSON is an error with its place, and how deep a text is nested costs no stack.
///
/// It borrows the text: the buffer must stay valid as long as the reader and the texts it gave
/// out are in use. After an error every further call throws it again.
public struct JSONReader {
    public enum Token {
        case beginObject
        case endObject
        case beginArray
        case endArray
        case key(JSONText)
        case string(JSONText)
        case integer(Int64)
        /// A number with a fraction or an exponent, or an integer beyond Int64; always finite.
        case real(Double)
        case bool(Bool)
        case null
    }

    private enum Expectation {
        case value
        /// Right after `[`.
        case valueOrEnd
        /// Right after `{`.
        case keyOrEnd
        case commaOrEnd
        case nothing
        case failed(JSONError)
    }

    let text: UnsafeBufferPointer<UInt8>
    /// The first byte that has not been read.
    public internal(set) var offset = 0
    /// The first byte of the last token, counted from 0.
    public private(set) var tokenOffset = 0
    private let depthLimit: Int
    private var expectation = Expectation.value
    /// The containers that are open, outermost first: whether each is an object.
    private var openObjects: [Bool] = []

    /// - Parameters:
    ///   - text: UTF-8, with or without a byte order mark.
    ///   - depthLimit: how many containers may be open at once.
    public init(_ text: UnsafeBufferPointer<UInt8>, depthLimit: Int = 512) {
        self.text = text
        self.depthLimit = depthLimit
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    }

    /// How many containers are open.
    public var depth: Int { openObjects.count }

    /// - Returns: the next token; nil when the one value of the text has been read and nothing
    ///   but white space follows.
    public mutating func next() throws(JSONError) -> Token? {
        if case .failed(let error) = expectation { throw error }
        do {
            return try nextToken()
        } catch {
            expectation = .failed(error)
            throw error
        }
    }

    /// Passes over the rest of the container that was begun last.
    public mutating func skipContainer() throws(JSONError) {
        let outside = depth - 1
        while depth > outside, try next() != nil {}
    }

    private mutating func nextToken() throws(JSONError) -> Token? {
        skipSpace()
        tokenOffset = offset
        switch expectation {
        case .value:
            return try value(or: "a value")
        case .valueOrEnd:
            if peek() == UInt8(ascii: "]") { return endContainer() }
            return try value(or: "a value or ]")
        case .keyOrEnd:
            if peek() == UInt8(ascii: "}") { return endContainer() }
            return try key(or: "a key in quotes or }")
        case .commaOrEnd:
            return try afterValue()
        case .nothing:
            if offset == text.count { return nil }
            throw unexpected("the end: a text holds one value")
        case .failed(let error):
            throw error
        }
    }

    private mutating func afterValue() throws(JSONError) -> Token {
        let isObject = openObjects.last ?? false
        let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        if peek() == end { return endContainer() }
        guard peek() == UInt8(ascii: ",") else {
            throw unexpected(isObject ? "a comma or }" : "a comma or ]")
        }
        let comma = offset
        offset += 1
        skipSpace()
        tokenOffset = offset
        if peek() == end {
            throw JSONError(
                offset: comma, message: "a comma before \(isObject ? "}" : "]") is not allowed")
        }
        return try isObject ? key(or: "a key in quotes") : value(or: "a value")
    }

    private mutating func key(or expected: String) throws(JSONError) -> Token {
        guard peek() == UInt8(ascii: "\"") else { throw unexpected(expected) }
        let key = try string()
        skipSpace()
        guard peek() == UInt8(ascii: ":") else { throw unexpected("a colon after the key") }
        offset += 1
        expectation = .value
        return .key(key)
    }

    private mutating func value(or expected: String) throws(JSONError) -> Token {
        guard let first = peek() else { throw unexpected(expected) }
        let token: Token
        switch first {
        case UInt8(ascii: "{"):
            try beginContainer(isObject: true)
            return .beginObject
        case UInt8(ascii: "["):
            try beginContainer(isObject: false)
            return .beginArray
        case UInt8(ascii: "\""): token = .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): token = try number()
        case UInt8(ascii: "t") where skip(word: "true"): token = .bool(true)
        case UInt8(ascii: "f") where skip(word: "false"): token = .bool(false)
        case UInt8(ascii: "n") where skip(word: "null"): token = .null
        default: throw unexpected(expected)
        }
        expectation = openObjects.isEmpty ? .nothing : .commaOrEnd
        return token
    }

    private mutating func beginContainer(isObject: Bool) throws(JSONError) {
        guard openObjects.count < depthLimit else {
            throw JSONError(
                offset: offset, message: "nested too deep: at most \(depthLimit) levels are read")
        }
        offset += 1
        openObjects.append(isObject)
        expectation = isObject ? .keyOrEnd : .valueOrEnd
    }

    private mutating func endContainer() -> Token {
        offset += 1
        let wasObject = openObjects.removeLast()
        expectation = openObjects.isEmpty ? .nothing : .commaOrEnd
        return wasObject ? .endObject : .endArray
    }

    // MARK: Bytes

    func peek() -> UInt8? {
        offset < text.count ? text[offset] : nil
    }

    private mutating func skipSpace() {
        while offset < text.count {
            switch text[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                offset += 1
            default:
                return
            }
        }
    }

    /// Whether the word stands here, and nothing that would make it a longer one.
    private mutating func skip(word: StaticString) -> Bool {
        let end = offset + word.utf8CodeUnitCount
        guard end <= text.count else { return false }
        for position in 0..<word.utf8CodeUnitCount
        where text[offset + position] != word.utf8Start[position] {
            return false
        }
        if end < text.count, isWordByte(text[end]) { return false }
        offset = end
        return true
    }

    func unexpected(_ expected: String) -> JSONError {
        JSONError(offset: offset, message: "expected \(expected), found \(found())")
    }

    /// What stands at the offset, for messages.
    private func found() -> String {
        guard let first = peek() else { return "the end of the text" }
        if isWordByte(first) {
            // Ten letters show what a word was meant to be (`None`, `undefined`).
            let word = text[offset...].prefix(10).prefix(while: isWordByte)
            return "\"\(String(decoding: word, as: UTF8.self))\""
        }
        if first == UInt8(ascii: "\"") { return "a string" }
        if first > 0x20 && first < 0x7F { return "\"\(Character(Unicode.Scalar(first)))\"" }
        let scalar = text[offset...].prefix(4)
        if first >= 0x80,
            let character = String(validating: scalar.prefix(utf8Size(first)), as: UTF8.self)
        {
            return "\"\(character)\""
        }
        return "byte 0x\(String(first, radix: 16))"
    }
}

func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        true
    default:
        false
    }
}

/// How many bytes a UTF-8 sequence has that begins with this one.
func utf8Size(_ first: UInt8) -> Int {
    switch first {
    case ..<0x80: 1
    case ..<0xE0: 2
    case ..<0xF0: 3
    default: 4
    }
}
