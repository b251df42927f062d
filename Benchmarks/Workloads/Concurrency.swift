import CReference
import MeasuredGraphs

/// Rows that wait, and rows that keep a core busy.
func concurrencyWorkloads() {
    // 10 ms in thousands side by side: however small the size, ten of them.
    let rows = 10_000
    workload("rows that wait 10 ms, 1,000 in flight", metrics: ["figure", "limit", "ratio"]) {
        recorder in
        let run = try await GraphRun.of(MeasuredGraph.deferring(rows: rows, inFlight: 1_000))
        recorder.record("figure", run.nanoseconds / 1e9)
        recorder.record("limit", 0.1)
        recorder.record("ratio", run.nanoseconds / 1e8)
    }

    // As whole processes: this one keeps a thread of the pool waiting for the benchmark.
    let busy = Size.rows(800_000)
    workload("CPU-bound map on two lanes", metrics: ["figure", "limit", "speedup"]) { recorder in
        let one = try await nanoseconds(ofLanes: 1, rows: busy)
        let two = try await nanoseconds(ofLanes: 2, rows: busy)
        try await GraphRun.of(MeasuredGraph.lanes(2, rows: 10_000, rounds: 500)).expectOrder()
        recorder.record("figure", two / Double(busy))
        recorder.record("limit", one / Double(busy))
        recorder.record("speedup", one / two)
    }
}

private func nanoseconds(ofLanes count: Int, rows: Int) async throws -> Double {
    let graph = """
        {"nodes": {"numbers": {"coro": "measured.ints", "args": {"num": \(rows)}},
            "busy": {"coro": "measured.busy", "args": {"rounds": 500},
                "properties": {"concurrency": \(count)}},
            "sum": {"coro": "measured.sum"}},
         "graph": {"numbers": ["busy"], "busy": ["sum"]}}
        """
    var time = 0.0
    try await HostProcess.measure(["run"], graph: graph) { nanoseconds, _ in time = nanoseconds }
    return time
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
