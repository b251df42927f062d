import PipesCore

/// The receiving side of a head that merges: what goes back and what comes from outside take
/// turns, and rows from outside are let in as places in the loop become free.
struct LoopEntry {
    private let loop: Loop
    private var merge = Merge()
    /// The edge to look at first.
    private var turn: Int
    /// By edge: a batch from outside of which not all rows were let in yet.
    private var held: [Batch?]
    private var openOutside: Set<Int>

    init(_ loop: Loop, edges: [Edge]) {
        self.loop = loop
        held = Array(repeating: nil, count: edges.count)
        openOutside = Set(edges.indices.filter { !edges[$0].isFeedback })
        // The initial rows come before anything else.
        turn = edges.firstIndex { $0.isFeedback } ?? 0
    }

    mutating func next(_ edges: [Edge], _ takenCount: inout Int) -> InputPort.Step {
        var isOver = false
        for offset in edges.indices {
            let index = (turn + offset) % edges.count
            let step =
                edges[index].isFeedback
                ? takeBack(edges[index], &takenCount) : letIn(index, edges[index], &takenCount)
            switch step {
            case .batch:
                turn = (index + 1) % edges.count
                return step
            case .nothingYet: break
            case .end: if edges[index].isFeedback { isOver = true }
            }
        }
        return isOver && openOutside.isEmpty ? .end : .nothingYet
    }

    private mutating func takeBack(_ edge: Edge, _ takenCount: inout Int) -> InputPort.Step {
        switch edge.take() {
        case .batch(let batch, _):
            takenCount += 1
            return .batch(merge.renumber(batch))
        case .nothingYet: return .nothingYet
        case .end: return .end
        }
    }

    private mutating func letIn(
        _ index: Int, _ edge: Edge, _ takenCount: inout Int
    ) -> InputPort.Step {
        let room = loop.room
        // A place that becomes free rings.
        guard room > 0, openOutside.contains(index) else { return .nothingYet }
        while held[index] == nil {
            switch edge.take() {
            case .batch(let batch, _):
                takenCount += 1
                if batch.itemCount > 0 { held[index] = batch }
            case .nothingYet: return .nothingYet
            case .end:
                openOutside.remove(index)
                if openOutside.isEmpty { loop.endOutside() }
                return .nothingYet
            }
        }
        guard var batch = held[index] else { return .nothingYet }
        let part = batch.removePrefix(items: room)
        held[index] = batch.itemCount > 0 ? batch : nil
        loop.enter(part.itemCount)
        return .batch(merge.renumber(part))
    }
}
