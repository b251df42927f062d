import Benchmark
import CReference
import Foundation
import MeasuredGraphs
import Pipes

/// The sizes of all workloads, and how often each is measured.
enum Size {
    /// `PIPES_BENCH_SIZE=small` is for trying the benchmarks out: its figures say little.
    static let isSmall = ProcessInfo.processInfo.environment["PIPES_BENCH_SIZE"] == "small"

    static func rows(_ count: Int) -> Int { isSmall ? max(1, count / 50) : count }

    static var iterations: Int { isSmall ? 2 : 7 }
}

/// Puts figures into the histograms of the benchmark library.
struct Recorder {
    let benchmark: Benchmark
    let prefix: String

    /// The histograms hold integers of at least 0, so a figure goes in as thousandths.
    func record(_ metric: String, _ figure: Double) {
        benchmark.measurement(
            Recorder.metric(prefix, metric), Int((max(0, figure) * 1000).rounded()))
    }

    /// The figures of one pair that was measured side by side, each in nanoseconds.
    func record(_ figure: Double, limit: Double, per count: Int) {
        record("figure", figure / Double(count))
        record("limit", limit / Double(count))
        record("ratio", figure / limit)
    }

    static func metric(_ prefix: String, _ name: String) -> BenchmarkMetric {
        // The prefix, since the export carries a metric on to the benchmarks that lack it.
        .custom("\(prefix) \(name)", polarity: .prefersSmaller, useScalingFactor: false)
    }
}

/// Registers a workload. Its body is one measurement: it does all that is to be compared, one
/// after the other, so that what disturbs the machine disturbs both sides of a ratio.
func workload(
    _ name: String, metrics: [String] = ["figure", "limit", "ratio"],
    iterations: Int = Size.iterations,
    _ body: @escaping @Sendable (Recorder) async throws -> Void
) {
    _ = Benchmark(
        name,
        configuration: .init(
            // The export asks for the throughput.
            metrics: [.wallClock, .throughput] + metrics.map { Recorder.metric(name, $0) },
            warmupIterations: 1,
            // The export drops what runs less than once a second: a run counts as a thousand.
            scalingFactor: .kilo, maxDuration: .seconds(600), maxIterations: iterations)
    ) { benchmark in
        do {
            try await body(Recorder(benchmark: benchmark, prefix: name))
        } catch {
            // The library keeps what it is told to itself where it shows no progress.
            FileHandle.standardError.write(Data("\(name): \(error)\n".utf8))
            throw error
        }
    }
}

/// Measures both sides once more, in turns of who comes first: `host` as a graph, `limit` in C.
func pair(
    _ recorder: Recorder, hopsTimesRows count: Int, inOrder: Bool = true, host: Graph,
    limit: () -> reference_result
) async throws {
    let limitFirst = recorder.benchmark.currentIteration.isMultiple(of: 2)
    let before = limitFirst ? try Reference.checked(limit()) : nil
    let run = try await GraphRun.of(host)
    let reference = try before ?? Reference.checked(limit())
    try Reference.expectSame(reference, run)
    if inOrder { try run.expectOrder() }
    recorder.record(run.nanoseconds, limit: Double(reference.nanoseconds), per: count)
}

/// The side in C.
enum Reference {
    /// The plugin that both sides call.
    static let plugin = "\(PluginFolders.executableFolder ?? ".")/libmeasured.so"

    static func checked(_ result: reference_result) throws -> reference_result {
        if let failure = result.failure {
            throw GraphRun.Unsound(description: "the reference in C: \(String(cString: failure))")
        }
        return result
    }

    static func expectSame(_ reference: reference_result, _ run: GraphRun) throws {
        guard reference.sum == run.sink["sum"] else {
            throw GraphRun.Unsound(
                description: "\(run.report.graph): the sums differ, \(reference.sum) in C and "
                    + "\(run.sink["sum"].map(String.init) ?? "none") here")
        }
    }
}

extension MeasuredGraph.Chain {
    /// Has the same chain run in C.
    func inC(_ run: (reference_chain) -> reference_result) -> reference_result {
        // Only the name: all of them are of one plugin.
        func local(_ coro: String) -> String { String(coro.dropFirst("measured.".count)) }
        return withCStrings([Reference.plugin, local(source), local(map), local(sink)]) { names in
            run(
                reference_chain(
                    plugin: names[0], source: names[1], map: names[2], sink: names[3],
                    rows: Int64(rows), sink_arg: Int64(sinkRounds ?? 0),
                    map_count: UInt32(mapCount)))
        }
    }
}

/// The texts as C strings, which live as long as the call.
private func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
) -> Result {
    let copies = texts.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies.map { UnsafePointer($0) })
}
