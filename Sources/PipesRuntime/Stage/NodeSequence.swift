/// Nodes that one task works on, each behind those it takes rows from.
struct NodeSequence {
    let runners: [NodeRunner]

    var hasEnded: Bool { runners.allSatisfy(\.hasEnded) }

    /// Whether no row is in the hands of any node.
    var isIdle: Bool { runners.allSatisfy { $0.isIdle && $0.hasSentAll } }

    /// Sends a batch from the first node to the last one, each after those before it. What is left
    /// over is for the next pass.
    /// - Returns: whether anything was done.
    func pass() -> Bool {
        var hasProgressed = false
        for runner in runners {
            // The end goes through the whole stage in one pass, however many nodes there are.
            var steps = 0
            while steps < runner.stepsPerPass || runner.isEnding, runner.step() {
                hasProgressed = true
                steps += 1
            }
        }
        return hasProgressed
    }

    /// Makes the accounts visible to others.
    func publish() {
        for runner in runners { runner.publish() }
    }

    /// Whether a call of this node is in progress.
    func isInside(_ node: Int) -> Bool {
        runners.contains { $0.index == node && $0.mark.currentCall != nil }
    }

    /// The call of this node that is in progress will not return.
    func abandon(_ node: Int, rowsDone: Int, _ failure: String) {
        guard let runner = runners.first(where: { $0.index == node }) else { return }
        runner.abandonCall(rowsDone: rowsDone, failure)
        publish()
    }

    /// Nothing more is taken from queues for now.
    func rest() {
        for runner in runners where runner.readsQueue { runner.input.rest() }
    }
}
