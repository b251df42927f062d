import CPipes
import PipesCore

/// Pairs inputs of one lineage by key (graph.md, "Joins"), as a value.
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
    /// The inputs with the longest key.
    private let full: [Int]
    private let prefixes: [Int]
    /// Partners that never came.
    private(set) var missing = 0

    init(depths: [Int], onMissing: NodeProperties.OnMissing) {
        cursors = Array(repeating: Cursor(), count: depths.count)
        self.depths = depths
        self.onMissing = onMissing
        let depth = depths.max() ?? 1
        self.depth = depth
        full = depths.indices.filter { depths[$0] == depth }
        prefixes = depths.indices.filter { depths[$0] < depth }
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
        let needed = full.filter { cursors[$0].needsMore }
        if !needed.isEmpty { return needed }
        guard let lead = full.first(where: { cursors[$0].hasKey }) else {
            return advanceShorterKeys(&output)
        }
        guard let keys = cursors[lead].keys else { return [] }
        var span = min(keys.count, limit - output.slotCount)
        for input in full {
            if let other = cursors[input].keys { span = min(span, other.count) }
        }
        let entryDepth = keys.parent.count + 1
        for input in prefixes {
            if let needed = align(input, to: keys.parent, keys.first) { return needed }
            // A lost ancestor stands in both lists at the same depth; there they go in step.
            if depths[input] >= entryDepth, let other = cursors[input].keys {
                span = min(span, other.count)
            }
        }
        settle(span, KeyRun(parent: keys.parent, first: keys.first, count: span, settlement: .item),
            entryDepth: entryDepth, &output)
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

    private mutating func settle(
        _ span: Int, _ run: KeyRun, entryDepth: Int, _ output: inout JoinOutput
    ) {
        let inStep = cursors.indices.filter {
            cursors[$0].hasKey && (depths[$0] == depth || depths[$0] >= entryDepth)
        }
        let isSolid = cursors.indices.allSatisfy {
            guard cursors[$0].hasKey else { return false }
            return inStep.contains($0) ? cursors[$0].isSolid(span) : cursors[$0].isSolid(1)
        }
        if isSolid {
            output.appendSolid(run, cursors, inStep: inStep)
        } else {
            for ahead in 0..<span {
                settleOne(run, ahead, inStep: inStep, &output)
            }
        }
        for input in prefixes where cursors[input].hasKey { cursors[input].isUsed = true }
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

    /// All inputs with the longest key have ended: the shorter keys that nothing extended are
    /// missing their partners.
    private mutating func advanceShorterKeys(_ output: inout JoinOutput) -> [Int]? {
        let needed = prefixes.filter { cursors[$0].needsMore }
        if !needed.isEmpty { return needed }
        let alive = prefixes.filter { cursors[$0].hasKey }
        guard !alive.isEmpty else { return [] }
        let keys = alive.compactMap { input in
            cursors[input].keys.map { (input: input, key: $0.parent + [$0.first]) }
        }
        guard let least = keys.min(by: { $0.key.lexicographicallyPrecedes($1.key) }) else {
            return []
        }
        let together = keys.filter { $0.key == least.key }.map(\.input)
        // A key that was paired before has had its partners, all of them.
        if together.allSatisfy({ cursors[$0].isUsed }) {
            for input in together { cursors[input].advance(1) }
            return nil
        }
        let run = KeyRun(
            parent: Array(least.key.dropLast()), first: least.key.last ?? 0, count: 1,
            settlement: .item)
        let others = cursors
        for input in cursors.indices where !together.contains(input) { cursors[input] = Cursor() }
        settleOne(run, 0, inStep: together, &output)
        cursors = others
        for input in together { cursors[input].advance(1) }
        return nil
    }
}
