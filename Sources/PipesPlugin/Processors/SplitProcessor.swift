public import CPipes

/// A processor that makes any number of values of each row: none, one or many.
///
/// ```swift
/// struct Words: SplitProcessor {
///     static let summary = "The words of a text."
///     func split(_ text: String) -> [Substring] { text.split(separator: " ") }
/// }
/// ```
///
/// Write one `split`, as one writes the `map` of a `MapProcessor`; it returns a sequence. A row
/// whose sequence is empty counts as skipped.
public protocol SplitProcessor: RowProcessor, Sendable {
    // Said again where the methods are: types are inferred from methods of the same protocol.
    associatedtype First
    associatedtype Second = Absent
    associatedtype Third = Absent
    associatedtype Fourth = Absent
    associatedtype Parts: Sequence where Parts.Element: ValueWritable
    /// `Parts` where `split` is not async; inferred.
    associatedtype PlainParts: Sequence = Absent where PlainParts.Element: ValueWritable
    /// `Parts` where `split` is not mutating; inferred.
    associatedtype SharedParts: Sequence = Absent where SharedParts.Element: ValueWritable

    mutating func split(_ first: First) throws -> PlainParts
    mutating func split(_ first: First) async throws -> Parts
    func split(_ first: First) async throws -> SharedParts
    mutating func split(_ first: First, _ second: Second) throws -> PlainParts
    mutating func split(_ first: First, _ second: Second) async throws -> Parts
    func split(_ first: First, _ second: Second) async throws -> SharedParts
    mutating func split(_ first: First, _ second: Second, _ third: Third) throws -> PlainParts
    mutating func split(_ first: First, _ second: Second, _ third: Third) async throws -> Parts
    func split(_ first: First, _ second: Second, _ third: Third) async throws -> SharedParts
    mutating func split(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> PlainParts
    mutating func split(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) async throws -> Parts
    func split(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) async throws -> SharedParts

    /// How the package calls a plain `split`: not to be written, there is a version for each
    /// processor, compiled with it.
    mutating func splitPlainly(
        _ row: UnsafeBufferPointer<pipes_value>, into memory: ResultMemory
    ) throws -> [pipes_value]
}

extension SplitProcessor {
    @_disfavoredOverload
    public func split<Result: Sequence>(
        _ first: First
    ) throws -> Result where Result.Element: ValueWritable { throw MethodMissing() }

    @_disfavoredOverload
    public func split<Result: Sequence>(
        _ first: First, _ second: Second
    ) throws -> Result where Result.Element: ValueWritable { throw MethodMissing() }

    @_disfavoredOverload
    public func split<Result: Sequence>(
        _ first: First, _ second: Second, _ third: Third
    ) throws -> Result where Result.Element: ValueWritable { throw MethodMissing() }

    @_disfavoredOverload
    public func split<Result: Sequence>(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> Result where Result.Element: ValueWritable { throw MethodMissing() }

    @inlinable
    public mutating func splitPlainly(
        _ row: UnsafeBufferPointer<pipes_value>, into memory: ResultMemory
    ) throws -> [pipes_value] {
        let parts: PlainParts
        switch Self.parameterCount {
        case 1: parts = try split(First.read(row, at: 0))
        case 2: parts = try split(First.read(row, at: 0), Second.read(row, at: 1))
        case 3:
            parts = try split(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2))
        default:
            parts = try split(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2),
                Fourth.read(row, at: 3))
        }
        return try parts.map { try $0.write(into: memory).value }
    }

    public static var blueprint: Blueprint {
        Blueprint(
            of: Self.self, shape: .process(.splits), inputs: inputTypes, output: Parts.Element.self,
            isAsync: PlainParts.self == Absent.self,
            isShared: SharedParts.self != Absent.self, make: SplitInstance<Self>.init)
    }
}
