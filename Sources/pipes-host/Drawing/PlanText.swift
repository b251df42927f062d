import PipesCore
import PipesRuntime

/// How a graph will be run: which nodes share a stage, how many lanes it has, and which edges are
/// queues.
struct PlanText {
    let lines: [String]

    init(_ graph: CheckedGraph, _ plan: Plan) {
        var stages = TextTable([
            .init(title: "stage"), .init(title: "lanes"), .init(title: "thread"),
            .init(title: "nodes"),
        ])
        for (index, stage) in plan.stages.enumerated() {
            stages.rows.append([
                "\(index + 1)", "\(stage.lanes)", stage.mayBlock ? "own" : "shared",
                stage.nodes.map { graph.nodes[$0].name.printable }.joined(separator: ", "),
            ])
        }
        var queues = TextTable([.init(title: "queue"), .init(title: "rows")])
        for (index, edge) in graph.edges.enumerated() where plan.isQueue[index] {
            let (from, to) = (graph.nodes[edge.from].name, graph.nodes[edge.to].name)
            queues.rows.append(["\(from.printable) -> \(to.printable)", "\(edge.capacity)"])
        }
        lines = stages.lines + (queues.rows.isEmpty ? ["", "no queues"] : [""] + queues.lines)
    }
}
