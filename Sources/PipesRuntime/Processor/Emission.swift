public import CPipes
import PipesCore

/// A `pipes_value` on its way between threads.
///
/// `@unchecked Sendable`: a copy of 24 bytes; what it points at is immutable by then.
public struct PlainValue: @unchecked Sendable {
    public var value: pipes_value

    public init(_ value: pipes_value) {
        self.value = value
    }
}

/// The values that a call emits, by output port, each with the row it comes from.
///
/// `@unchecked Sendable`: as the call it belongs to, it is one thread's at a time. Plain memory, not
/// arrays: this is written to for every row that a source yields.
public final class Emission: @unchecked Sendable {
    private struct Port {
        var values: UnsafeMutablePointer<pipes_value>
        /// The origin of each value.
        var rows: UnsafeMutablePointer<Int>
        var count = 0
        var capacity: Int
        var isInOrder = true

        init(capacity: Int) {
            self.capacity = capacity
            values = .allocate(capacity: max(1, capacity))
            rows = .allocate(capacity: max(1, capacity))
        }

        mutating func grow() {
            var larger = Port(capacity: max(16, capacity * 2))
            larger.values.update(from: values, count: count)
            larger.rows.update(from: rows, count: count)
            larger.count = count
            larger.isInOrder = isInOrder
            values.deallocate()
            rows.deallocate()
            self = larger
        }
    }

    /// Values that came from several rows, or from none.
    static let noRow = -1

    private let ports: UnsafeMutablePointer<Port>
    private let portCount: Int

    init(outputs: Int) {
        portCount = outputs
        ports = .allocate(capacity: max(1, outputs))
        for port in 0..<outputs { (ports + port).initialize(to: Port(capacity: 0)) }
    }

    deinit {
        for port in 0..<portCount {
            ports[port].values.deallocate()
            ports[port].rows.deallocate()
        }
        ports.deallocate()
    }

    /// Values of all ports.
    public var count: Int { (0..<portCount).reduce(0) { $0 + ports[$1].count } }

    public func count(port: Int) -> Int { ports[port].count }

    /// Rows emitted by the fullest port: what a source's demand limits.
    public var rowCount: Int { (0..<portCount).reduce(0) { max($0, ports[$1].count) } }

    /// - Parameters:
    ///   - value: what it refers to must live as long as the batch.
    ///   - port: below the number of outputs.
    ///   - row: below the call's row count; nil where it comes from several or none.
    public func append(_ value: pipes_value, port: Int, row: Int?) {
        let row = row ?? Emission.noRow
        let target = ports + port
        let index = target.pointee.count
        if index == target.pointee.capacity { target.pointee.grow() }
        if index > 0, target.pointee.rows[index - 1] > row { target.pointee.isInOrder = false }
        target.pointee.rows[index] = row
        target.pointee.values[index] = value
        target.pointee.count = index + 1
    }

    func reset() {
        for port in 0..<portCount {
            ports[port].count = 0
            ports[port].isInOrder = true
        }
    }

    /// The values of one port, ordered by row; values of one row keep their order.
    func ordered(_ port: Int) -> [(row: Int, value: pipes_value)] {
        let source = ports[port]
        var ordered = (0..<source.count).map { (row: source.rows[$0], value: source.values[$0]) }
        // Swift's sort is stable.
        if !source.isInOrder { ordered.sort { $0.row < $1.row } }
        return ordered
    }

    /// Moves the values of one port out, in the order they were emitted in.
    func takeValues(_ port: Int) -> RowStorage? {
        let source = ports[port]
        guard source.count > 0 else { return nil }
        // The next call will yield about as much.
        ports[port].values = .allocate(capacity: max(1, source.capacity))
        ports[port].count = 0
        ports[port].isInOrder = true
        return RowStorage(taking: source.values, capacity: source.count)
    }
}
