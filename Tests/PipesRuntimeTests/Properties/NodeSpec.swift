import PipesCore

@testable import PipesRuntime

/// What a node of a random graph does, as a function of its rows alone: the run and the model
/// must come to the same.
struct Behaviour: Sendable {
    /// What a row may come to instead of a value.
    enum Fault: CaseIterable, Sendable {
        case skip
        case reject
        /// Answers RETRY as often as it is asked.
        case hopeless
        /// Answers RETRY the first time it sees such a row.
        case flaky
        /// Defers and never completes until it is asked to stop: counts like RETRY.
        case stall
        case fatal
        /// Wants no more, and yields nothing for this row.
        case end
        /// Yields a value, and wants no more.
        case last
    }

    enum Outcome: Equatable {
        case value(Int64)
        case flaky(Int64)
        case last(Int64)
        case nothing(Fault)
    }

    var salt: UInt64
    /// Of 64 rows, how many come to each.
    var shares: [Fault: Int] = [:]
    /// Passes the value of its first input on, borrowed.
    var borrows = false
    /// Yields texts, which lie in an arena.
    var yieldsTexts = false
    /// Does not do what the model says: to see that the tests find that.
    var deviates = false

    func share(_ fault: Fault) -> Int { shares[fault] ?? 0 }

    /// Whether a row may make it want no more.
    var mayEnd: Bool { share(.end) + share(.last) > 0 }

    func outcome(_ row: [Int64?]) -> Outcome {
        var random = generator(row)
        let value = borrows ? row.lazy.compactMap { $0 }.first ?? 0 : Int64(random.int(0...1 << 40))
        var left = random.int(0...63)
        for fault in Fault.allCases {
            if left < share(fault) {
                return switch fault {
                case .flaky: .flaky(value)
                case .last: .last(value)
                default: .nothing(fault)
                }
            }
            left -= share(fault)
        }
        return .value(value)
    }

    /// The rows that a split makes of one, by port.
    func children(_ row: [Int64?], of value: Int64, outputs: Int) -> [[Int64]] {
        var random = generator(row)
        return (0..<outputs).map { _ in
            (0..<random.pick([0, 1, 1, 2, 3])).map { value &* 8 &+ Int64($0) }
        }
    }

    func port(_ value: Int64, outputs: Int) -> Int { outputs == 2 ? Int(value & 1) : 0 }

    private func generator(_ row: [Int64?]) -> SeededGenerator {
        var seed = salt
        for value in row {
            seed = seed &* 0x1_0000_01B3 &+ UInt64(bitPattern: value ?? 0x5EED)
        }
        return SeededGenerator(seed: seed)
    }
}

/// A node of a random graph.
struct NodeSpec: Sendable {
    enum Kind: Sendable {
        case source(rows: Int)
        case map(outputs: Int)
        /// A map that works on batches.
        case keep(outputs: Int)
        case split(outputs: Int)
        case sum(Int)
        case sink(ofBatches: Bool)
    }

    /// How its calls come to an end.
    enum Style: Sendable {
        case inline
        case blocking
        /// Later, from another thread, in random order.
        case deferred
        /// As `deferred`, after a random while.
        case delayed
    }

    var kind: Kind
    var style: Style
    var behaviour: Behaviour
    /// Nodes by number, and their ports.
    var inputs: [(node: Int, port: Int)]
    var properties: NodeProperties

    var outputs: Int {
        switch kind {
        case .map(let outputs), .keep(let outputs), .split(let outputs): outputs
        case .sink: 0
        case .source, .sum: 1
        }
    }

    var isSink: Bool { if case .sink = kind { true } else { false } }
    var defers: Bool { style == .deferred || style == .delayed }

    /// Whether it takes whole batches, so that rows behind its END are in its hands already.
    var takesBatches: Bool {
        switch kind {
        case .keep, .split, .sum, .sink(ofBatches: true): true
        case .source, .map, .sink(ofBatches: false): false
        }
    }

    /// Whether several of its rows may be in its processor's hands at once.
    var overlaps: Bool { properties.concurrency > 1 }

    /// Whether a failure of one of its rows stops the run.
    var mayStop: Bool {
        behaviour.share(.fatal) > 0
            || (properties.then == .stop
                && (properties.onMissing == .fail || behaviour.share(.reject) > 0
                    || behaviour.share(.hopeless) + behaviour.share(.stall) > 0))
    }

    var description: ProcessorDescription {
        var flags: ProcessorDescription.Flags =
            switch style {
            case .inline: .nonblocking
            case .blocking: []
            case .deferred, .delayed: [.nonblocking, .defers]
            }
        if properties.concurrency > 1 { flags.insert(.concurrent) }
        var description: ProcessorDescription =
            switch kind {
            case .source: .source(flags)
            case .map: .map(flags)
            case .keep: .process(.keeps, flags)
            case .split: .process(.splits, flags)
            case .sum(let size): .process(.aggregates, flags, holds: .rows(size))
            case .sink(ofBatches: false): .sink(flags)
            case .sink(ofBatches: true): .process(.keeps, flags.union(.sink))
            }
        switch outputs {
        case 0: description.outputs = []
        case 2: description = description.outputs("even", "odd")
        default: break
        }
        return description
    }
}
