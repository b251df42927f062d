public import CPipes
public import PipesCore

/// What a node runs. The runtime knows processors only by this: what stands behind it is a
/// plugin's C functions, a bridged library function or a Swift closure.
///
/// Threads: `open`, `flush` and `close` never overlap with anything else on the same processor;
/// `produce`, `map` and `process` never overlap with each other. `cancel` and `interrupt` may come
/// from any thread while one of those runs.
public protocol Processor: AnyObject, Sendable {
    /// Whether it makes sure by itself that no call is ever completed twice. Its calls are then used
    /// again for other rows; else a second completion finds a call that is over, and is told.
    var completesCallsOnce: Bool { get }

    /// Whether a map that may defer is given several rows in a call. Those before the first that it
    /// defers are done then, and that one's result lies in memory of its own. False by default: such
    /// a map has a call for each row.
    var takesRowsUntilOneWaits: Bool { get }

    /// What is to be said where it sleeps in a call although it never blocks by its description.
    var sleepingAdvice: String { get }

    /// - Throws: what is wrong, for the user. Nothing was opened then.
    func open() throws(OpenFailure)

    /// Emits up to `call.demand` rows into `call.emission`.
    func produce(_ call: Call) -> Answer

    /// Maps `count` rows that lie one after the other, `width` values each, until one of them is
    /// answered with anything but `.ok`.
    ///
    /// - Parameters:
    ///   - call: whose storage results may lie in.
    ///   - rows: the values, borrowed for the call.
    ///   - count: of rows.
    ///   - width: values in each row.
    ///   - results: room for one value for each row, not initialised. It is written for each row
    ///     that is answered `.ok` or `.last`, with null where it yields nothing.
    ///   - ports: the output that each result leaves by, 0 to start with; nil where there is one.
    /// - Returns: how many rows were answered `.ok` and, if that is not all, the answer of the
    ///   next. With `.deferred`, `call.complete` is called later, and with `.last` the result of
    ///   that row is in its place.
    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer)

    /// Takes a batch of rows; values go into `call.emission`. The batch is valid until the call is
    /// over, for `.deferred` until it is completed.
    func process(_ call: Call, _ batch: pipes_batch) -> Answer

    /// All input was seen: emits what is left.
    func flush(_ call: Call) -> Answer

    /// Asks for a deferred call to be completed soon. It still is completed once.
    func cancel(_ call: Call)

    /// Gives a deferred call up: nobody waits for it any longer, and completing it has no effect.
    func abandon(_ call: Call)

    /// Makes a call that blocks return soon.
    func interrupt()

    /// Runs once for each successful `open`, when the whole run has ended, or another processor
    /// could not be opened. The node's `isStopping` tells an end by itself from a stop.
    func close()
}

extension Processor {
    public var completesCallsOnce: Bool { false }
    public var takesRowsUntilOneWaits: Bool { false }
    public var sleepingAdvice: String {
        "said that it never blocks (PIPES_NONBLOCKING), but sleeps in a call; without that flag it "
            + "has a thread of its own"
    }
    public func produce(_ call: Call) -> Answer { .notAllowed("is no source") }
    public func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) { (0, .notAllowed("maps no rows")) }
    public func process(_ call: Call, _ batch: pipes_batch) -> Answer {
        .notAllowed("takes no batches")
    }
    public func flush(_ call: Call) -> Answer { .ok }
    public func cancel(_ call: Call) {}
    public func abandon(_ call: Call) {}
    public func interrupt() {}
    public func close() {}
}

/// Why a processor could not be opened.
public struct OpenFailure: Error, Sendable {
    public var message: String

    public init(_ message: String) {
        self.message = message
    }
}

/// What a call came to: `pipes_status` as a Swift type, unknown numbers already turned away.
public enum Answer: Sendable, Equatable {
    case ok
    case skip
    case end
    case deferred
    case last
    case retry
    case reject
    case fatal
    case cancelled
    /// An answer that makes no sense for the call. Counts as fatal.
    case notAllowed(String)

    public init(_ status: pipes_status) {
        switch Int(status) {
        case Int(PIPES_OK): self = .ok
        case Int(PIPES_SKIP): self = .skip
        case Int(PIPES_END): self = .end
        case Int(PIPES_DEFERRED): self = .deferred
        case Int(PIPES_LAST): self = .last
        case Int(PIPES_RETRY): self = .retry
        case Int(PIPES_REJECT): self = .reject
        case Int(PIPES_FATAL): self = .fatal
        case Int(PIPES_CANCELLED): self = .cancelled
        default: self = .notAllowed("answered the unknown status \(status)")
        }
    }

    var name: String {
        switch self {
        case .ok: "OK"
        case .skip: "SKIP"
        case .end: "END"
        case .deferred: "DEFERRED"
        case .last: "LAST"
        case .retry: "RETRY"
        case .reject: "REJECT"
        case .fatal: "FATAL"
        case .cancelled: "CANCELLED"
        case .notAllowed(let text): text
        }
    }
}

/// Makes processors of one kind: what a coro string was resolved to.
public protocol ProcessorFactory: Sendable {
    var description: ProcessorDescription { get }

    /// What a user should know although it can run, such as another file that it hides: warnings of
    /// the check, each once. None by default.
    var warnings: [String] { get }

    /// A processor for one node, not opened yet.
    /// - Parameters:
    ///   - node: what the processor may know of it.
    ///   - args: checked, in the order of the description's params.
    func makeProcessor(for node: NodeContext, args: [Value]) -> any Processor

    /// Whether a processor that the other factory made does what one of this factory would, so
    /// that a running one need not be replaced. By default none does.
    func isSame(as other: any ProcessorFactory) -> Bool
}

extension ProcessorFactory {
    public var warnings: [String] { [] }

    public func isSame(as other: any ProcessorFactory) -> Bool { false }
}

/// Finds what a node's `coro` names.
public protocol ProcessorResolver: Sendable {
    /// Every `coro` that it knows, where they can be counted: for "Did you mean". None by default.
    var coros: [String] { get }

    /// - Returns: nil where the coro is not for this resolver to know.
    func resolve(
        _ node: Graph.Node, in graph: Graph
    ) -> Result<any ProcessorFactory, GraphChecker.Rejection>?
}

extension ProcessorResolver {
    public var coros: [String] { [] }
}
