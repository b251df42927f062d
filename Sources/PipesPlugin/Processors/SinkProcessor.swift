public import CPipes

/// A processor without output: its rows go elsewhere.
///
/// ```swift
/// struct Say: SinkProcessor {
///     static let summary = "Prints each text."
///     func take(_ text: String) { print(text) }
/// }
/// ```
///
/// Write one `take`, with a parameter for each joined input or one `Row`, that returns nothing; it
/// may be plain or async. Rows come in order, one after the other. `EndOfInput` says that no
/// more are wanted.
public protocol SinkProcessor: RowProcessor {
    // Said again where the methods are: types are inferred from methods of the same protocol.
    associatedtype First
    associatedtype Second = Absent
    associatedtype Third = Absent
    associatedtype Fourth = Absent
    /// Nothing; inferred, as whether `take` and `flush` are async.
    associatedtype Taken
    associatedtype PlainTaken = Absent
    associatedtype Flushed = Absent
    associatedtype PlainFlushed = Absent

    mutating func take(_ first: First) throws -> PlainTaken
    mutating func take(_ first: First) async throws -> Taken
    mutating func take(_ first: First, _ second: Second) throws -> PlainTaken
    mutating func take(_ first: First, _ second: Second) async throws -> Taken
    mutating func take(_ first: First, _ second: Second, _ third: Third) throws -> PlainTaken
    mutating func take(_ first: First, _ second: Second, _ third: Third) async throws -> Taken
    mutating func take(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> PlainTaken
    mutating func take(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) async throws -> Taken

    /// Passes on what `take` has kept; runs after the last row that is there for now. Not needed
    /// where `take` keeps nothing. An error fails all the rows of the batch. `async` as well.
    mutating func flush() throws -> PlainFlushed
    mutating func flush() async throws -> Flushed

    /// How the package calls a plain `take`: not to be written, there is a version for each
    /// processor, compiled with it.
    mutating func takePlainly(_ row: UnsafeBufferPointer<pipes_value>) throws
}

extension SinkProcessor {
    @_disfavoredOverload
    public func flush<Result>() throws -> Result { throw MethodMissing() }

    @_disfavoredOverload
    public func take<Result>(_ first: First) throws -> Result { throw MethodMissing() }

    @_disfavoredOverload
    public func take<Result>(_ first: First, _ second: Second) throws -> Result {
        throw MethodMissing()
    }

    @_disfavoredOverload
    public func take<Result>(_ first: First, _ second: Second, _ third: Third) throws -> Result {
        throw MethodMissing()
    }

    @_disfavoredOverload
    public func take<Result>(
        _ first: First, _ second: Second, _ third: Third, _ fourth: Fourth
    ) throws -> Result { throw MethodMissing() }

    @inlinable
    public mutating func takePlainly(_ row: UnsafeBufferPointer<pipes_value>) throws {
        let nothing: PlainTaken
        switch Self.parameterCount {
        case 1: nothing = try take(First.read(row, at: 0))
        case 2: nothing = try take(First.read(row, at: 0), Second.read(row, at: 1))
        case 3:
            nothing = try take(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2))
        default:
            nothing = try take(
                First.read(row, at: 0), Second.read(row, at: 1), Third.read(row, at: 2),
                Fourth.read(row, at: 3))
        }
        _ = nothing
    }

    public static var blueprint: Blueprint {
        Blueprint(
            of: Self.self, shape: .process(.splits), inputs: inputTypes, output: nil,
            isAsync: PlainTaken.self == Absent.self || hasAsyncFlush,
            make: SinkInstance<Self>.init)
    }

    static var hasFlush: Bool { Flushed.self != Absent.self }
    private static var hasAsyncFlush: Bool { hasFlush && PlainFlushed.self == Absent.self }
}
