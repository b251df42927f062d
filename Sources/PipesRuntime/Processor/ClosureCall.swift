import Synchronization

/// The task of one call of a closure. The task and whoever started it agree, without a lock, on
/// which of them answers the call: the one that comes second.
///
/// `@unchecked Sendable`: `task` is the node's; `outcome` is written by the task before it says
/// that it is over, and read after that.
final class ClosureCall: @unchecked Sendable {
    private enum Phase: UInt8, AtomicRepresentable {
        /// The one who started it has not come back from that yet.
        case starting
        case waiting
        case over
        /// Nobody wants its outcome any longer.
        case abandoned
    }

    private let phase = Atomic(Phase.over)
    private var task: Task<Void, Never>?
    private var outcome = ClosureOutcome.nothing

    /// Runs the closure until it waits for something.
    /// - Returns: nil where it waits; the call will be completed.
    func startNow(_ call: Call, _ body: @escaping ClosureOutcome.Body) -> ClosureOutcome? {
        phase.store(.starting, ordering: .relaxed)
        task = Task.immediate { await self.run(call, body) }
        let former = phase.exchange(.waiting, ordering: .acquiringAndReleasing)
        guard former == .over else { return nil }
        task = nil
        return outcome
    }

    /// Runs the closure on another thread. The call will be completed.
    func startLater(_ call: Call, _ body: @escaping ClosureOutcome.Body) {
        phase.store(.waiting, ordering: .relaxed)
        task = Task { await self.run(call, body) }
    }

    private func run(_ call: Call, _ body: ClosureOutcome.Body) async {
        let outcome = await ClosureOutcome(body)
        self.outcome = outcome
        let (isFirst, former) = phase.compareExchange(
            expected: .starting, desired: .over, ordering: .acquiringAndReleasing)
        guard !isFirst, former == .waiting else { return }
        let (isWanted, _) = phase.compareExchange(
            expected: .waiting, desired: .over, ordering: .acquiringAndReleasing)
        guard isWanted else { return }
        let (answer, value) = outcome.answer(call)
        call.complete(answer, value: PlainValue(value))
    }

    /// Only the node calls this and the next, and not while it starts one.
    func cancel() { task?.cancel() }

    func abandon() { phase.store(.abandoned, ordering: .releasing) }
}
