public import PipesCore

/// A processor made of a Swift closure, for graphs that are run from Swift code: the value of a
/// `CoroMap`.
///
/// Closures run as tasks that the node owns; up to the node's `concurrency` of them at once. A
/// thrown error rejects the row with its text, a `RetryableError` follows the node's retry policy,
/// and cancellation reaches the closure as task cancellation.
public struct Coro: Sendable {
    /// What a closure learns of its node.
    public struct Context: Sendable {
        public let node: String
        /// By the names of the params.
        public let args: [String: Value]
        /// The graph's `env`.
        public let env: [String: Value]
    }

    /// The values of a row: one, or one of each joined input.
    public typealias Row = [Value]

    enum Body: Sendable {
        case source(@Sendable (Context) -> any AsyncSequence<Value, any Error> & Sendable)
        case map(@Sendable (Row, Context) async throws -> Value?)
        case sink(@Sendable (Row, Context) async throws -> Void)
    }

    let body: Body
    let params: [ProcessorDescription.Param]

    /// - Parameters:
    ///   - params: what a node's args are checked against.
    ///   - body: the value of a row, or nil where it yields nothing.
    public static func map(
        params: [ProcessorDescription.Param] = [],
        _ body: @escaping @Sendable (Row, Context) async throws -> Value?
    ) -> Coro {
        Coro(body: .map(body), params: params)
    }

    /// - Parameters:
    ///   - params: what a node's args are checked against.
    ///   - body: takes a row.
    public static func sink(
        params: [ProcessorDescription.Param] = [],
        _ body: @escaping @Sendable (Row, Context) async throws -> Void
    ) -> Coro {
        Coro(body: .sink(body), params: params)
    }

    /// - Parameters:
    ///   - params: what a node's args are checked against.
    ///   - makeRows: called once, before the first row. The next value is asked for when there is
    ///     room for it. An error that the sequence throws stops the run.
    public static func source<Rows: AsyncSequence & Sendable>(
        params: [ProcessorDescription.Param] = [],
        _ makeRows: @escaping @Sendable (Context) -> Rows
    ) -> Coro where Rows.Element == Value, Rows.Failure == any Error {
        Coro(body: .source(makeRows), params: params)
    }

    /// A source of values that are at hand.
    public static func values(_ values: some Sequence<Value> & Sendable) -> Coro {
        source { _ in
            AsyncThrowingStream { continuation in
                for value in values { continuation.yield(value) }
                continuation.finish()
            }
        }
    }

    func description(named name: String) -> ProcessorDescription {
        switch body {
        case .source:
            ProcessorDescription(
                name: name, shape: .produce, flags: [.defers, .nonblocking], params: params,
                inputs: [])
        case .map:
            ProcessorDescription(
                name: name, shape: .map, flags: [.defers, .nonblocking, .concurrent],
                params: params, inputs: nil)
        case .sink:
            ProcessorDescription(
                name: name, shape: .map, flags: [.defers, .nonblocking, .concurrent, .sink],
                params: params, inputs: nil, outputs: [])
        }
    }
}

/// A failure that may not come again: the node's retry policy applies.
public struct RetryableError: Error, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) {
        self.description = description
    }
}

/// Coro strings that map to Swift closures. They come before plugins of the same name.
public struct CoroMap: ProcessorResolver, ExpressibleByDictionaryLiteral {
    private var closures: [String: Coro]

    public var coros: [String] { closures.keys.sorted() }

    public init(_ coros: [String: Coro]) {
        closures = coros
    }

    public init(dictionaryLiteral elements: (String, Coro)...) {
        closures = Dictionary(elements) { _, last in last }
    }

    public func resolve(
        _ node: Graph.Node, in graph: Graph
    ) -> Result<any ProcessorFactory, GraphChecker.Rejection>? {
        closures[node.coro].map { .success(CoroFactory(coro: $0, name: node.coro)) }
    }
}

private struct CoroFactory: ProcessorFactory {
    let coro: Coro
    let name: String

    var description: ProcessorDescription { coro.description(named: name) }

    func makeProcessor(for node: NodeContext, args: [Value]) -> any Processor {
        let named = zip(coro.params, args).map { ($0.name, $1) }
        return CoroProcessor(
            coro.body,
            Coro.Context(
                node: node.name, args: Dictionary(named) { _, last in last }, env: node.env))
    }
}
