internal import CPipes

/// A param of a processor, declared once: its name is the property's, its kind the property's
/// type, its default the property's initial value.
///
/// ```swift
/// @Arg("How many times.") var times = 1
/// @Arg("What to look for.") var pattern: String           // required
/// @Arg("Stops after so many.", range: 1...) var limit: Int?  // may be left out
/// @Arg("The form.", choices: ["text", "json"]) var form = "text"
/// ```
///
/// The args are there from `open` on; in `init` a required one reads as zero or empty.
@propertyWrapper
public struct Arg<Value: ArgConvertible> {
    private let storage: Storage
    private let param: Param

    public init(wrappedValue: Value, _ help: String = "", choices: [Value]? = nil) {
        self.init(wrappedValue, fallback: wrappedValue.json, help, choices: choices)
    }

    public init(_ help: String = "", choices: [Value]? = nil) {
        self.init(
            Value.placeholder, fallback: Value.implicitFallback, help, choices: choices)
    }

    public init(wrappedValue: Value, _ help: String = "", range: some ArgRange<Value>)
    where Value: NumberArg {
        self.init(
            wrappedValue, fallback: wrappedValue.json, help, minimum: range.minimum?.json,
            maximum: range.maximum?.json)
    }

    public init(_ help: String = "", range: some ArgRange<Value>) where Value: NumberArg {
        self.init(
            Value.placeholder, fallback: nil, help, minimum: range.minimum?.json,
            maximum: range.maximum?.json)
    }

    public init<Number: NumberArg>(
        wrappedValue: Value = nil, _ help: String = "", range: some ArgRange<Number>
    ) where Value == Number? {
        self.init(
            wrappedValue, fallback: wrappedValue.json, help, minimum: range.minimum?.json,
            maximum: range.maximum?.json)
    }

    private init(
        _ value: Value, fallback: String?, _ help: String, choices: [Value]? = nil,
        minimum: String? = nil, maximum: String? = nil
    ) {
        storage = Storage(value)
        param = Param(
            kind: Value.paramKind, help: help, fallback: fallback,
            choices: (choices ?? Value.allowedValues).map { Value.json($0) }, minimum: minimum,
            maximum: maximum)
    }

    public var wrappedValue: Value {
        get { storage.value }
        nonmutating set { storage.value = newValue }
    }

    /// Shared by the copies of a processor, so that the args that `open` finds by reflection,
    /// which sees a copy, are those of the processor itself.
    private final class Storage {
        var value: Value
        init(_ value: Value) { self.value = value }
    }
}

/// Args are set before the processor is opened, while nobody else has it, and read from then on.
extension Arg: @unchecked Sendable where Value: Sendable {}

/// Where a number may lie: `1...10`, `1...` or `...10`.
public protocol ArgRange<Bound> {
    associatedtype Bound
    var minimum: Bound? { get }
    var maximum: Bound? { get }
}

extension ClosedRange: ArgRange {
    public var minimum: Bound? { lowerBound }
    public var maximum: Bound? { upperBound }
}

extension PartialRangeFrom: ArgRange {
    public var minimum: Bound? { lowerBound }
    public var maximum: Bound? { nil }
}

extension PartialRangeThrough: ArgRange {
    public var minimum: Bound? { nil }
    public var maximum: Bound? { upperBound }
}

/// A param as its processor describes it; all but the kind as the JSON text of pipes.h.
struct Param: Sendable {
    var name = ""
    var kind: Kind
    var help: String
    var fallback: String?
    var choices: String?
    var minimum: String?
    var maximum: String?
}

/// What reflection finds behind a property marked `@Arg`.
private protocol AnyArg {
    func describe() -> Param
    func set(_ value: RawValue) throws
}

extension Arg: AnyArg {
    fileprivate func describe() -> Param { param }
    fileprivate func set(_ value: RawValue) throws { storage.value = try Value(value) }
}

/// The args of a processor in the order of their properties, which is that of its params.
struct ArgList {
    private var args: [(name: String, arg: any AnyArg)] = []

    init(of processor: some Processor) {
        for child in Mirror(reflecting: processor).children {
            // The property wrapper's storage is named after the property, behind an underscore.
            guard let arg = child.value as? any AnyArg, let label = child.label else { continue }
            args.append((label.hasPrefix("_") ? String(label.dropFirst()) : label, arg))
        }
    }

    var params: [Param] {
        args.map { name, arg in
            var param = arg.describe()
            param.name = name
            return param
        }
    }

    /// - Throws: `ConversionError` that names the arg.
    func set(_ values: UnsafeBufferPointer<pipes_value>) throws {
        guard values.count == args.count else {
            throw ConversionError("wanted \(args.count) args, got \(values.count)")
        }
        for ((name, arg), value) in zip(args, values) {
            do {
                try arg.set(RawValue(value))
            } catch let error as ConversionError {
                throw error.within("arg '\(name)'")
            }
        }
    }
}
