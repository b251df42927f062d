internal import CPipes
internal import PipesCore
internal import PipesRuntime

/// Takes the rows of a sink and keeps them.
final class RecordingSink: Processor {
    private let node: String
    private let record: RowRecord

    init(node: String, _ record: RowRecord) {
        self.node = node
        self.record = record
    }

    func open() throws(OpenFailure) {}

    func map(
        _ call: Call, rows: UnsafePointer<pipes_value>, count: Int, width: Int,
        results: UnsafeMutablePointer<pipes_value>, ports: UnsafeMutablePointer<UInt32>?
    ) -> (done: Int, answer: Answer) {
        record.add(
            (0..<count).map { Value(row: rows + $0 * width, width: width) }, to: .input(node))
        return (count, .ok)
    }

    /// What stands in for the sink: it takes the same rows.
    static func description(for sink: ProcessorDescription) -> ProcessorDescription {
        var description = sink
        description.shape = .map
        description.rate = .keeps
        description.flags = [.nonblocking, .sink]
        description.holds = .none
        return description
    }
}

/// The rows that were seen, by where. Any thread.
final class RowRecord: Sendable {
    enum Spot: Hashable, Sendable {
        case input(String)
        case output(String, Int)
    }

    private let rows: Locked<[Spot: [Value]]>

    init() {
        rows = Locked([:])
    }

    func add(_ values: [Value], to spot: Spot) {
        rows.withLock { $0[spot, default: []] += values }
    }

    func add(_ batch: Batch, to spot: Spot) {
        guard let storage = batch.rows, batch.itemCount > 0 else { return }
        let items = batch.slots.filter { batch.settlement($0) == .item }
        add(
            items.map { Value(row: storage.values + $0 * storage.width, width: storage.width) },
            to: spot)
    }

    subscript(spot: Spot) -> [Value] { rows.withLock { $0[spot] ?? [] } }
}

extension Batch {
    /// A copy of the values of each row.
    var rowValues: [[Value]] {
        guard let storage = rows, itemCount > 0 else { return [] }
        return slots.filter { settlement($0) == .item }.map { slot in
            (0..<storage.width).map { Value(copying: storage.values[slot * storage.width + $0]) }
        }
    }
}

extension Value {
    /// A row as tests write it: its value, or the list of them where it was joined.
    init(row: UnsafePointer<pipes_value>, width: Int) {
        self =
            width == 1
            ? Value(copying: row[0]) : .list((0..<width).map { Value(copying: row[$0]) })
    }
}
