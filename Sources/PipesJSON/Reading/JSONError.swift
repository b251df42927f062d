/// Why a text can't be read as JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The first byte that is wrong, counted from 0, of a number its first one; the size of the text where
    /// it ends too soon.
    public var offset: Int
    /// What is wrong and what was expected instead, in one line.
    public var message: String
    /// The text is JSON all the same; it holds a number that no value can.
    public var isJSON: Bool

    public init(offset: Int, message: String, isJSON: Bool = false) {
        self.offset = offset
        self.message = message
        self.isJSON = isJSON
    }

    public var description: String { "byte \(offset): \(message)" }
}
