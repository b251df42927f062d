import PipesCore

/// The loops of a run, and which edges and nodes belong to each.
struct RunningLoops {
    let all: [Loop]
    /// By edge: its place in the loop that it closes.
    private(set) var feedbackEnds: [Int: FeedbackEnd] = [:]
    /// By edge: the loop that rows leave by it.
    private(set) var left: [Int: Loop] = [:]
    /// By node: the loop that begins there.
    private(set) var begun: [Int: Loop] = [:]

    /// - Parameter doorbells: of the nodes' stages, by node.
    init(_ graph: CheckedGraph, doorbells: [Doorbell]) {
        all = graph.loops.map { loop in
            let heads = loop.feedback.map { graph.edges[$0].to }
            let closer = graph.edges[loop.feedback[0]].from
            return Loop(
                loop, heads: heads.map { doorbells[$0] }, closer: doorbells[closer],
                merges: heads.contains { graph.nodes[$0].inputMode == .merge },
                hasOutside: heads.contains { graph.nodes[$0].inputs.count > 1 })
        }
        for (loop, checked) in zip(all, graph.loops) {
            for (place, edge) in checked.feedback.enumerated() {
                feedbackEnds[edge] = FeedbackEnd(loop: loop, edge: place)
                begun[graph.edges[edge].to] = loop
            }
            for edge in checked.exits { left[edge] = loop }
        }
    }
}
