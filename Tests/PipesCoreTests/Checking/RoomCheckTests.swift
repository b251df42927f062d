import PipesCore
import Testing

@Suite("room beside nodes that hold rows")
struct RoomCheckTests {
    private let smallQueue = 4

    @Test("in any graph every join gets the room it needs, and no more", arguments: 0..<200)
    func randomGraphs(seed: UInt64) throws {
        var random = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        let graph = randomGraph(&random)
        let (result, diagnostics) = GraphChecker.check(graph, resolve: resolve)
        let checked = try #require(result)
        let ways = Ways(checked)
        var enlarged = 0
        for node in checked.nodes where node.inputs.count > 1 {
            let senders = node.inputs.map { checked.edges[$0].from }
            let fork = try #require(ways.nearestCommonDominator(of: senders))
            let held = senders.map { ways.mostHeld(from: fork, to: $0) }
            for (position, edge) in node.inputs.enumerated() {
                let others = held.indices.filter { $0 != position }.map { held[$0] }
                let needed = others.max() ?? 0
                let capacity = checked.edges[edge].capacity
                let room = ways.leastRoom(from: fork, to: senders[position]) + capacity
                #expect(needed == 0 || room > needed)
                if capacity > smallQueue {
                    #expect(room == needed + 1)
                    enlarged += 1
                }
            }
        }
        #expect(diagnostics.count { !$0.message.contains("feeds no other") } == enlarged)
    }

    @Test(
        "edges let in what other branches may hold, however slow their readers",
        arguments: 0..<200)
    func leastRoom(seed: UInt64) throws {
        var random = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        let (result, _) = GraphChecker.check(randomGraph(&random), resolve: resolve)
        let checked = try #require(result)
        let ways = Ways(checked)
        var slow = checked
        for edge in slow.edges.indices { slow.edges[edge].capacity = slow.edges[edge].leastRoom }
        let slowWays = Ways(slow)
        for node in slow.nodes where node.inputs.count > 1 {
            let senders = node.inputs.map { slow.edges[$0].from }
            let fork = try #require(ways.nearestCommonDominator(of: senders))
            let held = senders.map { ways.mostHeld(from: fork, to: $0) }
            for (position, edge) in node.inputs.enumerated() {
                let others = held.indices.filter { $0 != position }.map { held[$0] }
                let needed = others.max() ?? 0
                let room =
                    slowWays.leastRoom(from: fork, to: senders[position])
                    + slow.edges[edge].capacity
                #expect(needed == 0 || room > needed)
                #expect(slow.edges[edge].capacity <= checked.edges[edge].capacity)
            }
        }
    }

    @Test("an edge beside no node that holds rows is let to follow its reader")
    func following() throws {
        let graph = Graph(
            name: "chain",
            nodes: [
                Graph.Node("src", coro: "t.source"), Graph.Node("hold", coro: "t.hold5"),
                Graph.Node("quick", coro: "t.map"), Graph.Node("out", coro: "t.map"),
            ],
            edges: [
                Graph.Edge(from: "src", to: "hold"), Graph.Edge(from: "src", to: "quick"),
                Graph.Edge(from: "hold", to: "out"), Graph.Edge(from: "quick", to: "out"),
            ])
        let (checked, _) = GraphChecker.check(graph, resolve: resolve)
        #expect(try #require(checked).edges.map(\.leastRoom) == [1, 1, 1, 6])
    }

    @Test(
        "a branch that drops rows needs no room beside one that holds them",
        arguments: NodeProperties.Overflow.allCases)
    func droppingBranch(overflow: NodeProperties.Overflow) throws {
        for holder in ["t.hold5", "t.sort"] {
            var graph = Graph(
                name: "fork",
                nodes: [
                    Graph.Node("src", coro: "t.source"), Graph.Node("slow", coro: holder),
                    Graph.Node("quick", coro: "t.map"), Graph.Node("out", coro: "t.map"),
                ],
                edges: [
                    Graph.Edge(from: "src", to: "slow"),
                    Graph.Edge(from: "src", to: "quick", queueSize: 2, overflow: overflow),
                    Graph.Edge(from: "slow", to: "out"),
                    Graph.Edge(from: "quick", to: "out", queueSize: 2),
                ])
            graph.nodes[3].properties.queueSize = 1
            let (checked, _) = GraphChecker.check(graph, resolve: resolve)
            #expect((checked != nil) == (overflow != .suspend))
        }
    }

    /// A source, and nodes that each take what one to three before it yield.
    private func randomGraph(_ random: inout Xorshift) -> Graph {
        var graph = Graph(name: "random", nodes: [Graph.Node("n0", coro: "t.source")])
        var properties = NodeProperties()
        properties.queueSize = smallQueue
        for node in 1..<Int.random(in: 4...12, using: &random) {
            let holds = Int64.random(in: 1...20, using: &random)
            graph.nodes.append(
                Bool.random(using: &random)
                    ? Graph.Node("n\(node)", coro: "t.map", properties: properties)
                    : Graph.Node(
                        "n\(node)", coro: "t.window", args: [Graph.Arg("size", .int(holds))],
                        properties: properties))
            let senders = (0..<node).shuffled(using: &random)
                .prefix(Int.random(in: 1...3, using: &random))
            for sender in senders {
                graph.edges.append(Graph.Edge(from: "n\(sender)", to: "n\(node)"))
            }
        }
        return graph
    }
}

/// All ways through a small graph, one by one.
private struct Ways {
    private let graph: CheckedGraph

    init(_ graph: CheckedGraph) { self.graph = graph }

    func nearestCommonDominator(of nodes: [Int]) -> Int? {
        let common = nodes.map(dominators).reduce(Set(graph.order)) { $0.intersection($1) }
        return common.max { dominators(of: $0).count < dominators(of: $1).count }
    }

    /// All nodes that every way from the source to the node passes, itself included.
    private func dominators(of node: Int) -> Set<Int> {
        let ways = senders(of: node).map(dominators)
        guard let first = ways.first else { return [node] }
        return ways.dropFirst().reduce(first) { $0.intersection($1) }.union([node])
    }

    func mostHeld(from fork: Int, to node: Int) -> Int {
        if node == fork { return 0 }
        let before = senders(of: node).map { mostHeld(from: fork, to: $0) }.max() ?? 0
        return before + graph.nodes[node].holds
    }

    func leastRoom(from fork: Int, to node: Int) -> Int {
        if node == fork { return 0 }
        return graph.nodes[node].inputs.map { edge in
            leastRoom(from: fork, to: graph.edges[edge].from) + graph.edges[edge].capacity
        }.min() ?? 0
    }

    private func senders(of node: Int) -> [Int] {
        graph.nodes[node].inputs.map { graph.edges[$0].from }
    }
}

/// Repeatable random numbers (G. Marsaglia, "Xorshift RNGs", 2003).
private struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
