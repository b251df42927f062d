public import Logging
public import PipesCore

/// What a processor can learn and say about the node it runs. Every member is safe from any
/// thread, from before `open` until after `close`.
public final class NodeContext: Sendable {
    public let name: String
    /// What the node runs, as the graph names it.
    public let coro: String
    /// Inputs joined into a row; 0 for a source.
    public let inputCount: Int
    /// Whether each output feeds anyone.
    public let outputsUsed: [Bool]
    /// Calls that may be open at once.
    public let concurrency: Int
    /// The graph's `env`.
    public let env: [String: Value]
    public let logger: Logger
    package let clock: any RunClock

    private let shared = Locked(Shared())

    private struct Shared {
        var isStopping = false
        var metrics: [String: Int64] = [:]
    }

    init(
        name: String, coro: String, inputCount: Int, outputsUsed: [Bool], concurrency: Int,
        env: [String: Value], logger: Logger, clock: any RunClock
    ) {
        self.name = name
        self.coro = coro
        self.inputCount = inputCount
        self.outputsUsed = outputsUsed
        self.concurrency = concurrency
        self.env = env
        self.logger = logger
        self.clock = clock
    }

    /// Whether the node should come to an end: a source at a drain, any node at a cancel.
    public var isStopping: Bool { shared.withLock { $0.isStopping } }

    func stop() { shared.withLock { $0.isStopping = true } }

    /// Adds to a counter that shows among the node's metrics.
    /// - Returns: what it comes to.
    @discardableResult
    public func count(_ metric: String, _ delta: Int64) -> Int64 {
        shared.withLock { shared in
            shared.metrics[metric, default: 0] &+= delta
            return shared.metrics[metric, default: 0]
        }
    }

    /// How many misuses are told: one that comes with each row would fill the log.
    private static let toldMisuses = 20

    /// Notes that the processor did what its contract forbids, where that does not stop the run:
    /// what does is told as a failure.
    public func reportMisuse(_ what: String) {
        let number = count("misuses", 1)
        guard number <= NodeContext.toldMisuses else { return }
        let isLast = number == NodeContext.toldMisuses
        logger.error(
            """
            node "\(name)": \(coro): \(what)\(isLast ? " (more of it is only counted)" : "")
            """)
    }

    var metrics: [String: Int64] { shared.withLock { $0.metrics } }
}
