import Glibc
package import PipesCore

/// What a test sees of a run, and does to it. A run without hooks does not look for them row by
/// row.
package struct RunHooks: Sendable {
    /// Each batch that a node hands on, in the order of its keys. By the position of the node in
    /// the graph and of its output.
    package var batchLeft: (@Sendable (_ node: Int, _ output: Int, _ batch: Batch) -> Void)?
    /// Each batch that a node takes, joined already. By the position of the node.
    package var batchTaken: (@Sendable (_ node: Int, _ batch: Batch) -> Void)?
    /// By the names of nodes.
    package var faults: [String: InjectedFaults] = [:]

    package init() {}

    func takenWatcher(node: Int) -> (@Sendable (Batch) -> Void)? {
        guard let batchTaken else { return nil }
        return { batchTaken(node, $0) }
    }

    func leftWatcher(node: Int, output: Int) -> (@Sendable (Batch) -> Void)? {
        guard let batchLeft else { return nil }
        return { batchLeft(node, output, $0) }
    }
}

/// What is done to rows of one node before its processor gets them.
package final class InjectedFaults: Sendable {
    package enum Effect: Sendable, Equatable {
        case reject(String)
        case retry(String)
        case delay(Duration)
        /// The process dies.
        case crash
    }

    private struct Fault {
        var effect: Effect
        /// Calls that are still to be hit.
        var left: Int
        var isReached = false
    }

    private let faults: Locked<[[UInt64]: Fault]>

    package init() {
        faults = Locked([:])
    }

    /// - Parameter times: how many attempts of the row it hits.
    package func add(_ effect: Effect, key: [UInt64], times: Int = 1) {
        faults.withLock { $0[key] = Fault(effect: effect, left: times) }
    }

    /// What is to be done to the row that is next, once for each time it is asked.
    ///
    /// - Parameter timeout: of the node. A delay counts as time of the row: one that is longer
    ///   lasts as long as the timeout, and then that attempt has failed.
    func next(_ key: [UInt64], timeout: Duration?) -> Effect? {
        faults.withLock { faults in
            guard var fault = faults[key], fault.left > 0 else { return nil }
            fault.left -= 1
            fault.isReached = true
            var effect = fault.effect
            if case .delay(let time) = effect, let timeout, time > timeout {
                effect = .delay(timeout)
                fault = Fault(
                    effect: .retry(NodeRunner.text(ofTimeout: timeout)), left: 1, isReached: true)
            }
            faults[key] = fault
            return effect
        }
    }

    /// Rows that a source may yield before the next one that is hit; nil: all.
    func distance(from next: UInt64) -> Int? {
        faults.withLock { faults in
            faults.filter { $0.value.left > 0 && $0.key.count == 1 }.compactMap { $0.key.first }
                .filter { $0 >= next }.min().map { Int(clamping: $0 - next) }
        }
    }

    /// Keys of rows that never came.
    package var unreached: [[UInt64]] {
        faults.withLock { faults in
            faults.filter { !$0.value.isReached }.keys.sorted { $0.lexicographicallyPrecedes($1) }
        }
    }

    /// Ends the process as a bug in a processor would.
    static func crash() -> Never {
        // Nobody has to be told how: it was asked for.
        signal(SIGABRT, SIG_DFL)
        abort()
    }
}
