import CReference
import MeasuredGraphs

/// Large buffers, and more rows than a slow sink can take.
func memoryWorkloads() {
    func buffers(_ name: String, _ kind: String) {
        let chain = MeasuredGraph.Chain(
            source: "measured.buffers\(kind)", map: "measured.pass\(kind)",
            sink: "measured.same_buffer\(kind)", rows: 2_000)
        workload(name, metrics: ["figure"]) { recorder in
            let run = try await GraphRun.of(chain.graph)
            recorder.record("figure", run.nanoseconds / Double(chain.hops * chain.rows))
        }
    }
    buffers("buffers of 1 MiB through a chain of 8", "")
    buffers("buffers of 1 MiB through 8 queues", "_blocking")

    // The source takes about a tenth of what the sink takes for a row.
    let slow = MeasuredGraph.Chain(
        source: "measured.ints", mapCount: 0, sink: "measured.slow_sum",
        rows: Size.rows(10_000_000), sinkRounds: 30)
    workload(
        "a sink ten times slower", metrics: ["figure", "limit", "ratio", "growth"], iterations: 3
    ) { recorder in
        // What the sink takes by itself: there is nothing else in the loop but the source.
        let alone = try Reference.checked(slow.inC(reference_plain_chain))
        guard reference_forget_peak() else {
            throw GraphRun.Unsound(description: "this system does not tell the peak of memory")
        }
        let before = reference_memory()
        let run = try await GraphRun.of(slow.graph)
        let growth = reference_peak_memory() - min(before, reference_peak_memory())
        try Reference.expectSame(alone, run)
        recorder.record(run.nanoseconds, limit: Double(alone.nanoseconds), per: slow.rows)
        recorder.record("growth", Double(growth) / 1e6)
    }
}
