import CReference
import MeasuredGraphs

/// Rows that wait, and rows that keep a core busy.
func concurrencyWorkloads() {
    // 10 ms in thousands side by side: however small the size, ten of them.
    let rows = 10_000
    workload("rows that wait 10 ms, 1,000 in flight") { recorder in
        let run = try await GraphRun.of(MeasuredGraph.deferring(rows: rows, inFlight: 1_000))
        recorder.record("figure", run.nanoseconds / 1e9)
        recorder.record("limit", 0.1)
        recorder.record("ratio", run.nanoseconds / 1e8)
    }

    let busy = Size.rows(400_000)
    workload("CPU-bound map on two lanes", metrics: ["figure", "limit", "speedup"]) { recorder in
        let one = try await GraphRun.of(MeasuredGraph.lanes(1, rows: busy, rounds: 500))
        let two = try await GraphRun.of(MeasuredGraph.lanes(2, rows: busy, rounds: 500))
        guard one.sink["sum"] == two.sink["sum"] else {
            throw GraphRun.Unsound(description: "lanes: the sums differ")
        }
        try two.expectOrder()
        recorder.record("figure", two.nanoseconds / Double(busy))
        recorder.record("limit", one.nanoseconds / Double(busy))
        recorder.record("speedup", one.nanoseconds / two.nanoseconds)
    }
}

/// How long a row is on its way when rows come one by one.
func latencyWorkloads() {
    func latency(_ name: String, _ kind: String) {
        workload(name, metrics: ["p50", "p99", "worst"]) { recorder in
            let graph = MeasuredGraph.paced(kind, rows: Size.rows(3_000), rate: 1_000)
            let run = try await GraphRun.of(graph)
            for metric in ["p50", "p99", "worst"] {
                recorder.record(metric, Double(run.sink[metric, default: 0]) / 1000)
            }
        }
    }
    latency("latency through a chain of 5", "")
    latency("latency through 5 queues", "_blocking")
}
