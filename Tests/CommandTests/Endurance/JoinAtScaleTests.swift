import Foundation
import Testing

/// Many rows by several ways into one join. `PIPES_ROWS` sets how many.
@Suite("run, with many rows")
struct JoinAtScaleTests {
    @Test("a failing, a slow and a filtering branch joined again pair no wrong rows and lose none")
    func branches() async throws {
        let branches = Branches(
            rows: Amount.of("PIPES_ROWS", otherwise: 50_000), skipsFailures: false)
        let scratch = try Scratch()
        try scratch.write(branches.graph, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--report", "report.json"], in: scratch.folder
        ).outcome(within: 600)
        #expect(outcome.code == 2)
        #expect(try branches.checkLedger(in: scratch) == branches.rows)
        // Not #expect of the texts: a failure would print them.
        let isRight = outcome.output == Branches.output(rows: branches.rows)
        #expect(isRight)
    }

    @Test("rows that all wait are in flight together")
    func deferral() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {
              "nodes": {
                "numbers": {"coro": "flow.range", "args": {"end": 10000}},
                "slow": {"coro": "flow.delay", "args": {"time": "10ms"},
                         "properties": {"concurrency": 1000}},
                "count": {"coro": "flow.count"},
                "out": {"coro": "io.print"}
              },
              "graph": {"numbers": ["slow"], "slow": ["count"], "count": ["out"]}
            }
            """, to: "graph.json")
        // The ideal is 0.1 s, ten times 1,000 rows; one row at a time would take 100 s. A build for
        // debugging on a busy machine takes its time for each row, which is not what is asked here.
        let limit = Double(Amount.of("PIPES_DEFERRAL_MILLISECONDS", otherwise: 5000)) / 1000
        var best = Double.infinity
        for _ in 0..<4 where best > limit {
            let outcome = try await Command.host(
                ["run", "graph.json", "--report", "report.json"], in: scratch.folder
            ).outcome()
            #expect(outcome.code == 0)
            #expect(outcome.output == "10000\n")
            best = min(best, try #require(try scratch.report()["seconds"] as? Double))
        }
        #expect(best >= 0.1)
        #expect(best <= limit)
    }
}
