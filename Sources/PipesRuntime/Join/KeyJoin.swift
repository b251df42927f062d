import CPipes
import PipesCore

/// Pairs inputs of one lineage by key (docs/graph-file.md, "What a join pairs"), as a value.
///
/// Every key of the lineage is settled on every input, in order, so a join walks its inputs in
/// lock step: it never searches, and a partner that was lost says so. Inputs of a shorter key hold
/// one value for all keys that extend it.
struct KeyJoin {
    enum Step {
        /// Rows of one value for each input; settlements of the keys that came to no row.
        case batch(Batch)
        /// The inputs that must bring a batch first.
        case needs([Int])
        case end
    }

    private var cursors: [Cursor]
    private let depths: [Int]
    private let depth: Int
    private let onMissing: NodeProperties.OnMissing
    /// The inputs by the length of their keys, longest first.
    private let levels: [[Int]]
    /// Partners that never came.
    private(set) var missing = 0

    init(depths: [Int], onMissing: NodeProperties.OnMissing) {
        cursors = Array(repeating: Cursor(), count: depths.count)
        self.depths = depths
        self.onMissing = onMissing
        let depth = depths.max() ?? 1
        self.depth = depth
        levels = Set(depths).sorted(by: >).map { level in
            depths.indices.filter { depths[$0] == level }
        }
    }

    /// Whether one input has ended: what the others still bring is missing a partner.
    var anyEnded: Bool { cursors.contains { $0.hasEnded && !$0.hasKey } }

    mutating func offer(_ batch: Batch, input: Int) { cursors[input].offer(batch) }
    mutating func end(input: Int) { cursors[input].end() }

    /// The next joined batch, of at most `limit` rows.
    mutating func next(limit: Int) -> Step {
        var output = JoinOutput(width: cursors.count, capacity: limit)
        while output.slotCount < limit {
            if let needed = advance(&output, limit: limit) {
                if !output.isEmpty { break }
                return needed.isEmpty ? .end : .needs(needed)
            }
        }
        return .batch(output.finish())
    }

    /// Settles some keys.
    /// - Returns: nil where it did; else the inputs that must bring more, none at the end.
    private mutating func advance(_ output: inout JoinOutput, limit: Int) -> [Int]? {
        // The longest keys lead. When they have all ended, the shorter keys that nothing extended
        // are missing their partners.
        for leaders in levels {
            let needed = leaders.filter { cursors[$0].needsMore }
            if !needed.isEmpty { return needed }
            guard let lead = leaders.first(where: { cursors[$0].hasKey }) else { continue }
            // A key that longer ones extended has had its partners, all of them.
            if cursors[lead].isUsed {
                for input in leaders where cursors[input].hasKey { cursors[input].advance(1) }
                return nil
            }
            return pair(lead, leaders, &output, limit: limit)
        }
        return []
    }

    private mutating func pair(
        _ lead: Int, _ leaders: [Int], _ output: inout JoinOutput, limit: Int
    ) -> [Int]? {
        guard let keys = cursors[lead].keys else { return [] }
        var span = min(keys.count, limit - output.slotCount)
        for input in leaders {
            if let other = cursors[input].keys { span = min(span, other.count) }
        }
        let entryDepth = keys.parent.count + 1
        let level = depths[lead]
        for input in cursors.indices where depths[input] < level {
            if let needed = align(input, to: keys.parent, keys.first) { return needed }
            // A lost ancestor stands in both lists at the same depth; there they go in step.
            if depths[input] >= entryDepth, let other = cursors[input].keys {
                span = min(span, other.count)
            }
        }
        let run = KeyRun(parent: keys.parent, first: keys.first, count: span, settlement: .item)
        settle(span, run, inStepFrom: min(entryDepth, level), &output)
        return nil
    }

    /// Moves an input of shorter keys on to the one that (parent, first) extends.
    /// - Returns: nil where it stands there, or has ended; else the inputs that must bring more.
    private mutating func align(_ input: Int, to parent: [UInt64], _ first: UInt64) -> [Int]? {
        while true {
            if cursors[input].needsMore { return [input] }
            guard let keys = cursors[input].keys else { return nil }
            let target = (parent + [first]).prefix(keys.parent.count + 1)
            let current = keys.parent + [keys.first]
            guard current.lexicographicallyPrecedes(target) else { return nil }
            cursors[input].advance(1)
        }
    }

    /// - Parameter inStepFrom: inputs with keys of this length go on with the keys of the run,
    ///   those with shorter ones stay.
    private mutating func settle(
        _ span: Int, _ run: KeyRun, inStepFrom: Int, _ output: inout JoinOutput
    ) {
        let inStep = cursors.indices.filter {
            cursors[$0].hasKey && depths[$0] >= inStepFrom
        }
        let isSolid = cursors.indices.allSatisfy {
            cursors[$0].hasKey && cursors[$0].isSolid(inStep.contains($0) ? span : 1)
        }
        // A lost ancestor's key may stand among rows where a partner brought some; a row needs a
        // key of the whole depth.
        if isSolid, run.depth == depth {
            output.appendSolid(run, cursors, inStep: inStep)
        } else {
            for ahead in 0..<span {
                settleOne(run, ahead, inStep: inStep, &output)
            }
        }
        for input in cursors.indices where cursors[input].hasKey { cursors[input].isUsed = true }
        for input in inStep { cursors[input].advance(span) }
    }

    private mutating func settleOne(
        _ run: KeyRun, _ ahead: Int, inStep: [Int], _ output: inout JoinOutput
    ) {
        var present = 0
        var isEmpty = false
        for input in cursors.indices where cursors[input].hasKey {
            switch cursors[input].settlement(inStep.contains(input) ? ahead : 0) {
            case .item: present += 1
            case .empty: isEmpty = true
            case .skip, .fail, .missing: break
            }
        }
        var key = run
        key.first += UInt64(ahead)
        key.count = 1
        if present == cursors.count {
            output.append(key, .item, values(ahead, inStep))
        } else if isEmpty {
            output.appendBare(key, .empty)
        } else if present == 0 {
            output.appendBare(key, .skip)
        } else {
            missing += cursors.count - present
            // A row needs a key of the whole depth, also where its partner was lost further up.
            while key.depth < depth {
                key = KeyRun(parent: key.key(0), first: 0, count: 1, settlement: .item)
            }
            switch onMissing {
            case .skip: output.appendBare(key, .skip)
            case .null: output.append(key, .item, values(ahead, inStep))
            case .fail: output.append(key, .missing, values(ahead, inStep))
            }
        }
    }

    /// One value for each input, null where there is none; and where they lie.
    private func values(_ ahead: Int, _ inStep: [Int]) -> [(pipes_value, RowStorage?)] {
        cursors.indices.map { input in
            let offset = inStep.contains(input) ? ahead : 0
            guard cursors[input].hasKey, cursors[input].settlement(offset) == .item else {
                return (.null, nil)
            }
            return (cursors[input].value(offset), cursors[input].storage)
        }
    }
}
