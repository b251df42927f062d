/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The first byte that is wrong, counted from 0; the size of the text where it ends too soon.
    public var offset: Int
    /// What is wrong and what was expected instead, in one line.
    public var message: String

    public init(offset: Int, message: String) {
        self.offset = offset
        self.message = message
    }

    public var description: String { "byte \(offset): \(message)" }
}
