import Foundation
import Testing

/// A source whose rows go three ways and are joined again: one fails each seventh, one takes its
/// time with each, one lets each fifth go.
struct Branches {
    var rows: Int
    /// Whether rows that fail are skipped, rather than failed for good.
    var skipsFailures: Bool

    var graph: String {
        """
        {
          "dead_letter": "letters.jsonl",
          "nodes": {
            "numbers": {"coro": "flow.range", "args": {"end": \(rows)}},
            "failing": {"coro": "flow.fault", "args": {"every": 7}, "properties": {"on_error": \
        {"then": "\(skipsFailures ? "skip" : "dead_letter")"}}},
            "slow": {"coro": "flow.delay", "args": {"time": "1ms", "jitter": "3ms"},
                     "properties": {"concurrency": 1000}},
            "filter": {"coro": "flow.fault", "args": {"every": 5, "how": "skip"}},
            "out": {"coro": "io.print"}
          },
          "graph": {"numbers": ["failing", "slow", "filter"],
                    "failing": ["out"], "slow": ["out"], "filter": ["out"]}
        }
        """
    }

    /// What must be printed where the source brought so many rows.
    static func output(rows: Int) -> String {
        var output = ""
        for row in 0..<rows where (row + 1) % 7 != 0 && (row + 1) % 5 != 0 {
            output += "\(row)\t\(row)\t\(row)\n"
        }
        return output
    }

    /// Checks the ledger of a run that was not cancelled.
    /// - Returns: how many rows the source brought.
    @discardableResult
    func checkLedger(in scratch: Scratch) throws -> Int {
        let report = try scratch.report()
        let nodes = try #require(report["nodes"] as? [String: [String: Any]])
        func count(_ node: String, _ what: String) -> Int { nodes[node]?[what] as? Int ?? -1 }
        let rows = count("numbers", "out")
        let (failed, filtered) = (rows / 7, rows / 5)
        let pairs = rows - failed - filtered + rows / 35
        for node in ["failing", "slow", "filter"] { #expect(count(node, "in") == rows) }
        #expect(count("failing", "failed") == (skipsFailures ? 0 : failed))
        #expect(count("failing", "skipped") == (skipsFailures ? failed : 0))
        #expect(count("failing", "out") == rows - failed)
        #expect(count("slow", "out") == rows)
        #expect(count("filter", "skipped") == filtered)
        #expect(count("filter", "out") == rows - filtered)
        #expect(count("out", "in") == pairs)
        #expect(count("out", "out") == pairs)
        #expect(count("out", "missing") == failed + filtered)
        for node in nodes.keys { #expect(count(node, "unsettled") == 0) }
        let isClean = skipsFailures || failed == 0
        #expect(report["status"] as? String == (isClean ? "clean" : "failed_rows"))
        let letters = try scratch.read("letters.jsonl").split(separator: "\n").count
        #expect(letters == (skipsFailures ? 0 : failed))
        return rows
    }
}

/// Numbers that the heavier form of a test is asked for by.
enum Amount {
    static func of(_ variable: String, otherwise: Int) -> Int {
        ProcessInfo.processInfo.environment[variable].flatMap(Int.init) ?? otherwise
    }
}
