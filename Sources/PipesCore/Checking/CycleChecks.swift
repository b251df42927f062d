extension GraphCheck {
    /// Sorts the nodes so that senders stand before receivers, feedback edges left aside, and
    /// reports every other cycle (A. B. Kahn, "Topological sorting of large networks", 1962).
    mutating func findOrder() {
        let onward = outputs.map { edges in edges.filter { wires[$0]?.isFeedback == false } }
        var waitingFor = inputs.map { edges in
            edges.count { wires[$0]?.isFeedback == false }
        }
        order.reserveCapacity(graph.nodes.count)
        for node in graph.nodes.indices where waitingFor[node] == 0 { order.append(node) }
        var next = 0
        while next < order.count {
            for edge in onward[order[next]] {
                guard let receiver = wires[edge]?.to else { continue }
                waitingFor[receiver] -= 1
                if waitingFor[receiver] == 0 { order.append(receiver) }
            }
            next += 1
        }
        guard order.count < graph.nodes.count else { return }
        var components = StrongComponents(count: graph.nodes.count)
        // An edge from a sink or to a source can't be, and is told as such: it makes no cycle.
        let receivers = onward.map { $0.compactMap { wires[$0] }.filter(canBe).map(\.to) }
        for node in graph.nodes.indices where waitingFor[node] > 0 {
            components.visit(from: node, receivers: receivers)
        }
        var reported: Set<Int> = []
        for node in graph.nodes.indices where waitingFor[node] > 0 {
            let component = components.number[node]
            guard !reported.contains(component),
                let cycle = shortestCycle(through: node, onward, components.number)
            else { continue }
            reported.insert(component)
            cycleNodes.formUnion(cycle.compactMap { wires[$0]?.to })
            report(cycle: cycle)
        }
    }

    private func canBe(_ wire: Wire) -> Bool {
        descriptions[wire.from]?.isSink != true && descriptions[wire.to]?.isSource != true
    }

    /// - Returns: the edges from a node back to itself; nil where there is no way back.
    private func shortestCycle(
        through start: Int, _ onward: [[Int]], _ component: [Int]
    ) -> [Int]? {
        var cameBy: [Int: Int] = [:]
        var queue = [start]
        var next = 0
        while next < queue.count {
            let node = queue[next]
            next += 1
            for edge in onward[node] {
                guard let wire = wires[edge], canBe(wire),
                    component[wire.to] == component[start],
                    cameBy[wire.to] == nil
                else { continue }
                cameBy[wire.to] = edge
                if wire.to == start { return path(to: start, cameBy) }
                queue.append(wire.to)
            }
        }
        return nil
    }

    private func path(to start: Int, _ cameBy: [Int: Int]) -> [Int] {
        var edges: [Int] = []
        var node = start
        repeat {
            guard let edge = cameBy[node], let wire = wires[edge] else { break }
            edges.append(edge)
            node = wire.from
        } while node != start
        return edges.reversed()
    }

    private mutating func report(cycle edges: [Int]) {
        guard let closing = edges.last else { return }
        var names = edges.map { String(graph.edges[$0].from.quoted.dropFirst().dropLast()) }
        if let first = names.first { names.append(first) }
        diagnostics.append(
            Diagnostic(
                file: graph.file, at: graph.edges[closing].place,
                "cycle: \(names.joined(separator: " -> ")); its rows would never end. Take out "
                    + "one of these edges, or say which starts the next round: {\"to\": "
                    + "\(graph.edges[closing].to.quoted), \"feedback\": {\"initial\": [...]}}"))
    }
}

/// Nodes that can reach each other belong to one component (R. Tarjan, "Depth-first search and
/// linear graph algorithms", 1972), without recursion: a graph may be as deep as it likes.
private struct StrongComponents {
    /// By node: the number of its component; -1 before it is visited.
    private(set) var number: [Int]
    private var index: [Int]
    private var lowest: [Int]
    private var isOpen: [Bool]
    private var open: [Int] = []
    private var nextIndex = 0
    private var nextNumber = 0

    init(count: Int) {
        number = Array(repeating: -1, count: count)
        index = Array(repeating: -1, count: count)
        lowest = Array(repeating: 0, count: count)
        isOpen = Array(repeating: false, count: count)
    }

    mutating func visit(from start: Int, receivers: [[Int]]) {
        guard index[start] < 0 else { return }
        var path: [(node: Int, nextReceiver: Int)] = []
        enter(start)
        path.append((start, 0))
        while let (node, position) = path.last {
            if position < receivers[node].count {
                path[path.count - 1].nextReceiver += 1
                let receiver = receivers[node][position]
                if index[receiver] < 0 {
                    enter(receiver)
                    path.append((receiver, 0))
                } else if isOpen[receiver] {
                    lowest[node] = min(lowest[node], index[receiver])
                }
                continue
            }
            path.removeLast()
            if let parent = path.last?.node { lowest[parent] = min(lowest[parent], lowest[node]) }
            if lowest[node] == index[node] { close(node) }
        }
    }

    private mutating func enter(_ node: Int) {
        index[node] = nextIndex
        lowest[node] = nextIndex
        nextIndex += 1
        open.append(node)
        isOpen[node] = true
    }

    private mutating func close(_ node: Int) {
        while let last = open.popLast() {
            isOpen[last] = false
            number[last] = nextNumber
            if last == node { break }
        }
        nextNumber += 1
    }
}
