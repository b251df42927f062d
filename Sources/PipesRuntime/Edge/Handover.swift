import DequeModule
import PipesCore
import Synchronization

/// An edge inside a stage: holds what its sender is done with until its reader, in the same pass,
/// takes it. There is nothing to wait for: one batch with rows is all it holds.
///
/// `@unchecked Sendable`: only the stage's task touches it, so there is no lock and no exclusive
/// access to check. The counts are for reports, from any thread.
final class Handover: @unchecked Sendable {
    @exclusivity(unchecked) private var first: Batch?
    /// Settlements without a row that came behind the first.
    @exclusivity(unchecked) private var others: Deque<Batch> = []
    @exclusivity(unchecked) private var isFinished = false
    @exclusivity(unchecked) private(set) var demand = EdgeState.Demand.everything
    /// Whether it hands over also what its reader no longer wants.
    private let handsAllOver: Bool
    private let capacity: Int
    private let rowCount = Atomic(0)
    private let largestBatch = Atomic(0)

    init(capacity: Int = Int.max, handsAllOver: Bool = false) {
        self.capacity = capacity
        self.handsAllOver = handsAllOver
    }

    var rows: Int { rowCount.load(ordering: .relaxed) }
    var peak: Int { largestBatch.load(ordering: .relaxed) }

    /// Rows it takes now. A capacity that the user set is one for each batch.
    var room: Int { demand == .nothing ? Int.max : first == nil ? capacity : 0 }
    private var isWanted: Bool { demand != .nothing || handsAllOver }

    func send(_ batch: Batch) {
        guard isWanted, !isFinished, !batch.isEmpty else { return }
        let items = batch.itemCount
        if items > 0 {
            // There is one writer, so this needs no atomic addition.
            rowCount.store(rows &+ items, ordering: .relaxed)
            if items > peak { largestBatch.store(items, ordering: .relaxed) }
        }
        if first == nil { first = batch } else { others.append(batch) }
    }

    func finish() { isFinished = true }

    func take() -> EdgeState.Taken {
        if let batch = first.take() {
            if !others.isEmpty { first = others.removeFirst() }
            return .batch(batch, freesRoom: false)
        }
        return isFinished || !isWanted ? .end : .nothingYet
    }

    func want(_ less: EdgeState.Demand) {
        demand = less
        if !isWanted {
            first = nil
            others.removeAll()
        }
    }
}
