import Synchronization

/// Whether a call of a processor is in progress, for those who watch from other threads. Set by the
/// one task that makes the calls, so that they can be counted without a locked instruction.
final class CallMark: Sendable {
    /// The number of the call in progress; 0 for none.
    private let inside = Atomic(0)
    private let callCount = Atomic(0)
    private let start = Atomic(0)

    /// The number of the call in progress, if one is.
    var currentCall: Int? {
        let number = inside.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Calls that were begun.
    var callCountSoFar: Int { callCount.load(ordering: .relaxed) }

    /// When the call in progress began, in nanoseconds, if one is.
    var currentStart: Int? {
        let start = start.load(ordering: .relaxed)
        return inside.load(ordering: .relaxed) == 0 ? nil : start
    }

    /// - Parameter now: nanoseconds of `MonotonicTime`.
    func begin(now: Int) {
        let number = callCount.load(ordering: .relaxed) + 1
        start.store(now, ordering: .relaxed)
        callCount.store(number, ordering: .relaxed)
        inside.store(number, ordering: .relaxed)
    }

    func end() { inside.store(0, ordering: .relaxed) }
}
