import PipesCore

@testable import PipesRuntime

extension GraphSpec {
    /// The graph with as little as possible that still goes wrong.
    ///
    /// - Parameters:
    ///   - limit: how long to look for a smaller one.
    ///   - flaws: what is wrong with a graph; none where it can't be run.
    func shrunk(
        _ found: [String], within limit: Duration = .seconds(120),
        flaws: (GraphSpec) async throws -> [String]
    ) async rethrows -> (spec: GraphSpec, flaws: [String]) {
        let end = ContinuousClock.now + limit
        var best = (spec: self, flaws: found)
        var hasShrunk = true
        while hasShrunk {
            hasShrunk = false
            for candidate in best.spec.smaller {
                if ContinuousClock.now > end { return best }
                let found = try await flaws(candidate)
                guard !found.isEmpty else { continue }
                best = (candidate, found)
                hasShrunk = true
                break
            }
        }
        return best
    }

    /// Graphs with less in them, those that lost most first.
    private var smaller: [GraphSpec] {
        let chopped = nodes.indices.compactMap { removing(withReaders: $0) }
            .sorted { $0.nodes.count < $1.nodes.count }
        let bypassed = nodes.indices.compactMap { bypassing($0) }
        let lone = nodes.indices.flatMap { index in
            nodes[index].inputs.indices.compactMap { droppingInput($0, of: index) }
        }
        return chopped + bypassed + lone + simpler
    }

    /// The graph without a node and all that it feeds, also by way of others, unless nothing
    /// would be left.
    private func removing(withReaders index: Int) -> GraphSpec? {
        var gone: Set<Int> = [index]
        // Nodes only read from earlier ones.
        for node in nodes.indices
        where nodes[node].inputs.contains(where: { gone.contains($0.node) }) {
            gone.insert(node)
        }
        return gone.count < nodes.count ? keeping { !gone.contains($0) } : nil
    }

    /// The graph with what a node reads going to its readers.
    private func bypassing(_ index: Int) -> GraphSpec? {
        guard let input = nodes[index].inputs.first, !nodes[index].isSink else { return nil }
        var changed = self
        for node in nodes.indices {
            for position in nodes[node].inputs.indices
            where nodes[node].inputs[position].node == index {
                changed.nodes[node].inputs[position] = input
            }
            // A node is joined with one other only once.
            let senders = changed.nodes[node].inputs.map(\.node)
            if Set(senders).count < senders.count { return nil }
        }
        return changed.keeping { $0 != index }
    }

    private func droppingInput(_ position: Int, of index: Int) -> GraphSpec? {
        guard nodes[index].inputs.count > 1 else { return nil }
        return changing(index) { $0.inputs.remove(at: position) }
    }

    private func keeping(_ isKept: (Int) -> Bool) -> GraphSpec {
        let kept = nodes.indices.filter(isKept)
        let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        var smaller = self
        smaller.nodes = kept.map { index in
            var node = nodes[index]
            node.inputs = node.inputs.map { (places[$0.node] ?? 0, $0.port) }
            return node
        }
        return smaller
    }

    /// Variants that are easier to understand.
    private var simpler: [GraphSpec] {
        var variants: [GraphSpec] = []
        if interruption != nil {
            var changed = self
            changed.interruption = nil
            variants.append(changed)
        }
        for index in nodes.indices {
            let node = nodes[index]
            if case .source(let rows) = node.kind, rows > 1 {
                variants.append(changing(index) { $0.kind = .source(rows: rows / 2) })
                variants.append(changing(index) { $0.kind = .source(rows: rows - 1) })
            }
            if node.style != .inline, node.behaviour.share(.stall) == 0 {
                variants.append(changing(index) { $0.style = .inline })
            }
            for fault in Behaviour.Fault.allCases where node.behaviour.share(fault) > 0 {
                variants.append(changing(index) { $0.behaviour.shares[fault] = nil })
            }
            if node.properties.concurrency > 1 {
                variants.append(changing(index) { $0.properties.concurrency = 1 })
            }
            if node.properties.queueSize < 1024 || node.properties.queueBytes < 16 << 20 {
                variants.append(
                    changing(index) {
                        $0.properties.queueSize = 1024
                        $0.properties.queueSizeIsFixed = false
                        $0.properties.queueBytes = 16 << 20
                    })
            }
        }
        return variants
    }

    private func changing(_ index: Int, _ change: (inout NodeSpec) -> Void) -> GraphSpec {
        var changed = self
        change(&changed.nodes[index])
        return changed
    }
}
