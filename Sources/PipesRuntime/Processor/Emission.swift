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

/// The values that leave by one port in a call, each with the row it comes from.
///
/// Plain memory, not arrays, and open to whoever implements a processor: a source writes here for
/// every row it yields.
public struct EmittedValues {
    @usableFromInline var values: UnsafeMutablePointer<pipes_value>
    /// The origin of each value.
    @usableFromInline var rows: UnsafeMutablePointer<Int>
    /// Only ever set here; public so that what appends can be inlined.
    public var count = 0
    /// How many values there is room for.
    public private(set) var capacity: Int
    /// Whether each value is known to be of the port's own kind.
    var areOfOwnKind = true

    init(capacity: Int) {
        self.capacity = capacity
        values = ValueMemory.take(capacity)
        rows = .allocate(capacity: max(1, capacity))
    }

    /// Appends a value that was made sure to be of the port's own kind. There must be room for it.
    /// - Parameters:
    ///   - value: what leaves by the port; its memory is the call's to keep.
    ///   - row: below the call's row count, or `Emission.noRow`.
    @inlinable @inline(__always)
    public mutating func append(ofOwnKind value: pipes_value, row: Int) {
        rows[count] = row
        values[count] = value
        count &+= 1
    }

    mutating func grow() {
        let larger = max(16, capacity * 2)
        let former = self
        values = ValueMemory.take(larger)
        rows = .allocate(capacity: larger)
        capacity = larger
        values.update(from: former.values, count: count)
        rows.update(from: former.rows, count: count)
        former.deallocate()
    }

    var isInOrder: Bool {
        for index in 1..<max(1, count) where rows[index - 1] > rows[index] { return false }
        return true
    }

    mutating func reset() {
        count = 0
        areOfOwnKind = true
    }

    func deallocate() {
        ValueMemory.giveBack(values, count: capacity)
        rows.deallocate()
    }
}

/// The values that a call emits, by output port.
///
/// `@unchecked Sendable`: as the call it belongs to, it is one thread's at a time.
public final class Emission: @unchecked Sendable {
    /// Values that came from several rows, or from none.
    public static let noRow = -1

    private let ports: UnsafeMutablePointer<EmittedValues>
    private let portCount: Int

    init(outputs: Int) {
        portCount = outputs
        ports = .allocate(capacity: max(1, outputs))
        for port in 0..<max(1, outputs) {
            (ports + port).initialize(to: EmittedValues(capacity: 0))
        }
    }

    deinit {
        for port in 0..<max(1, portCount) { ports[port].deallocate() }
        ports.deallocate()
    }

    /// The first port's values. Valid as long as this; there where there are no outputs, too.
    public var first: UnsafeMutablePointer<EmittedValues> { ports }

    /// Values of all ports.
    public var count: Int { (0..<portCount).reduce(0) { $0 + ports[$1].count } }

    public func count(port: Int) -> Int { ports[port].count }

    /// Rows emitted by the fullest port: what a source's demand limits.
    public var rowCount: Int { (0..<portCount).reduce(0) { max($0, ports[$1].count) } }

    /// - Parameters:
    ///   - value: what it refers to must live as long as the batch.
    ///   - port: below the number of outputs.
    ///   - row: below the call's row count; nil where it comes from several or none.
    ///   - isOfOwnKind: whether the value is of the kind that the port is declared to yield.
    public func append(_ value: pipes_value, port: Int, row: Int?, isOfOwnKind: Bool = false) {
        if ports[port].count == ports[port].capacity { ports[port].grow() }
        ports[port].append(ofOwnKind: value, row: row ?? Emission.noRow)
        if !isOfOwnKind { ports[port].areOfOwnKind = false }
    }

    func reset() {
        for port in 0..<portCount { ports[port].reset() }
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
    /// - Parameter kind: the port's own.
    func takeValues(_ port: Int, kind: Kind = .any) -> (rows: RowStorage, count: Int)? {
        let source = ports[port]
        guard source.count > 0 else { return nil }
        // The next call will yield about as much.
        ports[port].values = ValueMemory.take(source.capacity)
        ports[port].reset()
        let storage = RowStorage(taking: source.values, capacity: source.capacity)
        if source.areOfOwnKind, kind != .any { storage.knownKind = kind }
        return (storage, source.count)
    }
}
