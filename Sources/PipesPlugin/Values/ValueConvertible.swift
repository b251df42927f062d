public import CPipes

/// A type that a row's value can be read as, that a result can be written from, or both.
public protocol ValueDescribed {
    /// The kind with which ports and params of this type are described.
    static var kind: Kind { get }
    /// The kind of an array of these: `LIST`, but for `UInt8`, whose arrays are `BYTES`.
    static var listKind: Kind { get }
}

/// A type that a value of a row can be read as.
///
/// String, Substring, Int, Double, Bool, [UInt8], arrays, dictionaries with String keys, optionals,
/// `Value`, `RawValue` and `TextView` are; a type of your own is, once it says how.
public protocol ValueReadable: ValueDescribed, InputReadable {
    /// Reads a borrowed value; what is kept has to be copied.
    ///
    /// - Throws: `ConversionError` where the value is of another kind or out of range; the row is
    ///   then rejected with that text.
    init(_ value: RawValue) throws

    /// Reads an array of these. There is a version for every type; a type whose arrays are not
    /// lists has its own.
    static func readList(_ value: RawValue) throws -> [Self]
}

/// A type whose values can be results.
public protocol ValueWritable: ValueDescribed {
    /// Writes this as a value whose text and items live in `memory`, and so as long as the batch.
    ///
    /// - Throws: `OutOfMemory` where the memory can't be had; the row is then tried again.
    func write(into memory: ResultMemory) throws -> RawValue

    /// Writes an array of these. There is a version for every type; a type whose arrays are not
    /// lists has its own.
    static func writeList(_ list: [Self], into memory: ResultMemory) throws -> RawValue
}

/// A type that can be input and output.
public typealias ValueConvertible = ValueReadable & ValueWritable

/// A parameter of a processor's method: a `ValueReadable`, or `Row` for all inputs at once.
public protocol InputReadable {
    /// The kind with which its port is described; nil: any number of inputs of any kind.
    static var inputKind: Kind? { get }
    /// Reads the input at `index` of a row.
    static func read(_ row: UnsafeBufferPointer<pipes_value>, at index: Int) throws -> Self
}

extension ValueDescribed {
    public static var listKind: Kind { .list }
}

extension ValueReadable {
    @inlinable public static var inputKind: Kind? { kind }

    @inlinable @inline(__always)
    public static func read(_ row: UnsafeBufferPointer<pipes_value>, at index: Int) throws -> Self {
        do {
            return try Self(RawValue(row[index]))
        } catch {
            throw named(error, index)
        }
    }

    /// The error with the input's number, where it is about its value.
    @usableFromInline
    static func named(_ error: any Error, _ index: Int) -> any Error {
        (error as? ConversionError)?.ofInput(index) ?? error
    }

    public static func readList(_ value: RawValue) throws -> [Self] {
        let items = try value.items
        var list: [Self] = []
        list.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            do {
                list.append(try Self(item))
            } catch let error as ConversionError {
                throw error.within("item \(index + 1)")
            }
        }
        return list
    }
}

extension ValueWritable {
    public static func writeList(_ list: [Self], into memory: ResultMemory) throws -> RawValue {
        let items = try memory.allocate(pipes_value.self, count: list.count)
        for (index, element) in list.enumerated() {
            items[index] = try element.write(into: memory).value
        }
        return RawValue(pipes_list(items, list.count))
    }
}

/// A value that can't be read as what a processor wants.
public struct ConversionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wanted and what came, such as `wanted STRING, got INT`.
    public let text: String
    /// Which input it came in by, from 0; nil for one that was read by the processor itself.
    var input: Int?

    public init(_ text: String) {
        self.text = text
    }

    public init(wanted: Kind, got: RawValue) {
        self.init("wanted \(wanted.name), got \(got.kindName)")
    }

    public var description: String { text }

    /// The same error, seen from the list or map that holds the value.
    func within(_ place: String) -> ConversionError {
        ConversionError("\(place): \(text)")
    }

    @usableFromInline
    func ofInput(_ index: Int) -> ConversionError {
        var error = self
        error.input = index
        return error
    }
}
