public import CPipes

/// A value of a row as the host holds it, read without a copy.
///
/// Borrowed: what it refers to is valid until the method that was given it returns (for an async
/// method, after its last await). It may be returned as a result or a part of one: the host keeps
/// the inputs of a row as long as its result.
public struct RawValue: @unchecked Sendable {  // what it points to does not change
    public var value: pipes_value

    @inlinable
    public init(_ value: pipes_value) {
        self.value = value
    }

    public static var null: RawValue { RawValue(pipes_null()) }

    /// Nil for a number that is no kind of this ABI.
    @inlinable public var kind: Kind? { Kind(rawValue: value.kind) }

    /// The kind as messages name it.
    public var kindName: String { kind?.name ?? "a value of unknown kind \(value.kind)" }

    @inlinable public var isNull: Bool { value.kind == Kind.null.rawValue }

    @inlinable
    public var bool: Bool {
        get throws {
            try require(.bool)
            return value.integer != 0
        }
    }

    @inlinable
    public var integer: Int {
        get throws {
            try require(.int)
            return Int(value.integer)
        }
    }

    /// A FLOAT, or an INT as one: a number without a fraction arrives as an INT.
    @inlinable
    public var real: Double {
        get throws {
            if value.kind == Kind.int.rawValue { return Double(value.integer) }
            try require(.float)
            return value.real
        }
    }

    /// The UTF-8 of a STRING.
    @inlinable
    public var text: TextView {
        get throws {
            try require(.string)
            return TextView(try elements(value.text))
        }
    }

    @inlinable
    public var bytes: UnsafeRawBufferPointer {
        get throws {
            try require(.bytes)
            return UnsafeRawBufferPointer(try elements(value.bytes))
        }
    }

    /// The items of a LIST.
    @inlinable
    public var items: Items {
        get throws {
            try require(.list)
            return Items(try elements(value.items))
        }
    }

    /// The keys and values of a MAP, one after the other: key, value, key, value.
    @inlinable
    public var keysAndValues: Items {
        get throws {
            try require(.map)
            return Items(try elements(value.items, perUnit: 2))
        }
    }

    /// The items of a list, or the keys and values of a map, in their order.
    public struct Items: RandomAccessCollection, @unchecked Sendable {
        @usableFromInline let values: UnsafeBufferPointer<pipes_value>

        @inlinable
        init(_ values: UnsafeBufferPointer<pipes_value>) {
            self.values = values
        }

        @inlinable public var startIndex: Int { 0 }
        @inlinable public var endIndex: Int { values.count }
        @inlinable public subscript(index: Int) -> RawValue { RawValue(values[index]) }
    }

    @inlinable
    func require(_ wanted: Kind) throws {
        if value.kind != wanted.rawValue { throw ConversionError(wanted: wanted, got: self) }
    }

    /// `size` comes from whoever made the value, perhaps a broken plugin: it is checked before a
    /// buffer is made of it.
    @inlinable
    func elements<T>(
        _ base: UnsafePointer<T>?, perUnit: UInt64 = 1
    ) throws -> UnsafeBufferPointer<T> {
        let (count, overflow) = value.size.multipliedReportingOverflow(by: perUnit)
        guard !overflow, count <= Int.max / MemoryLayout<T>.stride, base != nil || count == 0 else {
            throw ConversionError("a \(kindName) of impossible size \(value.size)")
        }
        return UnsafeBufferPointer(start: base, count: Int(count))
    }
}

extension RawValue: ValueReadable, ValueWritable {
    public static var kind: Kind { .any }

    @inlinable
    public init(_ value: RawValue) {
        self = value
    }

    @inlinable
    public func write(into memory: ResultMemory) -> RawValue { self }
}
