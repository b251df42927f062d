import PipesCore

@testable import PipesRuntime

/// What a random graph must come to, worked out node by node over whole lists.
struct GraphModel {
    /// The ledger's line that is expected of a node.
    struct Account: Equatable {
        var `in` = 0
        var out = 0
        var skipped = 0
        var failed = 0
        var missing = 0
    }

    /// How much of what comes to pass can be foretold where edges drop rows.
    enum Certainty: Comparable {
        case nothing
        /// Which rows may come, though not which of them do.
        case rowsAtMost
        case everything
    }

    private let spec: GraphSpec
    private let graph: CheckedGraph
    /// What leaves each node, by port.
    private var streams: [[[Settled]]]
    private(set) var accounts: [Account]
    /// What each sink takes.
    private(set) var collected: [[[Int64?]]]
    /// Whether rows arrive at a node in an order that can be foretold.
    let isOrdered: [Bool]
    /// By node: of the rows that arrive there.
    let certainty: [Certainty]

    init(_ spec: GraphSpec, _ graph: CheckedGraph) {
        self.spec = spec
        self.graph = graph
        streams = Array(repeating: [], count: spec.nodes.count)
        accounts = Array(repeating: Account(), count: spec.nodes.count)
        collected = Array(repeating: [], count: spec.nodes.count)
        isOrdered = GraphModel.order(spec, graph).arrival
        certainty = GraphModel.certainty(spec, graph)
        for node in graph.order { work(node) }
    }

    // MARK: What can be foretold

    /// Whether what comes to pass does not depend on the order in which a merge or an unordered
    /// node lets rows through.
    static func isCertain(_ spec: GraphSpec, _ graph: CheckedGraph) -> Bool {
        order(spec, graph).isCertain
    }

    private static func order(
        _ spec: GraphSpec, _ graph: CheckedGraph
    ) -> (arrival: [Bool], isCertain: Bool) {
        var arrival = Array(repeating: true, count: spec.nodes.count)
        var leaving = arrival
        var isCertain = true
        for node in graph.order {
            let inputs = graph.nodes[node].inputs.map { leaving[graph.edges[$0].from] }
            arrival[node] = inputs.allSatisfy { $0 }
            switch graph.nodes[node].inputMode {
            case .merge: if inputs.count > 1 { arrival[node] = false }
            case .join(let config) where config.groups.count > 1:
                if !arrival[node] { isCertain = false }
            default: break
            }
            if case .sum = spec.nodes[node].kind, !arrival[node] { isCertain = false }
            leaving[node] = arrival[node] && spec.nodes[node].properties.ordered
        }
        return (arrival, isCertain)
    }

    /// A row that was dropped is missing further down, and takes its partners along. What pairs by
    /// position or sums rows up, or has a null in its place, then comes to other rows.
    private static func certainty(_ spec: GraphSpec, _ graph: CheckedGraph) -> [Certainty] {
        var certainty = Array(repeating: Certainty.everything, count: spec.nodes.count)
        for node in graph.order {
            var own = Certainty.everything
            for edge in graph.nodes[node].inputs.map({ graph.edges[$0] }) {
                let isWhole = edge.overflow == .suspend
                own = min(own, certainty[edge.from], isWhole ? .everything : .rowsAtMost)
            }
            if own != .everything {
                if case .join(let config) = graph.nodes[node].inputMode,
                    config.groups.count > 1 || spec.nodes[node].properties.onMissing == .null
                {
                    own = .nothing
                }
                if case .sum = spec.nodes[node].kind { own = .nothing }
            }
            certainty[node] = own
        }
        return certainty
    }

    /// Whether a join may end sources before they have brought everything.
    var mayEndEarly: Bool {
        graph.nodes.contains { node in
            if case .join(let config) = node.inputMode {
                return config.groups.count > 1 && node.properties.onMissing == .skip
            }
            return false
        }
    }

    // MARK: Rows

    private mutating func work(_ node: Int) {
        let spec = spec.nodes[node]
        let entries = arriving(node)
        switch spec.kind {
        case .source(let rows):
            let values = (0..<rows).map { SpecifiedProcessor.sourceValue($0, spec.behaviour) }
            streams[node] = [numbered(values)]
            accounts[node].out = rows
        case .map(let outputs): map(node, entries, outputs: outputs)
        case .keep: map(node, entries, outputs: 1)
        case .split: split(node, entries)
        case .sum(let size): sum(node, entries, size)
        case .sink: map(node, entries, outputs: 0)
        }
    }

    private func numbered(_ values: [Int64]) -> [Settled] {
        values.enumerated().map { .item([UInt64($0)], .int($1)) }
    }

    private mutating func arriving(_ node: Int) -> [Settled] {
        let checked = graph.nodes[node]
        let inputs = checked.inputs.map { index in
            let edge = graph.edges[index]
            return streams[edge.from][edge.port]
        }
        let model = JoinModel(onMissing: checked.properties.onMissing)
        switch checked.inputMode {
        case .none: return []
        case .single: return inputs[0]
        case .merge:
            return numbered(inputs.joined().flatMap { $0.values.compactMap(\.integer) })
        case .join(let config):
            let (rows, missing) =
                config.groups.count == 1
                ? model.byKey(inputs, depths: config.depths) : model.byPosition(inputs, config)
            accounts[node].missing = missing
            return rows
        }
    }

    /// What a row comes to, counted; nil: its settlement is passed on.
    private mutating func value(_ node: Int, _ entry: Settled) -> (Int64?, Settlement) {
        switch entry.settlement {
        case .item, .missing: accounts[node].in += 1
        default: return (nil, entry.settlement)
        }
        let row = entry.values.map(\.integer)
        let outcome =
            entry.settlement == .missing
            ? .reject : spec.nodes[node].behaviour.outcome(row)
        switch outcome {
        case .value(let value), .flaky(let value): return (value, .item)
        case .skip:
            accounts[node].skipped += 1
            return (nil, .skip)
        case .reject, .hopeless:
            if spec.nodes[node].properties.then == .skip {
                accounts[node].skipped += 1
                return (nil, .skip)
            }
            accounts[node].failed += 1
            return (nil, .fail)
        }
    }

    private mutating func map(_ node: Int, _ entries: [Settled], outputs: Int) {
        let behaviour = spec.nodes[node].behaviour
        var ports: [[Settled]] = Array(repeating: [], count: outputs)
        for entry in entries {
            let (value, settlement) = value(node, entry)
            guard let value else {
                for port in ports.indices { ports[port].append(.lost(entry.key, settlement)) }
                continue
            }
            accounts[node].out += 1
            if outputs == 0 { collected[node].append(entry.values.map(\.integer)) }
            let own = outputs == 2 ? behaviour.port(value) : 0
            for port in ports.indices {
                ports[port].append(port == own ? .item(entry.key, .int(value)) : .lost(entry.key))
            }
        }
        if !spec.nodes[node].properties.ordered {
            ports = ports.map { numbered($0.flatMap { $0.values.compactMap(\.integer) }) }
        }
        streams[node] = ports
    }

    private mutating func split(_ node: Int, _ entries: [Settled]) {
        var stream: [Settled] = []
        for entry in entries {
            let (value, settlement) = value(node, entry)
            guard let value else {
                stream.append(.lost(entry.key, settlement))
                continue
            }
            let children = spec.nodes[node].behaviour.children(
                entry.values.map(\.integer), of: value)
            if children.isEmpty {
                accounts[node].skipped += 1
                stream.append(.lost(entry.key, .empty))
            }
            accounts[node].out += children.count
            for (number, child) in children.enumerated() {
                stream.append(.item(entry.key + [UInt64(number)], .int(child)))
            }
        }
        streams[node] = [stream]
    }

    private mutating func sum(_ node: Int, _ entries: [Settled], _ size: Int) {
        var values: [Int64] = []
        var (count, sum) = (0, Int64(0))
        for entry in entries {
            if entry.settlement == .missing {
                _ = value(node, entry)
                continue
            }
            guard entry.settlement == .item else { continue }
            accounts[node].in += 1
            count += 1
            for value in entry.values { sum &+= value.integer ?? 1 }
            if count == size {
                values.append(sum)
                (count, sum) = (0, 0)
            }
        }
        if count > 0 { values.append(sum) }
        accounts[node].out = values.count
        streams[node] = [numbered(values)]
    }
}

extension Value {
    /// nil for everything but an INT.
    var integer: Int64? { if case .int(let integer) = self { integer } else { nil } }
}
