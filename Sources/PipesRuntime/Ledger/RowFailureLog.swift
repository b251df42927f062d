import Logging
import PipesCore

/// Logs why rows failed, where nobody takes the rows themselves: of each node the first ones, and
/// then one in every second with the number of those that were left out.
final class RowFailureLog: Sendable {
    private let logger: Logger
    private let paces = Locked<[String: FailurePace]>([:])

    init(_ logger: Logger) { self.logger = logger }

    func note(_ letter: DeadLetter) {
        let now = ContinuousClock.now
        let omitted = paces.withLock { $0[letter.node, default: FailurePace()].note(now) }
        guard let omitted else { return }
        let key = letter.key.map(String.init).joined(separator: ", ")
        let more = omitted > 0 ? " (and \(omitted) more rows since the last of these messages)" : ""
        logger.error("node \"\(letter.node)\": row [\(key)] failed: \(letter.message)\(more)")
    }
}

/// Which failures of a node are logged, as a value.
struct FailurePace {
    /// Failures that are logged whenever they come.
    static let first = 10
    static let interval = Duration.seconds(1)

    private var count = 0
    private var omitted = 0
    private var last: ContinuousClock.Instant?

    /// A row has failed.
    /// - Returns: how many before it were left out; nil where it is left out too.
    mutating func note(_ now: ContinuousClock.Instant) -> Int? {
        count += 1
        if count > FailurePace.first, let last, last.duration(to: now) < FailurePace.interval {
            omitted += 1
            return nil
        }
        last = now
        defer { omitted = 0 }
        return omitted
    }
}
