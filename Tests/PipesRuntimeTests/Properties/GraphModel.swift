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

    private let spec: GraphSpec
    private let graph: CheckedGraph
    /// Whether END and LAST only count for their row, so that every row that can be there is.
    private let ignoresEnds: Bool
    /// What leaves each node, by port.
    private var streams: [[[Settled]]]
    private(set) var accounts: [Account]
    /// What each sink takes.
    private(set) var collected: [[[Int64?]]]
    /// Nodes of which a row stops the run.
    private(set) var stoppers: Set<Int> = []

    init(_ spec: GraphSpec, _ graph: CheckedGraph, ignoresEnds: Bool = false) {
        self.spec = spec
        self.graph = graph
        self.ignoresEnds = ignoresEnds
        streams = Array(repeating: [], count: spec.nodes.count)
        accounts = Array(repeating: Account(), count: spec.nodes.count)
        collected = Array(repeating: [], count: spec.nodes.count)
        for node in graph.order { work(node) }
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
        case .map, .keep, .sink: map(node, entries)
        case .split: split(node, entries)
        case .sum(let size): sum(node, entries, size)
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

    /// What a row comes to, counted.
    /// - Returns: its value, or the settlement that is passed on; and whether it is the last.
    private mutating func value(
        _ node: Int, _ entry: Settled
    ) -> (value: Int64?, settlement: Settlement, isLast: Bool) {
        switch entry.settlement {
        case .item, .missing: accounts[node].in += 1
        default: return (nil, entry.settlement, false)
        }
        let row = entry.values.map(\.integer)
        let outcome =
            entry.settlement == .missing
            ? .nothing(.reject) : spec.nodes[node].behaviour.outcome(row)
        switch outcome {
        case .value(let value), .flaky(let value): return (value, .item, false)
        case .last(let value): return (value, .item, true)
        case .nothing(.skip):
            accounts[node].skipped += 1
            return (nil, .skip, false)
        case .nothing(.end):
            if spec.nodes[node].isSink { return (0, .item, true) }
            accounts[node].skipped += 1
            return (nil, .skip, true)
        case .nothing(let fault):
            let then = fault == .fatal ? .stop : spec.nodes[node].properties.then
            if then == .skip {
                accounts[node].skipped += 1
                return (nil, .skip, false)
            }
            if then == .stop { stoppers.insert(node) }
            accounts[node].failed += 1
            return (nil, .fail, false)
        }
    }

    private mutating func map(_ node: Int, _ entries: [Settled]) {
        let own = spec.nodes[node]
        var ports: [[Settled]] = Array(repeating: [], count: own.outputs)
        for entry in entries {
            let (value, settlement, isLast) = value(node, entry)
            if let value {
                accounts[node].out += 1
                if own.isSink { collected[node].append(entry.values.map(\.integer)) }
                let port = own.behaviour.port(value, outputs: own.outputs)
                for index in ports.indices {
                    ports[index].append(
                        index == port ? .item(entry.key, .int(value)) : .lost(entry.key))
                }
            } else {
                for index in ports.indices { ports[index].append(.lost(entry.key, settlement)) }
            }
            if isLast, !ignoresEnds { break }
        }
        if !own.properties.ordered {
            ports = ports.map { numbered($0.flatMap { $0.values.compactMap(\.integer) }) }
        }
        streams[node] = ports
    }

    private mutating func split(_ node: Int, _ entries: [Settled]) {
        let own = spec.nodes[node]
        var ports: [[Settled]] = Array(repeating: [], count: own.outputs)
        for entry in entries {
            let (value, settlement, isLast) = value(node, entry)
            if let value {
                let children = own.behaviour.children(
                    entry.values.map(\.integer), of: value, outputs: own.outputs)
                if children.allSatisfy(\.isEmpty) { accounts[node].skipped += 1 }
                for (port, children) in children.enumerated() {
                    if children.isEmpty { ports[port].append(.lost(entry.key, .empty)) }
                    accounts[node].out += children.count
                    for (number, child) in children.enumerated() {
                        ports[port].append(.item(entry.key + [UInt64(number)], .int(child)))
                    }
                }
            } else {
                for port in ports.indices { ports[port].append(.lost(entry.key, settlement)) }
            }
            if isLast, !ignoresEnds { break }
        }
        streams[node] = ports
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
