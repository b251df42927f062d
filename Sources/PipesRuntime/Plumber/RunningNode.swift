import PipesCore

/// A node of a run: its processor, and what calls it.
struct RunningNode: Sendable {
    let node: CheckedGraph.Node
    let context: NodeContext
    let gate: ProcessorGate
    /// One, or one in each lane. Others may only ask for what is meant for any thread.
    private let runners: Runners
    /// The stage whose lanes it is the first node of.
    private let lanes: LaneStage?

    /// `@unchecked Sendable`: the runners belong to their stage, but for what says otherwise.
    private struct Runners: @unchecked Sendable {
        let all: [NodeRunner]
    }

    init(
        _ node: CheckedGraph.Node, context: NodeContext, gate: ProcessorGate,
        runners: [NodeRunner], firstOf lanes: LaneStage?
    ) {
        self.node = node
        self.context = context
        self.gate = gate
        self.runners = Runners(all: runners)
        self.lanes = lanes
    }

    /// What calls the processor of a node without lanes. Only its stage may use it, and whoever
    /// prepares a run or comes after one.
    var onlyRunner: NodeRunner { runners.all[0] }

    /// Whether a call of its processor is in progress.
    var isInside: Bool {
        gate.isClosing || runners.all.contains { $0.mark.currentCall != nil }
    }

    func lookForBlocking() {
        for runner in runners.all { runner.blockingWatch?.look() }
    }

    /// Its line of the ledger, of all lanes together, without what the processor counts.
    var published: NodeAccount {
        var sum = NodeAccount(name: node.name)
        for runner in runners.all { sum.add(runner.published) }
        sum.missing += lanes?.missing ?? 0
        return sum
    }

    var snapshot: NodeAccount {
        var account = published
        account.metrics = context.metrics.merging(onlyRunner.formerMetrics) { $0 &+ $1 }
        return account
    }
}

extension NodeAccount {
    fileprivate mutating func add(_ other: NodeAccount) {
        `in` += other.in
        out += other.out
        skipped += other.skipped
        failed += other.failed
        missing += other.missing
        unsettled += other.unsettled
        retries += other.retries
        nanoseconds += other.nanoseconds
    }
}
