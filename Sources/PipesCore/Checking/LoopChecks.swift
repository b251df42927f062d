extension GraphCheck {
    /// The feedback edges that leave one output: one loop.
    private struct Output: Hashable {
        var node: Int
        var port: Int
    }

    /// Sees to it that every row that enters a loop comes back under its key, and puts together
    /// what the runtime needs to know of each loop. Once lineages are known.
    mutating func findLoops() {
        var outputsInOrder: [Output] = []
        var edgesOf: [Output: [Int]] = [:]
        for (edge, wire) in wires.enumerated() {
            guard let wire, wire.isFeedback, let port = wire.port else { continue }
            let output = Output(node: wire.from, port: port)
            if edgesOf[output] == nil { outputsInOrder.append(output) }
            edgesOf[output, default: []].append(edge)
        }
        for output in outputsInOrder {
            if let edges = edgesOf[output] { addLoop(edges, closer: output) }
        }
    }

    private mutating func addLoop(_ edges: [Int], closer: Output) {
        guard let trace = traces[closer.node] else { return explainOpenCycles(edges) }
        let lineage = trace.lineages[closer.port]
        for edge in edges {
            guard let head = wires[edge]?.to, let entry = headLineages[head] else { return }
            if entry != lineage { return refuse(edge, head: head, closer: closer.node) }
        }
        let heads = Set(edges.compactMap { wires[$0]?.to })
        let body = body(from: heads, to: closer.node)
        for edge in edges {
            guard let head = wires[edge]?.to, !body.contains(head) else { continue }
            return reportNoCycle(edge)
        }
        let isSound = checkBody(body, edges[0], trace)
        guard checkSiblings(edges), isSound else { return }
        let rooms = edges.compactMap { wires[$0]?.capacity }
        loops.append(
            CheckedGraph.Loop(
                feedback: edges, initial: edges.map(initialValues), maxInLoop: rooms.min() ?? 1,
                exits: body.sorted().flatMap { node in
                    outputs[node].filter { edge in
                        guard let wire = wires[edge] else { return false }
                        return !wire.isFeedback && !body.contains(wire.to)
                    }
                }))
    }

    private func initialValues(of edge: Int) -> [Value] {
        guard let feedback = graph.edges[edge].feedback, let wire = wires[edge] else { return [] }
        let port = headPort(wire.to, fedBy: edge)
        let param = ProcessorDescription.Param(name: "", kind: port?.kind ?? .any)
        // Those that don't fit were reported.
        return feedback.initial.map { (try? param.converted($0)) ?? $0 }
    }

    /// The nodes on the ways from the heads of a loop to its closer, both included. Every input of
    /// such a node, but for those of a head, brings rows of the loop's lineage.
    private func body(from heads: Set<Int>, to closer: Int) -> Set<Int> {
        var body: Set<Int> = [closer]
        var open = [closer]
        while let node = open.popLast() {
            for edge in inputs[node] where !heads.contains(node) {
                guard let wire = wires[edge], !wire.isFeedback else { continue }
                if body.insert(wire.from).inserted { open.append(wire.from) }
            }
        }
        return body
    }

    private mutating func checkBody(_ body: Set<Int>, _ edge: Int, _ closer: Trace) -> Bool {
        var isSound = true
        for node in body.sorted() {
            guard let holds = traces[node]?.holds, holds > 0 else { continue }
            isSound = false
            report(
                node: node,
                "may hold \(holds == Int.max ? "all its rows" : "\(holds) rows") back inside the "
                    + "loop that \(names(of: edge)) closes, where no others may come that would "
                    + "bring them out: it would be stuck. Take it out of the loop",
                at: graph.nodes[node].places.coro)
        }
        if let unordered = closer.unordered {
            isSound = false
            let places = graph.nodes[unordered].places
            report(
                node: unordered,
                "\"ordered\": false lets its rows leave out of key order, but inside the loop that "
                    + "\(names(of: edge)) closes each row is followed by its key; leave it out",
                at: places.properties["ordered"] ?? places.name)
        }
        return isSound
    }

    /// Edges that go back from one output bring the rows of one round to several heads.
    private mutating func checkSiblings(_ edges: [Int]) -> Bool {
        if edges.contains(where: { graph.edges[$0].feedback?.isUnreadable == true }) { return true }
        let counts = edges.map { graph.edges[$0].feedback?.initial.count ?? 0 }
        for (edge, count) in zip(edges, counts) where count != counts[0] {
            report(
                edge: edge,
                "\"initial\" has \(count) rows, but \(names(of: edges[0])), which brings the same "
                    + "rounds, has \(counts[0]); give as many",
                at: graph.edges[edge].place)
            return false
        }
        return true
    }

    // MARK: Messages

    private mutating func reportNoCycle(_ edge: Int) {
        report(
            edge: edge,
            "a feedback edge that closes no cycle: no way leads from \(graph.edges[edge].to.quoted) "
                + "to \(graph.edges[edge].from.quoted) without another one. Leave \"feedback\" out",
            at: graph.edges[edge].place)
    }

    /// Where lineages are not known, a mistake elsewhere has been reported; whether there is a
    /// cycle can be said nevertheless.
    private mutating func explainOpenCycles(_ edges: [Int]) {
        for edge in edges {
            guard let wire = wires[edge], !edgesAreIncomplete,
                let reached = reachable(from: wire.to), !reached.contains(wire.from)
            else { continue }
            reportNoCycle(edge)
        }
    }

    /// Explains why rows don't come back under the key they entered with.
    private mutating func refuse(_ edge: Int, head: Int, closer: Int) {
        guard let reached = reachable(from: head) else {
            return report(
                edge: edge, "its rows don't come back under the key they entered the loop with",
                at: graph.edges[edge].place)
        }
        guard reached.contains(closer) else {
            if !edgesAreIncomplete { reportNoCycle(edge) }
            return
        }
        // Two loops that begin at one node were reported there.
        if (feedbackInto[head]?.count ?? 0) > 1 { return }
        let body = bodyWithin(reached, to: closer)
        for node in order where body.contains(node) {
            guard let reason = whyKeysAreLost(at: node, heads: [head], edge) else { continue }
            report(
                node: node, reason,
                at: graph.nodes[node].places.coro ?? graph.nodes[node].places.name)
            return
        }
    }

    private func bodyWithin(_ reached: Set<Int>, to closer: Int) -> Set<Int> {
        var body: Set<Int> = [closer]
        var open = [closer]
        while let node = open.popLast() {
            for edge in inputs[node] {
                guard let wire = wires[edge], !wire.isFeedback, reached.contains(wire.from),
                    body.insert(wire.from).inserted
                else { continue }
                open.append(wire.from)
            }
        }
        return body
    }

    private func whyKeysAreLost(at node: Int, heads: Set<Int>, _ edge: Int) -> String? {
        let loop = "the loop that \(names(of: edge)) closes"
        let head = graph.edges[edge].to.quoted
        switch descriptions[node]?.rate {
        case .splits:
            return "splits its rows inside \(loop), so each round would bring more of them. Split "
                + "outside of the loop, or join what workers yield by key"
        case .aggregates:
            return "aggregates inside \(loop): nobody could tell what became of a row, nor when "
                + "the loop is empty. Join by key there, or aggregate what leaves the loop"
        case .keeps, nil: break
        }
        guard !heads.contains(node) else { return nil }
        switch modes[node] {
        case .merge:
            return "merges its inputs inside \(loop), and numbers their rows anew, so that they "
                + "don't come back under their keys. Rows enter a loop at its head: let them into "
                + head
        case .join(let config) where config.groups.count > 1:
            return "joins other rows than those of \(loop), by position, and numbers its rows "
                + "anew, so that they don't come back under their keys. Rows enter a loop at its "
                + "head: join them at \(head), or behind the loop"
        default: return nil
        }
    }

    /// The nodes that a node reaches without a feedback edge; nil where looking for them would
    /// take too long.
    private mutating func reachable(from start: Int) -> Set<Int>? {
        var reached: Set<Int> = [start]
        var open = [start]
        while let node = open.popLast() {
            stepsLeft -= outputs[node].count
            guard stepsLeft > 0 else { return nil }
            for edge in outputs[node] {
                guard let wire = wires[edge], !wire.isFeedback, reached.insert(wire.to).inserted
                else { continue }
                open.append(wire.to)
            }
        }
        return reached
    }
}
