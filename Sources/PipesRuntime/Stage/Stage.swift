import Glibc

/// What a run is made of: nodes that are worked on together.
protocol RunningStage: Sendable {
    /// Whether its own task needs a thread that may block.
    var mayBlock: Bool { get }

    /// Works until all its nodes have ended. Called once.
    func run() async

    /// A call of this node, a map's, will not return: counts what was done. To be called in the
    /// thread of that call.
    func abandon(_ node: Int, rowsDone: Int, _ failure: String)
}

/// Nodes that run together, worked on by one task.
///
/// `@unchecked Sendable`: the nodes are only touched by `run`, which is called once.
final class Stage: RunningStage, @unchecked Sendable {
    private let nodes: NodeSequence
    private let doorbell: Doorbell
    let mayBlock: Bool

    /// Passes after which other tasks of the cooperative pool get their turn. A stage that may block
    /// has a thread of its own and no need to be polite.
    static let passesPerTurn = 16

    init(_ nodes: NodeSequence, doorbell: Doorbell, mayBlock: Bool) {
        self.nodes = nodes
        self.doorbell = doorbell
        self.mayBlock = mayBlock
    }

    func run() async {
        var passes = 0
        while true {
            let hasProgressed = nodes.pass()
            let hasEnded = nodes.hasEnded
            passes += 1
            let isTurnOver = passes.isMultiple(of: Stage.passesPerTurn)
            if isTurnOver || hasEnded || !hasProgressed { nodes.publish() }
            if hasEnded { return }
            if !hasProgressed {
                passes = 0
                await rest()
            } else if isTurnOver, !mayBlock {
                await Task.yield()
            }
        }
    }

    func abandon(_ node: Int, rowsDone: Int, _ failure: String) {
        nodes.abandon(node, rowsDone: rowsDone, failure)
    }

    /// Sleeps until there may be something to do.
    private func rest() async {
        nodes.rest()
        // Whoever would wake this stage is often about to run, or running. Waking a thread takes
        // longer than a batch does; letting others go first takes next to nothing.
        if mayBlock, !doorbell.isRung { sched_yield() }
        await doorbell.wait()
    }
}
