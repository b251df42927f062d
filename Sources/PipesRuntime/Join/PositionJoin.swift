import CPipes
import DequeModule
import PipesCore

/// Pairs groups of inputs of different lineages by position: the n-th row that is left of each.
/// Within a group, inputs pair by key first. Its rows start a new lineage.
struct PositionJoin {
    private var groups: [KeyJoin]
    private var ready: [Cursor]
    private let members: [[Int]]
    private let onMissing: NodeProperties.OnMissing
    private let width: Int
    private var nextKey: UInt64 = 0
    private var lost = 0
    /// Whether inputs have ended for another graph to go on: what is left then waits for it.
    private var isPaused = false
    /// By group: rows that have waited since another graph ran, before all others.
    private var waiting: [Deque<Batch>]
    /// Whether some of them lie in memory that its makers must not give back.
    private(set) var refersToOthers = false

    init(_ config: CheckedGraph.JoinConfig, onMissing: NodeProperties.OnMissing) {
        members = config.groups
        groups = config.groups.map { group in
            KeyJoin(depths: group.map { config.depths[$0] }, onMissing: onMissing)
        }
        ready = Array(repeating: Cursor(), count: config.groups.count)
        waiting = Array(repeating: [], count: config.groups.count)
        width = config.depths.count
        self.onMissing = onMissing
    }

    var missing: Int { lost + groups.reduce(0) { $0 + $1.missing } }

    var anyEnded: Bool {
        groups.contains { $0.anyEnded } || ready.contains { $0.hasEnded && !$0.hasKey }
    }

    mutating func offer(_ batch: Batch, input: Int) {
        for (group, inputs) in members.enumerated() {
            if let position = inputs.firstIndex(of: input) {
                groups[group].offer(batch, input: position)
            }
        }
    }

    mutating func end(input: Int) {
        for (group, inputs) in members.enumerated() {
            if let position = inputs.firstIndex(of: input) { groups[group].end(input: position) }
        }
    }

    mutating func pause(input: Int) {
        isPaused = true
        end(input: input)
    }

    mutating func next(limit: Int) -> KeyJoin.Step {
        var output = JoinOutput(width: width, capacity: limit)
        while output.slotCount < limit {
            var needed: [Int] = []
            for group in groups.indices {
                needed += refill(group, limit: limit)
            }
            if !needed.isEmpty {
                if !output.isEmpty { break }
                return .needs(needed)
            }
            if isPaused, !ready.allSatisfy(\.hasKey) {
                if !output.isEmpty { break }
                return keepTheRest(limit: limit)
            }
            guard ready.contains(where: { $0.hasKey }) else {
                if !output.isEmpty { break }
                return .end
            }
            pairOne(&output)
        }
        return .batch(output.finish())
    }

    /// Moves a group's cursor to its next row.
    /// - Returns: the inputs that must bring more first.
    private mutating func refill(_ group: Int, limit: Int) -> [Int] {
        while !ready[group].hasEnded {
            while ready[group].hasKey {
                let settlement = ready[group].settlement(0)
                if settlement == .item || settlement == .missing { return [] }
                ready[group].advance(1)
            }
            if let batch = waiting[group].popFirst() {
                ready[group].offer(batch)
                continue
            }
            switch groups[group].next(limit: limit) {
            case .batch(let batch): ready[group].offer(batch)
            case .needs(let inputs): return inputs.map { members[group][$0] }
            case .end: ready[group].end()
            }
        }
        return []
    }

    private mutating func pairOne(_ output: inout JoinOutput) {
        var values = Array(
            repeating: (value: pipes_value.null, owner: RowStorage?.none), count: width)
        var isMissing = false
        var present = 0
        for (group, inputs) in members.enumerated() {
            guard ready[group].hasKey else {
                lost += inputs.count
                isMissing = true
                continue
            }
            present += 1
            if ready[group].settlement(0) == .missing { isMissing = true }
            for (position, input) in inputs.enumerated() {
                values[input] = (ready[group].rowValue(position), ready[group].storage)
            }
            ready[group].advance(1)
        }
        let key = KeyRun(first: nextKey, count: 1, settlement: .item)
        if !isMissing {
            output.append(key, .item, values)
        } else {
            switch onMissing {
            case .skip: output.appendBare(key, .skip)
            case .null: output.append(key, .item, values)
            case .fail: output.append(key, .missing, values)
            }
        }
        nextKey += 1
    }

    // MARK: For another graph to go on

    /// Takes whatever its inputs still bring, without pairing it.
    private mutating func keepTheRest(limit: Int) -> KeyJoin.Step {
        var needed: [Int] = []
        for group in groups.indices {
            // Those that have waited before stay in front of what is new.
            var kept = rest(of: group, limit: limit)
            kept += waiting[group]
            taking: while true {
                switch groups[group].next(limit: limit) {
                case .batch(let batch):
                    ready[group].offer(batch)
                    kept += rest(of: group, limit: limit)
                case .needs(let inputs):
                    needed += inputs.map { members[group][$0] }
                    break taking
                case .end: break taking
                }
            }
            waiting[group] = kept
        }
        return needed.isEmpty ? .end : .needs(needed)
    }

    /// What is left of a group's current batch, in memory of its own.
    private mutating func rest(of group: Int, limit: Int) -> Deque<Batch> {
        var batches: Deque<Batch> = []
        var output = JoinOutput(width: members[group].count, capacity: limit)
        while ready[group].hasKey {
            let settlement = ready[group].settlement(0)
            if settlement == .item || settlement == .missing {
                let key = KeyRun(first: UInt64(output.slotCount), count: 1, settlement: .item)
                let values = members[group].indices.map { column in
                    (value: ready[group].rowValue(column), owner: ready[group].storage)
                }
                if !output.appendCopy(key, settlement, values) { refersToOthers = true }
            }
            ready[group].advance(1)
            if output.slotCount == limit {
                batches.append(output.finish())
                output = JoinOutput(width: members[group].count, capacity: limit)
            }
        }
        if !output.isEmpty { batches.append(output.finish()) }
        return batches
    }

    /// Goes on where the join of another graph paused, with groups of the same sources.
    mutating func goOn(from former: PositionJoin) {
        nextKey = former.nextKey
        waiting = former.waiting
        refersToOthers = former.refersToOthers
    }

    /// Rows that wait for a partner that will never come, under the keys of their pairs.
    var left: [Batch] {
        waiting.flatMap { batches in
            var next = nextKey
            return batches.map { batch in
                defer { next += UInt64(batch.slots.count) }
                let keys = KeyRun(first: next, count: batch.slots.count, settlement: .item)
                return Batch(
                    runs: [keys], rows: batch.rows, slots: batch.slots, holes: batch.holes,
                    itemCount: batch.itemCount)
            }
        }
    }
}
