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

    /// What calls the processor, in the first lane where it has some. Only its stage may use it, and
    /// whoever prepares a run or comes after one.
    private var firstRunner: NodeRunner { runners.all[0] }

    /// What it reads. The same holds for this.
    private var input: InputPort { lanes?.input ?? firstRunner.input }

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
        account.metrics = context.metrics.merging(firstRunner.formerMetrics) { $0 &+ $1 }
        return account
    }

    // MARK: Going on for the node of another graph, before the first step

    /// Goes on with the processor of a node that was not closed.
    func takeOver(_ former: RunningNode) {
        gate.handOver(to: runners.all.count)
        for runner in runners.all { runner.takeOver(former.runners.all) }
    }

    /// There is nothing left for it to do.
    func stayEnded() {
        for runner in runners.all { runner.stayEnded() }
        lanes?.stayEnded()
    }

    /// Goes on counting where the node of this name stopped, and with what it left waiting at its
    /// inputs.
    func goOn(from former: RunningNode) {
        var metrics = former.firstRunner.formerMetrics
        if former.context !== context {
            metrics.merge(former.context.metrics) { $0 &+ $1 }
        }
        firstRunner.continueAccount(former.published, metrics: metrics)
        if let lanes {
            lanes.goOn(from: former.input)
        } else {
            firstRunner.input.goOn(from: former.input)
        }
    }

    /// Whether rows that wait here lie in memory that its makers must not give back.
    var refersToOthers: Bool { input.refersToOthers }

    /// Fails what waits here for a graph that doesn't go on after all.
    func failWhatIsLeft() { firstRunner.failWhatIsLeft(input.left) }
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
