public import PipesCore

/// A processor made of a Swift closure, for graphs that are run from Swift code: the value of a
/// `CoroMap`.
///
/// A thrown error rejects the row with its text, and a `RetryableError` follows the node's retry
/// policy.
///
/// A closure that awaits nothing is called for one row after the other, as a plugin's map is. Up to
/// the node's `concurrency` of them run at once, but no more than there are processors. It must not
/// block (read a file, wait for a lock for long), unless it says so with `blocks`: it then has
/// threads of its own, as many as the node's `concurrency`. Nobody can end such a call before it
/// returns.
///
/// A closure that awaits runs in a task that takes row after row. A row that really waits keeps the
/// task for itself, and up to `concurrency` of them do so at once. A timeout of the node, and the
/// cancellation of the run, reach such a row, and no other, as task cancellation. With a `timeout`,
/// each row has a task from the start, also where the closure awaits nothing.
///
/// What a closure costs is measured by the benchmarks; docs/embedding.md has the figures.
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
        case values(@Sendable () -> AnyIterator<Value>)
        case map(@Sendable (Row, Context) throws -> Value?, blocks: Bool)
        case sink(@Sendable (Row, Context) throws -> Void, blocks: Bool)
        case asyncMap(@Sendable (Row, Context) async throws -> Value?)
        case asyncSink(@Sendable (Row, Context) async throws -> Void)
    }

    let body: Body
    let params: [ProcessorDescription.Param]

    /// A map by a closure that awaits nothing.
    /// - Parameters:
    ///   - params: what a node's args are checked against.
    ///   - blocks: whether it may block; it then has threads of its own.
    ///   - body: the value of a row, or nil where it yields nothing.
    public static func map(
        params: [ProcessorDescription.Param] = [], blocks: Bool = false,
        _ body: @escaping @Sendable (Row, Context) throws -> Value?
    ) -> Coro {
        Coro(body: .map(body, blocks: blocks), params: params)
    }

    /// A map by a closure that awaits.
    /// - Parameters:
    ///   - params: what a node's args are checked against.
    ///   - body: the value of a row, or nil where it yields nothing.
    public static func map(
        params: [ProcessorDescription.Param] = [],
        _ body: @escaping @Sendable (Row, Context) async throws -> Value?
    ) -> Coro {
        Coro(body: .asyncMap(body), params: params)
    }

    /// A sink by a closure that awaits nothing.
    /// - Parameters:
    ///   - params: what a node's args are checked against.
    ///   - blocks: whether it may block; it then has threads of its own.
    ///   - body: takes a row.
    public static func sink(
        params: [ProcessorDescription.Param] = [], blocks: Bool = false,
        _ body: @escaping @Sendable (Row, Context) throws -> Void
    ) -> Coro {
        Coro(body: .sink(body, blocks: blocks), params: params)
    }

    /// A sink by a closure that awaits.
    /// - Parameters:
    ///   - params: what a node's args are checked against.
    ///   - body: takes a row.
    public static func sink(
        params: [ProcessorDescription.Param] = [],
        _ body: @escaping @Sendable (Row, Context) async throws -> Void
    ) -> Coro {
        Coro(body: .asyncSink(body), params: params)
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

    /// A source of values that are at hand, each taken when there is room for it.
    public static func values(_ values: some Sequence<Value> & Sendable) -> Coro {
        Coro(body: .values { AnyIterator(values.makeIterator()) }, params: [])
    }

    /// The same with a task for each call, so that one that computes can be cancelled. What blocks
    /// has no business on the threads of tasks.
    var withTasks: Coro {
        switch body {
        case .map(let body, blocks: false): Coro(body: .asyncMap(body), params: params)
        case .sink(let body, blocks: false): Coro(body: .asyncSink(body), params: params)
        default: self
        }
    }

    func description(named name: String) -> ProcessorDescription {
        func description(
            _ shape: ProcessorDescription.Shape, _ flags: ProcessorDescription.Flags,
            inputs: [ProcessorDescription.Port]? = nil
        ) -> ProcessorDescription {
            ProcessorDescription(
                name: name, shape: shape, flags: flags, params: params, inputs: inputs)
        }
        func sink(_ flags: ProcessorDescription.Flags) -> ProcessorDescription {
            var sink = description(.map, flags.union(.sink))
            sink.outputs = []
            return sink
        }
        return switch body {
        case .values: description(.produce, .nonblocking, inputs: [])
        case .source: description(.produce, [.defers, .nonblocking], inputs: [])
        case .map(_, let blocks):
            description(.map, blocks ? .concurrent : [.nonblocking, .concurrent])
        case .sink(_, let blocks): sink(blocks ? .concurrent : [.nonblocking, .concurrent])
        case .asyncMap: description(.map, [.defers, .nonblocking, .concurrent])
        case .asyncSink: sink([.defers, .nonblocking, .concurrent])
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
        guard let coro = closures[node.coro] else { return nil }
        let isLimited = node.properties.timeout != nil
        return .success(
            CoroFactory(
                coro: isLimited ? coro.withTasks : coro, name: node.coro, isLimited: isLimited))
    }
}

private struct CoroFactory: ProcessorFactory {
    let coro: Coro
    let name: String
    /// Whether its node has a timeout.
    let isLimited: Bool

    var description: ProcessorDescription { coro.description(named: name) }

    func makeProcessor(for node: NodeContext, args: [Value]) -> any Processor {
        let named = zip(coro.params, args).map { ($0.name, $1) }
        return CoroProcessor(
            coro.body,
            Coro.Context(
                node: node.name, args: Dictionary(named) { _, last in last }, env: node.env),
            isLimited: isLimited)
    }
}
