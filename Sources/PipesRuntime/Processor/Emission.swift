public import CPipes

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
public struct Emission {
    struct Port {
        var values: [pipes_value] = []
        /// The origin of each value; empty while all came from no row.
        var rows: [Int] = []
        var isInOrder = true
    }

    static let noRow = -1

    private(set) var ports: [Port]
    /// Values of all ports.
    public private(set) var count = 0

    init(outputs: Int) {
        ports = Array(repeating: Port(), count: outputs)
    }

    public func count(port: Int) -> Int { ports[port].values.count }

    /// Rows emitted by the fullest port: what a source's demand limits.
    public var rowCount: Int { ports.lazy.map(\.values.count).max() ?? 0 }

    /// - Parameters:
    ///   - port: below the number of outputs.
    ///   - row: below the call's row count; nil where it comes from several or none.
    public mutating func append(_ value: pipes_value, port: Int, row: Int?) {
        let row = row ?? Emission.noRow
        if let last = ports[port].rows.last, last > row { ports[port].isInOrder = false }
        ports[port].rows.append(row)
        ports[port].values.append(value)
        count += 1
    }

    mutating func reset() {
        guard count > 0 else { return }
        for port in ports.indices {
            ports[port].values.removeAll(keepingCapacity: true)
            ports[port].rows.removeAll(keepingCapacity: true)
            ports[port].isInOrder = true
        }
        count = 0
    }

    /// Moves the values of one port out, ordered by row; values of one row keep their order.
    mutating func takeOrdered(_ port: Int) -> (values: [pipes_value], rows: [Int]) {
        let taken = ports[port]
        if taken.isInOrder { return (taken.values, taken.rows) }
        let order = taken.rows.indices.sorted {
            (taken.rows[$0], $0) < (taken.rows[$1], $1)
        }
        return (order.map { taken.values[$0] }, order.map { taken.rows[$0] })
    }
}
