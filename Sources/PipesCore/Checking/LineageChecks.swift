extension GraphCheck {
    /// What is known of the rows that leave a node.
    struct Trace {
        /// By output port.
        var lineages: [Lineage]
        /// How many rows the node may keep before it settles the first; `Int.max`: until flush.
        var holds: Int
        /// The node on the way whose `ordered: false` lets rows leave out of key order.
        var unordered: Int?
    }

    /// Every split on the way adds a number to a key.
    static let deepestKey = 64

    /// Follows the keys of rows from the sources on, decides how each join pairs its inputs, and
    /// refuses the joins that can't (docs/graph-file.md, "What a join pairs").
    mutating func traceLineages() {
        var room = RoomCheck(nodeCount: graph.nodes.count)
        var firstHeads: [Lineage: Int] = [:]
        for node in order {
            guard let description = descriptions[node] else { continue }
            let holds = holds(of: node, description)
            guard let entry = entry(of: node, description) else { continue }
            if feedbackInto[node] != nil { headLineages[node] = entry.lineage }
            if entry.lineage.isOfFeedback, entry.isNew, description.rate != .aggregates,
                let first = firstHeads[entry.lineage]
            {
                room.add(node: node, holds: holds, beside: first)
            } else {
                room.add(
                    node: node, holds: holds,
                    isRoot: entry.isNew || description.rate == .aggregates, check: &self)
                if entry.isNew { firstHeads[entry.lineage] = node }
            }
            warnOfConcurrency(node, description, holds: holds)
            guard let lineages = lineages(of: node, description, entry) else { continue }
            let leavesUnordered =
                !graph.nodes[node].properties.ordered && description.rate != .aggregates
            let inherited = description.rate == .aggregates ? nil : entry.unordered
            traces[node] = Trace(
                lineages: lineages, holds: holds, unordered: leavesUnordered ? node : inherited)
        }
    }

    /// A node that keeps rows in open calls must be let have so many of them.
    private mutating func warnOfConcurrency(
        _ node: Int, _ description: ProcessorDescription, holds: Int
    ) {
        let properties = graph.nodes[node].properties
        guard description.shape == .map, description.flags.contains(.defers),
            holds > max(1, properties.concurrency),
            !graph.nodes[node].unreadable.contains("concurrency")
        else { return }
        let places = graph.nodes[node].places
        let rows = holds == Int.max ? "all rows" : "\(holds) rows"
        let remedy =
            holds == Int.max ? "no more rows than that may come" : "set it to at least \(holds)"
        report(
            .warning, node: node,
            "may hold \(rows) before it yields the first, but its \"concurrency\" lets it have "
                + "\(max(1, properties.concurrency)) at once, and it could wait for ever: \(remedy)",
            at: places.properties["concurrency"] ?? places.name)
    }

    /// The rows that a node is given.
    private struct Entry {
        var lineage: Lineage
        /// Whether the node numbers them itself.
        var isNew: Bool
        var unordered: Int?
    }

    /// - Returns: nil where it can't be known, or has been refused.
    private mutating func entry(of node: Int, _ description: ProcessorDescription) -> Entry? {
        if description.isSource {
            let lineage = Lineage(steps: [Lineage.Step(node: node)], origins: [node])
            return Entry(lineage: lineage, isNew: true, unordered: nil)
        }
        var lineages: [Lineage] = []
        for edge in inputs[node] {
            guard let wire = wires[edge], let port = wire.port else { return nil }
            if wire.isFeedback {
                lineages.append(.feedback(from: wire.from, port: port))
                continue
            }
            guard let trace = traces[wire.from] else { return nil }
            lineages.append(trace.lineages[port])
        }
        guard let first = lineages.first, modeIsKnown(node) || lineages.count == 1,
            !misfits.contains(node)
        else { return nil }
        switch modes[node] {
        case .none: return nil
        case .single where wires[inputs[node][0]]?.isFeedback == true:
            return Entry(lineage: first, isNew: true, unordered: nil)
        case .single:
            let unordered = wires[inputs[node][0]].flatMap { traces[$0.from]?.unordered }
            return Entry(lineage: first, isNew: false, unordered: unordered)
        case .merge: return newEntry(of: node, lineages)
        case .join:
            guard let groups = groups(of: node, lineages) else { return nil }
            modes[node] = .join(.init(groups: groups, depths: lineages.map(\.depth)))
            refuseUnordered(node, groups)
            if groups.count > 1 {
                warnOfPositions(node, lineages, groups)
                return newEntry(of: node, lineages)
            }
            let longest = lineages.max { $0.depth < $1.depth } ?? first
            return Entry(lineage: longest, isNew: false, unordered: nil)
        }
    }

    private mutating func newEntry(of node: Int, _ lineages: [Lineage]) -> Entry? {
        var origins: Set<Int> = []
        for lineage in lineages where !lineage.origins.isSubset(of: origins) {
            origins.formUnion(lineage.origins)
        }
        originsLeft -= origins.count
        guard originsLeft >= 0 else {
            report(
                node: node,
                "merges rows of \(origins.count) sources; with all the merges before it that is "
                    + "too much to follow. Merge many sources in one node instead of one by one",
                at: graph.nodes[node].places.name)
            return nil
        }
        let lineage = Lineage(steps: [Lineage.Step(node: node)], origins: origins)
        return Entry(lineage: lineage, isNew: true, unordered: nil)
    }

    private mutating func lineages(
        of node: Int, _ description: ProcessorDescription, _ entry: Entry
    ) -> [Lineage]? {
        let ports = description.outputs.indices
        let origins = entry.lineage.origins
        if description.isSource || description.rate == .aggregates {
            return ports.map {
                Lineage(steps: [Lineage.Step(node: node, port: $0)], origins: origins)
            }
        }
        switch description.rate {
        case .keeps, .aggregates: return ports.map { _ in entry.lineage }
        case .splits:
            guard entry.lineage.depth < GraphCheck.deepestKey else {
                report(
                    node: node,
                    "the keys of the rows that get here have \(GraphCheck.deepestKey) numbers, one "
                        + "for each split on the way, and no room for more; start a new lineage "
                        + "before, with \"aggregate_inputs\": false",
                    at: graph.nodes[node].places.name)
                return nil
            }
            return ports.map {
                let step = Lineage.Step(node: node, port: $0)
                return Lineage(steps: entry.lineage.steps + [step], origins: origins)
            }
        }
    }

    // MARK: Joins

    /// Sorts the inputs of a join into those that pair by key; the groups pair by position.
    /// - Returns: nil where the join is refused.
    private mutating func groups(of node: Int, _ lineages: [Lineage]) -> [[Int]]? {
        var groups: [[Int]] = []
        var groupOfRoot: [Lineage.Step: Int] = [:]
        for (position, lineage) in lineages.enumerated() {
            let root = lineage.steps[0]
            if let group = groupOfRoot[root] {
                groups[group].append(position)
            } else {
                groupOfRoot[root] = groups.count
                groups.append([position])
            }
        }
        for group in groups where group.count > 1 {
            let byDepth = group.sorted { lineages[$0].depth < lineages[$1].depth }
            for (shorter, longer) in zip(byDepth, byDepth.dropFirst())
            where !lineages[shorter].isPrefix(of: lineages[longer]) {
                refuseJoin(node, min(shorter, longer), max(shorter, longer), lineages)
                return nil
            }
        }
        if groups.count == 1 { return groups }
        var groupOfOrigin: [Int: Int] = [:]
        for (index, group) in groups.enumerated() {
            for origin in lineages[group[0]].origins.sorted() {
                guard let other = groupOfOrigin.updateValue(index, forKey: origin) else { continue }
                refuseJoin(node, groups[other][0], group[0], lineages)
                return nil
            }
        }
        return groups
    }

    private mutating func refuseJoin(
        _ node: Int, _ left: Int, _ right: Int, _ lineages: [Lineage]
    ) {
        let edges = [left, right].map { inputs[node][$0] }
        let shared = lineages[left].origins.intersection(lineages[right].origins)
        let names = edges.map { graph.edges[$0].from.quoted }
        let rows =
            names[0] == names[1] ? "both outputs of \(names[0])" : "\(names[0]) and \(names[1])"
        report(
            node: node,
            "the rows of \(rows) go back to \(shared.sorted().map(name).listed) but share no key, "
                + "since \(parting(lineages[left], lineages[right])): pairing them could need "
                + "unbounded room. Join before that, or set \"aggregate_inputs\": false to take "
                + "them one by one",
            at: graph.edges[edges[1]].place)
    }

    /// Why two lineages that go back to one source share no key.
    private func parting(_ left: Lineage, _ right: Lineage) -> String {
        guard left.steps[0] == right.steps[0],
            let (first, second) = zip(left.steps, right.steps).first(where: { $0 != $1 })
        else {
            // A source numbers its rows from the start: the other is the one that does anew.
            let root = left.steps[0].node
            let isSource = descriptions[root]?.isSource == true || left.isOfFeedback
            return renumbering(isSource ? right.steps[0].node : root)
        }
        if first.node == second.node { return "\(name(first.node)) splits by each of its outputs" }
        return "\(name(first.node)) and \(name(second.node)) split them each in its own way"
    }

    private func renumbering(_ node: Int) -> String {
        if descriptions[node]?.isSource == true {
            return "\(name(node)) numbers each of its outputs by itself"
        }
        if descriptions[node]?.rate == .aggregates {
            return "\(name(node)) aggregates, and numbers what it yields anew"
        }
        if modes[node] == .merge {
            return "\(name(node)) takes its inputs one by one, and numbers their rows anew"
        }
        return "\(name(node)) joins different sources, and numbers its rows anew"
    }

    private mutating func refuseUnordered(_ node: Int, _ groups: [[Int]]) {
        for position in groups.joined() where groups.contains(where: { $0.count > 1 }) {
            guard groups.contains(where: { $0.count > 1 && $0.contains(position) }),
                let wire = wires[inputs[node][position]],
                let unordered = traces[wire.from]?.unordered
            else { continue }
            let places = graph.nodes[unordered].places
            report(
                node: unordered,
                "\"ordered\": false lets its rows leave out of key order, but node \(name(node)) "
                    + "downstream joins them by key; leave it out",
                at: places.properties["ordered"] ?? places.name)
            return
        }
    }

    private mutating func warnOfPositions(
        _ node: Int, _ lineages: [Lineage], _ groups: [[Int]]
    ) {
        // The head of a loop takes one round after the other; that is what it is for.
        let groups = groups.filter { wires[inputs[node][$0[0]]]?.isFeedback != true }
        guard groups.count > 1 else { return }
        let parts = groups.map { group in
            let senders = group.map { graph.edges[inputs[node][$0]].from.quoted }
            let origins = lineages[group[0]].origins.sorted().map(name)
            return senders == origins
                ? "\(senders.listed)" : "\(senders.listed) (from \(origins.listed))"
        }
        report(
            .warning, node: node,
            "joins rows of different sources by position, the n-th with the n-th that is left: "
                + "\(parts.joined(separator: " with "))",
            at: graph.edges[inputs[node][groups[1][0]]].place)
    }
}
