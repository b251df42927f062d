public import CPipes

/// All inputs of a row at once: the parameter of a processor that joins any number of inputs, of
/// any kind.
///
/// Borrowed as a `RawValue` is.
public struct Row: RandomAccessCollection, @unchecked Sendable {  // what it points to is constant
    @usableFromInline let values: UnsafeBufferPointer<pipes_value>

    @inlinable
    init(_ values: UnsafeBufferPointer<pipes_value>) {
        self.values = values
    }

    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { values.count }
    @inlinable public subscript(index: Int) -> RawValue { RawValue(values[index]) }

    /// The input at `index`, from 0, as a type of Swift.
    ///
    /// - Throws: `ConversionError` that names the input, also where there is none at `index`.
    @inlinable
    public func read<T: ValueReadable>(_ index: Int, as type: T.Type = T.self) throws -> T {
        guard values.indices.contains(index) else {
            throw ConversionError("there is no input \(index + 1), only \(values.count)")
        }
        return try T.read(values, at: index)
    }
}

extension Row: InputReadable {
    @inlinable public static var inputKind: Kind? { nil }

    @inlinable
    public static func read(_ row: UnsafeBufferPointer<pipes_value>, at index: Int) -> Row {
        Row(row)
    }
}

/// Stands for what a processor does not have: a second input, a method that never waits. There is
/// no value of it.
public enum Absent: ValueReadable, ValueWritable, Sequence, IteratorProtocol, Sendable {
    public static var kind: Kind { .null }
    public init(_ value: RawValue) throws { throw ConversionError("nothing can be absent") }
    public func write(into memory: ResultMemory) -> RawValue { .null }
    public mutating func next() -> Absent? { nil }
}
