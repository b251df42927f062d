import Foundation
import Testing

/// Signals at random moments. `PIPES_STOPS` sets how many.
@Suite("run, stopped at random moments")
struct RandomStopTests {
    @Test("every row that the source brought is at a sink, skipped or failed")
    func drain() async throws {
        for round in 0..<Amount.of("PIPES_STOPS", otherwise: 15) {
            let branches = Branches(rows: 1_000_000_000, skipsFailures: round.isMultiple(of: 2))
            let scratch = try Scratch()
            let command = try await Self.start(branches, in: scratch)
            command.signal([SIGTERM, SIGINT][round / 2 % 2])
            let outcome = await command.outcome()
            let rows = try branches.checkLedger(in: scratch)
            #expect(outcome.code == (branches.skipsFailures || rows < 7 ? 0 : 2))
            let isRight = outcome.output == Branches.output(rows: rows)
            #expect(isRight, "round \(round), \(rows) rows")
        }
    }

    @Test("a second signal cancels, and what was in flight is failed and counted")
    func cancel() async throws {
        for round in 0..<max(3, Amount.of("PIPES_STOPS", otherwise: 15) / 5) {
            let branches = Branches(rows: 1_000_000_000, skipsFailures: false)
            let scratch = try Scratch()
            let command = try await Self.start(branches, in: scratch)
            // Two of one kind could arrive as one.
            command.signal(SIGINT)
            try await Task.sleep(for: .microseconds(Int.random(in: 0...3000)))
            command.signal(SIGTERM)
            let outcome = await command.outcome()
            let report = try scratch.report()
            guard report["status"] as? String == "cancelled" else {
                // The drain was faster.
                try branches.checkLedger(in: scratch)
                continue
            }
            #expect(outcome.code == 4)
            let nodes = try #require(report["nodes"] as? [String: [String: Any]])
            for name in ["failing", "slow", "filter", "out"] {
                let counts = try #require(nodes[name])
                let parts = ["out", "skipped", "failed"].compactMap { counts[$0] as? Int }
                #expect(counts["in"] as? Int == parts.reduce(0, +), "round \(round), \(name)")
                #expect(counts["unsettled"] as? Int == 0)
            }
            let failed = nodes.values.compactMap { $0["failed"] as? Int }.reduce(0, +)
            let letters = try scratch.read("letters.jsonl").split(separator: "\n").count
            #expect(letters == failed)
            // Whatever was lost, no pair is wrong.
            for line in outcome.output.split(separator: "\n") {
                let values = Set(line.split(separator: "\t"))
                if values.count != 1 { Issue.record("round \(round): the pair \(line)") }
            }
        }
    }

    /// Starts the graph, and returns some time after it has printed something.
    private static func start(_ branches: Branches, in scratch: Scratch) async throws -> Command {
        try scratch.write(branches.graph, to: "graph.json")
        let command = try Command.host(
            ["run", "graph.json", "--report", "report.json"], in: scratch.folder)
        let end = ContinuousClock.now + .seconds(60)
        while command.outputSoFar.isEmpty {
            try #require(ContinuousClock.now < end, "\(command.errorsSoFar)")
            // There is nothing to wait for but a file that another program writes.
            try await Task.sleep(for: .milliseconds(2))
        }
        try await Task.sleep(for: .microseconds(Int.random(in: 0...200_000)))
        return command
    }
}
