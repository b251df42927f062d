/// Checks a graph against the processors it names. Everything that can be known before a run is
/// found here, all of it in one go.
public struct GraphChecker {
    /// What a `coro` string came to: a description, or what is wrong with it. A diagnostic
    /// without a place is reported at the node's `coro`.
    public typealias Resolve = (Graph.Node) -> Result<ProcessorDescription, Rejection>

    public struct Rejection: Error, Sendable {
        public var diagnostics: [Diagnostic]

        public init(_ diagnostics: [Diagnostic]) {
            self.diagnostics = diagnostics
        }
    }

    /// - Returns: the checked graph, or nil where there is an error; and all errors and warnings
    ///   in the order of the file.
    public static func check(
        _ graph: Graph, resolve: Resolve
    ) -> (checked: CheckedGraph?, diagnostics: [Diagnostic]) {
        (nil, [])
    }
}
