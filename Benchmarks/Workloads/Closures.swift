import MeasuredGraphs

/// What closures of an embedding program cost, against the same closures in a loop.
func closureWorkloads() {
    func compare(_ name: String, _ closures: MeasuredClosures) {
        workload(name, metrics: ["figure", "limit", "over"]) { recorder in
            let alone = try await closures.alone()
            let inGraph = try await closures.inGraph()
            let count = Double(closures.rows * closures.count)
            recorder.record("figure", inGraph / count)
            recorder.record("limit", alone / count)
            recorder.record("over", (inGraph - alone) / count)
        }
    }
    compare("closure that awaits nothing", MeasuredClosures(.plain, rows: Size.rows(500_000)))
    compare("closure that need not wait", MeasuredClosures(.async, rows: Size.rows(200_000)))

    compare(
        "closure that need not wait, unordered",
        MeasuredClosures(.async, rows: Size.rows(200_000), isOrdered: false))

    let sleeping = MeasuredClosures(.sleeping(.milliseconds(100)), rows: 20_000, count: 2)
    workload("20,000 closures that sleep", metrics: ["figure", "limit", "ratio"]) { recorder in
        let alone = try await sleeping.alone()
        let inGraph = try await sleeping.inGraph()
        recorder.record("figure", inGraph / 1e9)
        recorder.record("limit", alone / 1e9)
        recorder.record("ratio", inGraph / alone)
    }
}
