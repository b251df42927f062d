/// Why the `coro` or the `signature` of a node leads to no processor.
public struct CatalogError: Error, Sendable, Hashable {
    /// Which part of the node is wrong.
    public enum Subject: Sendable, Hashable {
        case coro
        /// `column` counts the characters of the signature from 1; nil where the whole of it is
        /// meant.
        case signature(column: Int?)
    }

    public var subject: Subject
    /// What, why and remedy, in one line, without a place in a file. Where a column of the
    /// signature is wrong it begins with `signature, column 8: `.
    public var message: String

    public init(_ subject: Subject, _ message: String) {
        self.subject = subject
        self.message = message
    }
}

/// Everything that is wrong with one node's `coro` and `signature`; never empty.
public struct CatalogRejection: Error, Sendable, Hashable {
    public var errors: [CatalogError]

    public init(_ errors: [CatalogError]) {
        self.errors = errors
    }
}
