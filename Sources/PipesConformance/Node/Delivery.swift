import CPipes
import PipesCore

/// What became of rows that were given to a node, in a form that does not tell how they were cut
/// into batches.
struct Delivery: Equatable {
    /// What became of one row.
    enum Fate: Hashable {
        /// None for a row that was filtered.
        case yielded([Emitted])
        case failed(pipes_status)
        /// Told to stop, or never given because the node had failed before.
        case unknown
    }

    var fates: [Fate] = []
    /// What came from several rows or from none: an aggregate's, a source's and a flush's values.
    var stream: [Emitted] = []
    /// All there was to say was said: nothing was cut short.
    var isComplete = true
    /// Allocations until the last call was over.
    var allocationCount = 0

    static func == (left: Delivery, right: Delivery) -> Bool {
        left.difference(from: right) == nil
    }

    /// Where two deliveries of the same rows disagree, or nil. What was cut short is compared as
    /// far as it came.
    func difference(from other: Delivery) -> String? {
        for (index, (mine, their)) in zip(fates, other.fates).enumerated()
        where mine != their && mine != .unknown && their != .unknown {
            return "row \(index) \(mine.shown), and then \(their.shown)"
        }
        for (index, (mine, their)) in zip(stream, other.stream).enumerated() where mine != their {
            return "value \(index) was \(mine.value.shown), and then \(their.value.shown)"
        }
        if isComplete, other.isComplete, stream.count != other.stream.count {
            return "there were \(stream.count) values, and then \(other.stream.count)"
        }
        return nil
    }
}

extension Delivery.Fate {
    var shown: String {
        switch self {
        case .yielded(let values) where values.isEmpty: "yielded nothing"
        case .yielded(let values):
            "yielded \(values.map { $0.value.shown }.joined(separator: ", "))"
                + (values.contains { $0.port != 0 } ? " by \(values.map(\.port))" : "")
        case .failed(let status): "failed with \(StatusRule.name(status))"
        case .unknown: "was not answered"
        }
    }
}

extension OpenNode {
    private static let mostAttempts = 8

    /// Gives rows to the node, cut into batches.
    ///
    /// - Parameters:
    ///   - sizes: of the batches, used again and again.
    ///   - isValid: whether all texts in the rows are UTF-8.
    ///   - flushing: whether these are all rows.
    ///   - beforeCall: runs before each call with what is about to be done.
    func deliver(
        _ rows: [[Sample]], in sizes: [Int], isValid: Bool = true, flushing: Bool = true,
        beforeCall: (String) -> Void = { _ in }
    ) throws -> Delivery {
        var delivery = Delivery()
        if node.description.shape == .map {
            try map(rows, isValid, beforeCall, into: &delivery)
        } else {
            try process(rows, in: sizes, isValid, beforeCall, into: &delivery)
        }
        if flushing {
            beforeCall("flush")
            if let flush = flush(isValid: isValid) {
                delivery.stream += flush.emitted.map(\.withoutRow)
                if flush.status != PIPES_OK, flush.status != PIPES_END {
                    delivery.isComplete = false
                }
            }
        }
        delivery.allocationCount = node.allocationCount
        return delivery
    }

    private func map(
        _ rows: [[Sample]], _ isValid: Bool, _ beforeCall: (String) -> Void,
        into delivery: inout Delivery
    ) throws {
        for (index, row) in rows.enumerated() {
            beforeCall("map of row \(index), \(row.shown)")
            var outcome = try map(row, isValid: isValid)
            for _ in 1..<Self.mostAttempts where outcome.status == PIPES_RETRY {
                outcome = try map(row, isValid: isValid)
            }
            delivery.fates.append(outcome.fateOfRow)
            if outcome.status == PIPES_END || outcome.status == PIPES_LAST {
                let rest = rows.count - delivery.fates.count
                delivery.fates += Array(repeating: .yielded([]), count: rest)
                return
            }
            if outcome.endsNode {
                delivery.isComplete = false
                return
            }
        }
    }

    private func process(
        _ rows: [[Sample]], in sizes: [Int], _ isValid: Bool, _ beforeCall: (String) -> Void,
        into delivery: inout Delivery
    ) throws {
        delivery.fates = Array(repeating: .unknown, count: rows.count)
        var start = 0
        for index in 0... {
            guard start < rows.count else { return }
            let end = min(rows.count, start + max(1, sizes[index % sizes.count]))
            var todo = [Array(start..<end)]
            for _ in 0..<Self.mostAttempts where !todo.isEmpty {
                let places = todo.removeFirst()
                let batch = places.map { rows[$0] }
                beforeCall("process of \(batch.count) rows, the first \(batch[0].shown)")
                let outcome = try process(batch, isValid: isValid)
                todo += outcome.takeFates(of: places, into: &delivery)
                if outcome.status == PIPES_END {
                    for place in end..<rows.count { delivery.fates[place] = .yielded([]) }
                    return
                }
                if outcome.endsNode {
                    delivery.isComplete = false
                    return
                }
            }
            start = end
        }
    }

    /// Gives each row in a call of its own, and waits for deferred ones when all have begun.
    func deliverAtOnce(_ rows: [[Sample]]) throws -> Delivery {
        var delivery = Delivery()
        delivery.fates = Array(repeating: .unknown, count: rows.count)
        let isMap = node.description.shape == .map
        let started = try rows.map { row in
            isMap ? try startMap(row) : try startProcess([row])
        }
        for (place, call) in started.enumerated() {
            let outcome = finish(call)
            if isMap {
                delivery.fates[place] = outcome.fateOfRow
            } else {
                _ = outcome.takeFates(of: [place], into: &delivery)
            }
        }
        return delivery
    }

    /// Takes rows of a source until it ends or has given enough.
    ///
    /// - Parameter demands: how many rows are asked for at a time, used again and again.
    func take(_ count: Int, demands: [Int], beforeCall: (String) -> Void = { _ in }) -> Delivery {
        var delivery = Delivery()
        for index in 0... {
            let demand = min(
                count - delivery.stream.count, max(1, demands[index % demands.count]))
            guard demand > 0, index < count * 16 + 64 else {
                delivery.isComplete = false
                break
            }
            beforeCall("produce with a demand of \(demand)")
            let outcome = produce(demand: demand)
            // What a call emitted counts when it ends well.
            if outcome.status == PIPES_OK || outcome.status == PIPES_END {
                delivery.stream += outcome.emitted.map(\.withoutRow)
            }
            if outcome.status == PIPES_END {
                delivery.isComplete = !outcome.wasTold && !node.isStopping
                break
            }
            if outcome.wasTold || outcome.endsNode {
                delivery.isComplete = false
                break
            }
        }
        delivery.allocationCount = node.allocationCount
        return delivery
    }
}

extension Emitted {
    fileprivate var withoutRow: Emitted { Emitted(port: port, row: nil, value: value) }
}

extension OpenNode.Outcome {
    /// Nothing more is to be given to the node.
    var endsNode: Bool {
        wasTold || status == PIPES_FATAL || status == PIPES_CANCELLED
    }

    /// What became of the row of a map.
    fileprivate var fateOfRow: Delivery.Fate {
        switch Int(status) {
        case PIPES_OK, PIPES_LAST: .yielded(value.map { [$0] } ?? [])
        case PIPES_SKIP, PIPES_END: .yielded([])
        case PIPES_CANCELLED: .unknown
        default: .failed(status)
        }
    }

    /// - Parameter places: where the rows of this batch stand among all.
    /// - Returns: the batches that have to come again.
    fileprivate func takeFates(of places: [Int], into delivery: inout Delivery) -> [[Int]] {
        switch Int(status) {
        case PIPES_OK, PIPES_END: break
        case PIPES_RETRY:
            for place in places { delivery.fates[place] = .failed(status) }
            return [places]
        case PIPES_CANCELLED: return []
        default:
            for place in places { delivery.fates[place] = .failed(status) }
            return []
        }
        var again: [[Int]] = []
        for (row, place) in places.enumerated() {
            let status = settlements[row]?.status ?? pipes_status(PIPES_OK)
            switch Int(status) {
            case PIPES_OK:
                delivery.fates[place] = .yielded(
                    emitted.filter { $0.row == row }
                        .map { Emitted(port: $0.port, row: 0, value: $0.value) })
            case PIPES_SKIP: delivery.fates[place] = .yielded([])
            case PIPES_RETRY:
                delivery.fates[place] = .failed(status)
                again.append([place])
            default: delivery.fates[place] = .failed(status)
            }
        }
        delivery.stream += emitted.filter { $0.row == nil }
        return again
    }
}
