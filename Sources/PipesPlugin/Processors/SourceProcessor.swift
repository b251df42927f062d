/// A processor without input: its rows come from elsewhere.
///
/// ```swift
/// struct Countdown: SourceProcessor {
///     static let summary = "Counts down to zero."
///     @Arg("Where to start.") var from = 10
///     var passed = 0
///     mutating func next() -> Int? {
///         defer { passed += 1 }
///         return passed <= from ? from - passed : nil
///     }
/// }
/// ```
///
/// A plain `next` is asked again until enough rows are there, or for a millisecond; an async one
/// yields each row as it comes, so prefer it for rows that keep one waiting.
public protocol SourceProcessor: Processor {
    associatedtype Output: ValueWritable
    /// `Output` where `next` is not async; inferred.
    associatedtype PlainOutput: ValueWritable = Absent

    /// The next row; nil when there are no more. `async` as well.
    ///
    /// - Throws: A `RetryableError` to be asked again under the retry policy; any other error stops
    ///   the graph. Rows yielded before it are not lost.
    mutating func next() throws -> PlainOutput?
    mutating func next() async throws -> Output?

    /// How the package calls a plain `next`: not to be written, there is a version for each
    /// processor, compiled with it.
    ///
    /// - Parameters:
    ///   - memory: what the row is written into.
    ///   - unwritten: a row that there was no memory for; it comes before the next one.
    mutating func nextPlainly(
        into memory: ResultMemory, unwritten: inout PlainOutput?
    ) throws -> RawValue?
}

extension SourceProcessor {
    @_disfavoredOverload
    public func next<Result: ValueWritable>() throws -> Result? { throw MethodMissing() }

    @inlinable
    public mutating func nextPlainly(
        into memory: ResultMemory, unwritten: inout PlainOutput?
    ) throws -> RawValue? {
        let row: PlainOutput? = try unwritten ?? next()
        do {
            let value = try row?.write(into: memory)
            unwritten = nil
            return value
        } catch let error as OutOfMemory {
            unwritten = row
            throw error
        }
    }

    public static var blueprint: Blueprint {
        Blueprint(
            of: Self.self, shape: .produce, inputs: [], output: Output.self,
            isAsync: PlainOutput.self == Absent.self, make: SourceInstance<Self>.init)
    }
}
