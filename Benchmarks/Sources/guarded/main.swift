// guarded GRAPH ROWS: runs one graph, for its instructions to be counted.
import MeasuredGraphs
import Pipes

guard CommandLine.arguments.count == 3, let rows = Int(CommandLine.arguments[2]) else {
    throw GraphRun.Unsound(
        description: "usage: guarded chain|texts|fan-out|five-nodes|queued|crc32|swift ROWS")
}
let graph: Graph? =
    switch CommandLine.arguments[1] {
    case "chain": MeasuredGraph.Chain(rows: rows).graph
    case "texts":
        MeasuredGraph.Chain(source: "measured.texts", map: "measured.pass", rows: rows).graph
    case "fan-out": MeasuredGraph.Chain(rows: rows).fannedOut
    case "swift": MeasuredGraph.Chain(map: "measuredswift.add", rows: rows).graph
    case "five-nodes": MeasuredGraph.fiveNodes(rows: rows)
    case "queued":
        MeasuredGraph.Chain(
            source: "measured.ints_blocking", map: "measured.add_blocking", mapCount: 2,
            sink: "measured.sum_blocking", rows: rows
        ).graph
    case "crc32": MeasuredGraph.crc32(rows: rows)
    default: nil
    }
guard let graph else {
    throw GraphRun.Unsound(description: "no graph \(CommandLine.arguments[1])")
}
// Under valgrind quick rows are slow ones, and no batch is to be cut for that.
var options = Plumber.Options()
options.longestWait = .seconds(3600)
let run = try await GraphRun.of(graph, options: options)
print(run.sink["sum", default: 0])
