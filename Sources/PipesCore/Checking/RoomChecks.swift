/// Whether every join has room for what one of its branches may keep back (docs/graph-file.md,
/// "Edges are bounded").
///
/// Between a fork and the join where its branches meet, a branch that holds n rows lets nothing
/// through before it has more than n; till then the others must take what the fork sends, so
/// the edges along each of them must hold more than n. Sums from the root of a lineage on make
/// this cheap: all ways to a node pass its dominators, so what lies between a dominator and the
/// node is the difference of their sums, whatever way it is that holds most or takes least.
struct RoomCheck {
    /// Stands for "until flush"; sums of 100,000 of it still fit.
    private static let unlimited = 1 << 40
    /// The room of an edge that drops rows when it is full: its sender never waits. More than
    /// anybody holds.
    private static let endless = 1 << 41
    /// Past this an edge is not enlarged unasked: it would hardly be bounded any more.
    private static let largestUnasked = 1 << 24

    /// The branch that a join waits for the longest.
    private struct Slowest {
        var position: Int
        var held: Int
        var holder: Int?
    }

    private var dominators: DominatorTree
    /// By node: the most rows that a way from the root of its lineage may hold, itself included.
    private var held: [Int]
    /// By node: the last that holds any on that way.
    private var holder: [Int?]
    /// By node: the least room that a way from the root of its lineage has, in rows.
    private var room: [Int]

    init(nodeCount: Int) {
        dominators = DominatorTree(count: nodeCount)
        held = Array(repeating: 0, count: nodeCount)
        holder = Array(repeating: nil, count: nodeCount)
        room = Array(repeating: 0, count: nodeCount)
    }

    /// Adds a node whose senders were all added before. At a join the rule is applied: edges are
    /// enlarged, or the graph is refused.
    /// - Parameter isRoot: whether a lineage starts at the node.
    mutating func add(node: Int, holds: Int, isRoot: Bool, check: inout GraphCheck) {
        if case .join(let config) = check.modes[node] {
            for group in config.groups where group.count > 1 {
                apply(to: group.map { check.inputs[node][$0] }, at: node, check: &check)
            }
        }
        let own = min(holds, RoomCheck.unlimited)
        guard !isRoot else {
            dominators.addRoot(node)
            held[node] = own
            return
        }
        let wires = check.inputs[node].compactMap { check.wires[$0] }
        dominators.add(node, senders: wires.map(\.from))
        guard let slowest = wires.max(by: { held[$0.from] < held[$1.from] }) else { return }
        held[node] = held[slowest.from] + own
        holder[node] = own > 0 ? node : holder[slowest.from]
        room[node] = wires.map { room[$0.from] + RoomCheck.room(of: $0) }.min() ?? 0
    }

    private static func room(of wire: GraphCheck.Wire) -> Int {
        wire.overflow == .suspend ? wire.capacity : endless
    }

    /// Adds a head of a loop beside another one that is fed back to by the same output: their rows
    /// have their keys in common.
    mutating func add(node: Int, holds: Int, beside head: Int) {
        dominators.add(node, senders: [head])
        held[node] = min(holds, RoomCheck.unlimited)
    }

    private func apply(to edges: [Int], at join: Int, check: inout GraphCheck) {
        let senders = edges.map { check.wires[$0]?.from ?? join }
        guard let fork = dominators.nearestCommon(senders) else { return }
        var slowest = Slowest(position: 0, held: -1)
        var second = slowest
        for (position, sender) in senders.enumerated() {
            let branch = Slowest(
                position: position, held: held[sender] - held[fork], holder: holder[sender])
            if branch.held > slowest.held {
                (slowest, second) = (branch, slowest)
            } else if branch.held > second.held {
                second = branch
            }
        }
        for (position, edge) in edges.enumerated() {
            let other = position == slowest.position ? second : slowest
            guard other.held > 0, let wire = check.wires[edge] else { continue }
            let branchRoom = room[wire.from] - room[fork] + RoomCheck.room(of: wire)
            if branchRoom <= min(other.held, RoomCheck.unlimited) {
                makeRoom(edge, wire, has: branchRoom, fork: fork, for: other, check: &check)
            }
            keepRoom(edge, for: other.held + 1, check: &check)
        }
    }

    /// Has an edge into a join let in as many rows as another branch may make it hold, whatever the
    /// pace of its reader. Where it has no room for all of them, the edges before it have.
    private func keepRoom(_ edge: Int, for rows: Int, check: inout GraphCheck) {
        guard let wire = check.wires[edge], wire.leastRoom < min(rows, wire.capacity) else {
            return
        }
        check.wires[edge]?.leastRoom = min(rows, wire.capacity)
        guard rows > wire.capacity else { return }
        var branch = [wire.from]
        while let node = branch.popLast() {
            for edge in check.inputs[node] {
                guard let wire = check.wires[edge], !wire.isFeedback,
                    wire.leastRoom < wire.capacity
                else { continue }
                check.wires[edge]?.leastRoom = wire.capacity
                branch.append(wire.from)
            }
        }
    }

    private func makeRoom(
        _ edge: Int, _ wire: GraphCheck.Wire, has branchRoom: Int, fork: Int,
        for other: Slowest, check: inout GraphCheck
    ) {
        let receiver = check.graph.nodes[wire.to].unreadable
        guard !check.graph.edges[edge].queueSizeIsUnreadable,
            check.graph.edges[edge].queueSize != nil || !receiver.contains("queue_size"),
            !receiver.contains("overflow")
        else { return }
        let holder = check.name(other.holder ?? fork)
        let branch = check.name(wire.from)
        let needed = wire.capacity + other.held - branchRoom + 1
        let place = check.graph.edges[edge].place
        if other.held >= RoomCheck.unlimited {
            check.report(
                node: wire.to,
                "joins by key with what \(holder) yields, which holds all its rows until its "
                    + "input ends: the rows of \(branch) would need unbounded room till then. "
                    + "Join before \(holder), or set \"aggregate_inputs\": false",
                at: place)
        } else if wire.capacityIsFixed || needed > RoomCheck.largestUnasked {
            let own = check.graph.nodes[wire.to].places.properties["queue_size"]
            check.report(
                node: wire.to,
                "\(holder) may hold \(other.held) rows of \(check.name(fork)) while those that "
                    + "come by \(branch) wait, and there is room for \(branchRoom): the join "
                    + "would be stuck. Set the \"queue_size\" of \(branch) -> "
                    + "\(check.name(wire.to)) to at least \(needed) (it is \(wire.capacity))",
                at: check.graph.edges[edge].queueSize == nil && wire.capacityIsFixed
                    ? own ?? place : place)
        } else {
            check.report(
                .warning, node: wire.to,
                "\(holder) may hold \(other.held) rows of \(check.name(fork)) while those that "
                    + "come by \(branch) wait, and there is room for \(branchRoom): the queue "
                    + "\(branch) -> \(check.name(wire.to)) is enlarged from \(wire.capacity) to "
                    + "\(needed) rows",
                at: place)
            check.wires[edge]?.capacity = needed
        }
    }
}

/// Which node all ways to a node pass last, built up in the order of the graph, with jump
/// pointers so that common ones are found in logarithmic time (E. W. Myers, "An applicative
/// random-access stack", 1983).
private struct DominatorTree {
    private var parent: [Int]
    private var jump: [Int]
    private var depth: [Int]

    init(count: Int) {
        parent = Array(0..<count)
        jump = parent
        depth = Array(repeating: 0, count: count)
    }

    mutating func addRoot(_ node: Int) {
        parent[node] = node
        jump[node] = node
    }

    mutating func add(_ node: Int, senders: [Int]) {
        guard let dominator = nearestCommon(senders) else { return }
        parent[node] = dominator
        depth[node] = depth[dominator] + 1
        let far = jump[dominator]
        let isEven = depth[dominator] - depth[far] == depth[far] - depth[jump[far]]
        jump[node] = isEven ? jump[far] : dominator
    }

    /// - Returns: nil where the nodes have none in common, or there are no nodes.
    func nearestCommon(_ nodes: [Int]) -> Int? {
        guard var common = nodes.first else { return nil }
        for node in nodes.dropFirst() {
            guard let next = nearestCommon(common, node) else { return nil }
            common = next
        }
        return common
    }

    private func nearestCommon(_ left: Int, _ right: Int) -> Int? {
        var (lower, upper) = depth[left] > depth[right] ? (left, right) : (right, left)
        while depth[lower] > depth[upper] {
            lower = depth[jump[lower]] >= depth[upper] ? jump[lower] : parent[lower]
        }
        while lower != upper {
            if depth[lower] == 0 { return nil }
            if jump[lower] == jump[upper] {
                (lower, upper) = (parent[lower], parent[upper])
            } else {
                (lower, upper) = (jump[lower], jump[upper])
            }
        }
        return upper
    }
}
