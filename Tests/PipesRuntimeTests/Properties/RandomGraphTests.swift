import Glibc
import PipesCore
import Testing

@testable import PipesRuntime

/// Runs random graphs and compares them with the model. `PIPES_GRAPHS` sets how many,
/// `PIPES_FIRST_SEED` the seed of the first, and `PIPES_SEED` runs the one of that seed.
@Suite("Random graphs") struct RandomGraphTests {
    @Test(
        "pair what belongs together, lose nothing uncounted and end by themselves",
        arguments: [false, true])
    func model(isReplaced: Bool) async throws {
        let seeds: [UInt64]
        if let seed = RandomGraphTests.number("PIPES_SEED") {
            seeds = [seed]
        } else {
            let first = RandomGraphTests.number("PIPES_FIRST_SEED") ?? 0
            let count = RandomGraphTests.number("PIPES_GRAPHS") ?? 200
            seeds = (0..<(isReplaced ? count / 3 : count)).map { first &+ $0 }
        }
        var counts: [Precision: Int] = [:]
        // Two at a time: runs wait for one another's threads, as they do in earnest.
        try await withThrowingTaskGroup(of: Precision?.self) { group in
            var rest = seeds[...]
            for _ in 0..<2 {
                if let seed = rest.popFirst() {
                    group.addTask { try await runOne(seed, isReplaced) }
                }
            }
            while let precision = try await group.next() {
                guard let precision else { return }
                counts[precision, default: 0] += 1
                if let seed = rest.popFirst() {
                    group.addTask { try await runOne(seed, isReplaced) }
                }
            }
            // Else this would say little, whatever it finds.
            let foretold = seeds.count - counts[.bounds, default: 0]
            #expect(foretold * 10 >= seeds.count * 7 || seeds.count < 100, "\(counts)")
        }
        if seeds.count > 200 { print("random graphs from seed \(seeds[0]): \(counts)") }
    }

    @Test("that go wrong are cut down to little more than what is wrong", arguments: [3, 11, 27])
    func shrinking(seed: UInt64) async throws {
        let planted = try await RandomGraphTests.withPlantedFault(seed: seed)
        #expect(planted.spec.nodes.count >= 15)
        let (smallest, flaws) = try await planted.spec.shrunk(planted.flaws) {
            try await RandomGraphTests.verdict(on: $0, seed: seed).flaws
        }
        #expect(!flaws.isEmpty)
        #expect(smallest.nodes.contains { $0.behaviour.deviates })
        // A source, the node that does otherwise, and who notices.
        #expect(smallest.nodes.count <= 3, "\(smallest)")
        #expect(smallest.nodes.allSatisfy { $0.behaviour.shares.isEmpty })
    }

    /// A large graph of which one node does not what the model says, so that it is found out.
    private static func withPlantedFault(
        seed: UInt64
    ) async throws -> (spec: GraphSpec, flaws: [String]) {
        var next = seed
        while true {
            next += 1000
            var generator = GraphSpecGenerator(seed: next)
            let spec = generator.makeSpec()
            // What is found by chance is not found again in a smaller graph.
            let dropsRows = spec.nodes.contains { $0.properties.overflow != .suspend }
            guard spec.nodes.count >= 15, !dropsRows else { continue }
            for index in spec.nodes.indices {
                guard case .map = spec.nodes[index].kind else { continue }
                var changed = spec
                changed.nodes[index].behaviour.deviates = true
                let flaws = try await verdict(on: changed, seed: seed).flaws
                if !flaws.isEmpty { return (changed, flaws) }
            }
        }
    }

    /// - Returns: how far its outcome was foretold; nil where it came to something else.
    /// - Parameter isReplaced: whether graphs like it take over while it runs.
    private func runOne(_ seed: UInt64, _ isReplaced: Bool) async throws -> Precision? {
        var generator = GraphSpecGenerator(seed: seed)
        let spec = generator.makeSpec()
        let (flaws, precision) = try await RandomGraphTests.verdict(
            on: spec, seed: seed, isReplaced: isReplaced)
        if flaws.isEmpty {
            #expect(precision != nil, "PIPES_SEED=\(seed) makes a graph that is refused")
            return precision
        }
        let (smaller, smallerFlaws) = try await spec.shrunk(flaws) { candidate in
            try await RandomGraphTests.verdict(
                on: candidate, seed: seed, isReplaced: isReplaced
            ).flaws
        }
        Issue.record(
            """
            PIPES_SEED=\(seed)\(isReplaced ? ", replaced" : ""), at first \(flaws.joined(separator: "; "))
            cut down to a graph of which \(smallerFlaws.joined(separator: "\n"))
            \(smaller)
            """)
        return nil
    }

    private static func number(_ variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    /// Of three graphs one runs with a queue on every edge, one with four lanes, and one with as
    /// many as there are processors.
    private static func planOptions(seed: UInt64) -> Plan.Options {
        var options = Plan.Options()
        switch seed % 3 {
        case 0: options.queuesEverywhere = true
        case 1: options.processorCount = 4
        default: break
        }
        return options
    }

    /// Runs a graph.
    /// - Returns: what differs from the model; no precision where the checker refuses the graph.
    private static func verdict(
        on spec: GraphSpec, seed: UInt64, isReplaced: Bool = false
    ) async throws -> (flaws: [String], precision: Precision?) {
        let (graph, processors) = spec.build(seed: seed)
        let letters = DeadLetterBox()
        let plan = planOptions(seed: seed)
        guard let plumber = try? graph.plumber(letters: letters, plan: plan) else {
            return ([], nil)
        }
        let replaced =
            isReplaced
            ? try ReplacedRun { _ in
                try graph.plumber(letters: letters, plan: plan) { $0.isReplaceable = true }
            } : nil
        if let interruption = spec.interruption {
            // Weak, since the plumber holds the processors, and they the wire.
            let tripwire = Tripwire(after: interruption.afterRows) {
                [weak plumber, weak live = replaced?.live] in
                switch interruption.kind {
                case .drain:
                    live?.drain()
                    plumber?.drain()
                case .cancel:
                    live?.cancel()
                    plumber?.cancel()
                }
            }
            for processor in processors { processor.lay(tripwire) }
        }
        let report: RunReport
        do {
            report = try await within(seconds: 60) {
                guard let replaced else { return try await plumber.run() }
                return try await replaced.run().report
            }
        } catch is TimedOut {
            let now = plumber.report.map { "\($0.nodes)\n\($0.edges)" } ?? ""
            return (["it did not end within 60 s: \(now)"], .bounds)
        }
        var ran = spec
        if spec.interruption?.kind == .drain {
            ran = spec.limited(to: report.nodes.map(\.out))
        }
        let comparison = RunComparison(ran, plumber.graph, report, processors)
        var flaws = comparison.flaws
        let failed = report.nodes.reduce(0) { $0 + $1.failed }
        if letters.letters.count != failed {
            flaws.append("\(letters.letters.count) dead letters for \(failed) failed rows")
        }
        return (flaws, comparison.precision)
    }
}
