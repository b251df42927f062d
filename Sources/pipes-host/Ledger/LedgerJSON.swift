import PipesJSON
import PipesRuntime

/// The ledger for programs: what `--report` writes.
enum LedgerJSON {
    static func bytes(of report: RunReport) -> [UInt8] {
        var json = JSONWriter(isPretty: true)
        json.beginObject()
        json.key("graph")
        json.string(report.graph)
        json.key("status")
        json.string(report.status.rawValue)
        json.key("seconds")
        json.real(report.seconds)
        json.key("nodes")
        json.beginObject()
        for node in report.nodes { write(node, to: &json) }
        json.endObject()
        json.key("edges")
        json.beginArray()
        for edge in report.edges { write(edge, to: &json) }
        json.endArray()
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private static func write(_ node: NodeAccount, to json: inout JSONWriter) {
        json.key(node.name)
        json.beginObject()
        let counts = [
            ("in", node.in), ("out", node.out), ("skipped", node.skipped),
            ("failed", node.failed), ("missing", node.missing), ("unsettled", node.unsettled),
            ("retries", node.retries),
        ]
        for (name, count) in counts {
            json.key(name)
            json.integer(Int64(count))
        }
        json.key("seconds")
        json.real(node.seconds)
        json.key("metrics")
        json.beginObject()
        for (name, sum) in node.metrics.sorted(by: { $0.key < $1.key }) {
            json.key(name)
            json.integer(sum)
        }
        json.endObject()
        json.endObject()
    }

    private static func write(_ edge: EdgeAccount, to json: inout JSONWriter) {
        json.beginObject()
        json.key("from")
        json.string(edge.from)
        json.key("to")
        json.string(edge.to)
        let counts = [
            ("rows", edge.rows), ("peak", edge.peak), ("waits", edge.waits),
            ("dropped", edge.dropped), ("grown", edge.grown),
        ]
        for (name, count) in counts {
            json.key(name)
            json.integer(Int64(count))
        }
        if let rounds = edge.rounds {
            json.key("rounds")
            json.integer(Int64(rounds))
        }
        json.endObject()
    }
}
