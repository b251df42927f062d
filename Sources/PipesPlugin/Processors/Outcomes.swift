/// An error that may not come again: the row is tried again under its node's retry policy.
///
/// Any other error rejects its row for good, with the text it describes itself by.
public protocol RetryableError: Error {}

/// Thrown where there is no error type of one's own: `throw Retry("the server is busy")`.
public struct Retry: RetryableError, CustomStringConvertible {
    public var text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}

/// Thrown for a row that yields nothing: a filter's no. The row counts as skipped, not as failed.
public struct Skip: Error, Sendable {
    public init() {}
}

/// Thrown by a node that wants no more input, this row included, and by a source that has ended:
/// the end comes by itself, upstream as far as nobody else needs it.
public struct EndOfInput: Error, Sendable {
    public init() {}
}

/// Thrown where a node is broken for all rows to come: the graph stops.
public struct Fatal: Error, Sendable, CustomStringConvertible {
    public var text: String
    public init(_ text: String) { self.text = text }
    public var description: String { text }
}
