internal import PipesCore

/// Nodes that run together, worked on by one task.
///
/// `@unchecked Sendable`: the runners are only touched by `run`, which is called once.
final class Stage: @unchecked Sendable {
    private let runners: [NodeRunner]
    private let doorbell: Doorbell
    let mayBlock: Bool

    /// Passes after which other tasks of the cooperative pool get their turn. A stage that may block
    /// has a thread of its own and no need to be polite.
    private static let passesPerTurn = 16

    init(_ runners: [NodeRunner], doorbell: Doorbell, mayBlock: Bool) {
        self.runners = runners
        self.doorbell = doorbell
        self.mayBlock = mayBlock
    }

    /// Works until all nodes have ended.
    func run() async {
        var passes = 0
        while true {
            let hasProgressed = pass()
            if runners.allSatisfy(\.hasEnded) { return }
            if !hasProgressed {
                passes = 0
                await doorbell.wait()
            } else {
                passes += 1
                if !mayBlock, passes.isMultiple(of: Stage.passesPerTurn) { await Task.yield() }
            }
        }
    }

    /// Sends a batch from the first node to the last one: each node works off what it was handed
    /// before the next one looks, and a source brings one batch.
    private func pass() -> Bool {
        var hasProgressed = false
        for runner in runners {
            while runner.step() {
                hasProgressed = true
                if runner.node.description.isSource { break }
            }
        }
        return hasProgressed
    }
}
