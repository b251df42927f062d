import DequeModule
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
    /// Rows from outside that have waited for a place since another graph ran, before all others.
    private var waiting: Deque<Batch> = []
    /// Whether some of them lie in memory that its makers must not give back.
    private(set) var refersToOthers = false

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
        if loop.isPaused { return keep(index, edge, &takenCount) }
        let room = loop.room
        // A place that becomes free rings.
        guard room > 0 else { return .nothingYet }
        if var batch = waiting.popFirst() {
            let part = enter(&batch, room)
            if batch.itemCount > 0 { waiting.prepend(batch) }
            noteEnds()
            return part
        }
        guard openOutside.contains(index) else { return .nothingYet }
        while held[index] == nil {
            switch edge.take() {
            case .batch(let batch, _):
                takenCount += 1
                if batch.itemCount > 0 { held[index] = batch }
            case .nothingYet: return .nothingYet
            case .end:
                openOutside.remove(index)
                noteEnds()
                return .nothingYet
            }
        }
        guard var batch = held[index] else { return .nothingYet }
        let part = enter(&batch, room)
        held[index] = batch.itemCount > 0 ? batch : nil
        return part
    }

    private mutating func enter(_ batch: inout Batch, _ room: Int) -> InputPort.Step {
        let part = batch.removePrefix(items: room)
        loop.enter(part.itemCount)
        return .batch(merge.renumber(part))
    }

    private func noteEnds() {
        if openOutside.isEmpty, waiting.isEmpty { loop.endOutside() }
    }

    // MARK: For another graph to go on

    /// Takes what an edge still brings, without letting it in.
    private mutating func keep(
        _ index: Int, _ edge: Edge, _ takenCount: inout Int
    ) -> InputPort.Step {
        if let batch = held[index].take() { keep(batch) }
        while openOutside.contains(index) {
            switch edge.take() {
            case .batch(let batch, _):
                takenCount += 1
                keep(batch)
            case .nothingYet: return .nothingYet
            case .end: openOutside.remove(index)
            }
        }
        return .nothingYet
    }

    private mutating func keep(_ batch: Batch) {
        guard batch.itemCount > 0 else { return }
        let rows = KeyRun(first: 0, count: batch.itemCount, settlement: .item)
        let (copy, isOwn) = batch.dense().copied([0..<batch.itemCount], [rows])
        waiting.append(copy)
        if !isOwn { refersToOthers = true }
    }

    /// Goes on where the head of another graph paused.
    mutating func goOn(from former: LoopEntry) {
        merge = former.merge
        waiting = former.waiting
        refersToOthers = former.refersToOthers
    }

    /// Rows that wait for a place there will never be.
    var left: [Batch] { Array(waiting) }
}
