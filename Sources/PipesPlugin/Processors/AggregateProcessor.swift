public import CPipes

/// A processor that makes values of many rows: a count, a sum, lists of so many.
///
/// ```swift
/// struct Longest: AggregateProcessor {
///     static let summary = "The length of the longest text."
///     var length = 0
///     mutating func add(_ text: String) { length = max(length, text.count) }
///     func finish() -> [Int] { [length] }
/// }
/// ```
///
/// Write one `add`, with a parameter for each joined input or one `Row`, that returns nothing, and
/// one `finish`; each may be plain or async. Values that are ready before the end leave by `ready`.
public protocol AggregateProcessor: RowProcessor {
    // Said again where the methods are: types are inferred from methods of the same protocol.
    associatedtype First
    associatedtype Second = Absent
    associatedtype Third = Absent
    associatedtype Fourth = Absent
    associatedtype Output: ValueWritable
    /// `Output` where `finish` is not async; inferred.
    associatedtype PlainOutput: ValueWritable = Absent
    /// Nothing; inferred, as whether `add` is async.
    associatedtype Added
    associatedtype PlainAdded = Absent

    /// How many rows it may keep before a value leaves: all of them where it is not given.
    static var holds: Holds { get }

    mutating func add(_ first: First) throws -> PlainAdded
    mutating func add(_ first: First) async throws -> Added
    mutating func add(_ first: First, _ second: Second) throws -> PlainAdded
    mutating func add(_ first: First, _ second: Second) async throws -> Added
    mutating func add(_ first: First, _ second: Second, _ third: Third) throws -> PlainAdded
    mutating func add(_ first: First, _ second: Second, _ third: Third) async throws -> Added
    mutating func add(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> PlainAdded
    mutating func add(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) async throws -> Added

    /// Values that are ready to leave, asked for after each row; none where it is not given.
    mutating func ready() throws -> [Output]

    /// What is left when all rows are seen. `async` as well.
    mutating func finish() throws -> [PlainOutput]
    mutating func finish() async throws -> [Output]

    /// How the package calls a plain `add`: not to be written, there is a version for each
    /// processor, compiled with it.
    mutating func addPlainly(_ row: UnsafeBufferPointer<pipes_value>) throws
}

extension AggregateProcessor {
    public static var holds: Holds { .all }
    public mutating func ready() throws -> [Output] { [] }

    @_disfavoredOverload
    public func finish<Result: ValueWritable>() throws -> [Result] { throw MethodMissing() }

    @_disfavoredOverload
    public func add<Result>(_ first: First) throws -> Result { throw MethodMissing() }

    @_disfavoredOverload
    public func add<Result>(_ first: First, _ second: Second) throws -> Result {
        throw MethodMissing()
    }

    @_disfavoredOverload
    public func add<Result>(_ first: First, _ second: Second, _ third: Third) throws -> Result {
        throw MethodMissing()
    }

    @_disfavoredOverload
    public func add<Result>(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> Result { throw MethodMissing() }

    @inlinable
    public mutating func addPlainly(_ row: UnsafeBufferPointer<pipes_value>) throws {
        let nothing: PlainAdded
        switch Self.parameterCount {
        case 1: nothing = try add(First.read(row, at: 0))
        case 2: nothing = try add(First.read(row, at: 0), Second.read(row, at: 1))
        case 3:
            nothing = try add(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2))
        default:
            nothing = try add(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2),
                Fourth.read(row, at: 3))
        }
        _ = nothing
    }

    public static var blueprint: Blueprint {
        Blueprint(
            of: Self.self, shape: .process(.aggregates), inputs: inputTypes, output: Output.self,
            isAsync: PlainAdded.self == Absent.self || PlainOutput.self == Absent.self,
            holds: holds, make: AggregateInstance<Self>.init)
    }
}
