import PipesCore
import Testing

@testable import PipesRuntime

/// Every sequence of a few steps on a small edge, against a list.
@Suite("An edge, exhaustively") struct EdgeStateExhaustiveTests {
    private enum Step: CaseIterable {
        case sendRow
        case sendBare
        case take
        case finish
        case wantTheRest
        case wantNothing
    }

    /// What an edge is, without batches, runs and counts that are kept.
    private struct NaiveEdge {
        var capacity: Int
        var queue: [Settled] = []
        var demand = EdgeState.Demand.everything
        var isFinished = false
        var senderWaits = false
        var readerWaits = false

        var depth: Int { queue.count { $0.settlement == .item } }
        var hasRoom: Bool { demand == .nothing || depth < capacity }

        /// - Returns: whether the reader is to be woken.
        mutating func append(_ entry: Settled) -> Bool {
            guard demand != .nothing, !isFinished else { return false }
            queue.append(entry)
            defer { readerWaits = false }
            return readerWaits
        }
    }

    @Test("does what a list of settlements does, and wakes whoever waits", arguments: 1...2)
    func sequences(capacity: Int) async {
        var sequences: [[Step]] = [[]]
        for _ in 0..<6 {
            sequences = sequences.flatMap { steps in Step.allCases.map { steps + [$0] } }
        }
        for (number, steps) in sequences.enumerated() {
            run(steps, capacity: capacity)
            // Other tests need the threads for their runs.
            if number.isMultiple(of: 1000) { await Task.yield() }
        }
    }

    private func run(_ steps: [Step], capacity: Int) {
        var edge = EdgeState(capacity: capacity, byteCapacity: 1 << 20)
        var model = NaiveEdge(capacity: capacity)
        var isRight = true
        for (key, step) in steps.enumerated() {
            switch step {
            case .sendRow:
                let batch = Batch.numbers(key, count: 1)
                let hasRoom = edge.admit(batch, byteCount: batch.byteCount) > 0
                isRight = isRight && hasRoom == model.hasRoom
                guard model.hasRoom else {
                    model.senderWaits = true
                    break
                }
                let wakes = edge.send(batch, byteCount: batch.byteCount)
                isRight = isRight && wakes == model.append(batch.settled[0])
            case .sendBare:
                let wakes = edge.send(Batch.bare(key, count: 1), byteCount: 0)
                isRight = isRight && wakes == model.append(.lost([UInt64(key)]))
            case .take: isRight = isRight && take(&edge, &model)
            case .finish:
                let wakes = edge.finish()
                isRight = isRight && wakes == model.readerWaits
                model.isFinished = true
                model.readerWaits = false
            case .wantTheRest, .wantNothing:
                let less: EdgeState.Demand = step == .wantTheRest ? .theRest : .nothing
                let isNews = less.rawValue > model.demand.rawValue
                isRight = isRight && edge.want(less) == (isNews && !model.isFinished)
                guard isNews else { break }
                model.demand = less
                model.senderWaits = false
                if less == .nothing { model.queue = [] }
            }
            isRight =
                isRight && edge.depth == model.depth && edge.demand == model.demand
                && edge.senderWaits == model.senderWaits && edge.readerWaits == model.readerWaits
                && edge.isDrained == (model.queue.isEmpty && model.isFinished)
            guard isRight else {
                Issue.record("\(steps.prefix(key + 1)) with room for \(capacity)")
                return
            }
        }
    }

    private func take(_ edge: inout EdgeState, _ model: inout NaiveEdge) -> Bool {
        switch edge.take() {
        case .batch(let batch, let freesRoom):
            let settled = batch.settled
            guard model.queue.starts(with: settled), !settled.isEmpty else { return false }
            model.queue.removeFirst(settled.count)
            let hasRows = settled.contains { $0.settlement == .item }
            defer { if hasRows { model.senderWaits = false } }
            return freesRoom == (model.senderWaits && hasRows)
        case .nothingYet:
            model.readerWaits = true
            return model.queue.isEmpty && !model.isFinished && model.demand != .nothing
        case .end:
            return model.queue.isEmpty && (model.isFinished || model.demand == .nothing)
        }
    }
}
