public import CPipes

/// A processor that makes at most one value of each row.
///
/// ```swift
/// struct Shout: MapProcessor {
///     static let summary = "Repeats a text in upper case."
///     @Arg("How many times.") var times = 1
///     func map(_ text: String) async throws -> String {
///         String(repeating: text.uppercased(), count: times)
///     }
/// }
/// ```
///
/// Write one `map`, with a parameter for each joined input, up to four, or with one `Row` for any
/// number of them. It may be plain or async, mutating or not, throwing or not:
///
/// - A plain one runs where the row is and is the fastest.
/// - An async one is a deferred call in a task of its own, cancelled when the host cancels the
///   call. Up to the node's `concurrency` are open at once; a mutating one sees them one after
///   the other, in the order of their rows.
///
/// A thrown error rejects the row with its text; see `RetryableError`, `Skip`, `EndOfInput` and
/// `Fatal` for the other outcomes. A nil result is a row of NULL, not a skipped one.
public protocol MapProcessor: RowProcessor, Sendable {
    // Said again where the methods are: types are inferred from methods of the same protocol.
    associatedtype First
    associatedtype Second = Absent
    associatedtype Third = Absent
    associatedtype Fourth = Absent
    associatedtype Output: ValueWritable
    /// `Output` where `map` is not async; inferred.
    associatedtype PlainOutput: ValueWritable = Absent
    /// `Output` where `map` is not mutating; inferred.
    associatedtype SharedOutput: ValueWritable = Absent

    mutating func map(_ first: First) throws -> PlainOutput
    mutating func map(_ first: First) async throws -> Output
    func map(_ first: First) async throws -> SharedOutput
    mutating func map(_ first: First, _ second: Second) throws -> PlainOutput
    mutating func map(_ first: First, _ second: Second) async throws -> Output
    func map(_ first: First, _ second: Second) async throws -> SharedOutput
    mutating func map(_ first: First, _ second: Second, _ third: Third) throws -> PlainOutput
    mutating func map(_ first: First, _ second: Second, _ third: Third) async throws -> Output
    func map(_ first: First, _ second: Second, _ third: Third) async throws -> SharedOutput
    mutating func map(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> PlainOutput
    mutating func map(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) async throws -> Output
    func map(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) async throws -> SharedOutput

    /// How the package calls a plain `map`: not to be written, there is a version for each
    /// processor, compiled with it.
    ///
    /// It gets the processor by its place, so that a `map` that is not mutating reads it there:
    /// several calls may, at once.
    static func plainMap(of processor: UnsafeMutablePointer<Self>) -> PlainMap
}

/// The whole way of a row through a plain `map`: a call, its row, and where the result goes.
public typealias PlainMap = (
    UnsafeMutablePointer<pipes_call>, UnsafePointer<pipes_value>, UnsafeMutablePointer<pipes_value>
) throws -> Void

extension MapProcessor {
    @_disfavoredOverload
    public func map<Result: ValueWritable>(_ first: First) throws -> Result {
        throw MethodMissing()
    }

    @_disfavoredOverload
    public func map<Result: ValueWritable>(_ first: First, _ second: Second) throws -> Result {
        throw MethodMissing()
    }

    @_disfavoredOverload
    public func map<Result: ValueWritable>(
        _ first: First, _ second: Second, _ third: Third
    ) throws -> Result { throw MethodMissing() }

    @_disfavoredOverload
    public func map<Result: ValueWritable>(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> Result { throw MethodMissing() }

    @inlinable
    public static func plainMap(of processor: UnsafeMutablePointer<Self>) -> PlainMap {
        { call, row, result in
            let row = try checkedRow(row, width: call.pointee.width, wanted: width)
            result.pointee = try mapPlainly(processor, row).write(into: ResultMemory(call)).value
        }
    }

    @inlinable @inline(__always)
    static func mapPlainly(
        _ processor: UnsafeMutablePointer<Self>, _ row: UnsafeBufferPointer<pipes_value>
    ) throws -> PlainOutput {
        switch parameterCount {
        case 1: try processor.pointee.map(First.read(row, at: 0))
        case 2: try processor.pointee.map(First.read(row, at: 0), Second.read(row, at: 1))
        case 3:
            try processor.pointee.map(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2))
        default:
            try processor.pointee.map(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2),
                Fourth.read(row, at: 3))
        }
    }

    public static var blueprint: Blueprint {
        Blueprint(
            of: Self.self, shape: .map, inputs: inputTypes, output: Output.self,
            isAsync: PlainOutput.self == Absent.self,
            isShared: SharedOutput.self != Absent.self, make: MapInstance<Self>.init)
    }
}
