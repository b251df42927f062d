/// What every processor declares, whatever its shape. Conform to `SourceProcessor`,
/// `MapProcessor`, `SplitProcessor`, `AggregateProcessor` or `SinkProcessor`, never to this alone.
///
/// A node has one value of the type, from before `open` until after `close`. Calls may come on
/// different threads, but none while another is running, unless the processor is `concurrent`.
public protocol Processor: SendableMetatype {
    /// One sentence for the lists of processors.
    static var summary: String { get }
    /// The part of `coro` behind the dot; the type's name with a small first letter where it is not
    /// given.
    static var name: String { get }
    /// What the inputs are called in descriptions and messages, in the order of the method's
    /// parameters; names after their kinds where it is not given.
    static var inputNames: [String] { get }
    /// What the output is called; a name after its kind where it is not given.
    static var outputName: String? { get }

    /// One node may be inside several calls at once, so that its rows can use all cores. Holds for
    /// methods that are not mutating; others stay one by one, whatever is declared.
    static var concurrent: Bool { get }
    /// Never waits and never takes long, so it may run on the scheduler's own threads and share a
    /// stage with its neighbours. An async method always is; its awaiting happens elsewhere.
    static var nonblocking: Bool { get }
    /// The same input gives the same output, with no state and no side effects.
    static var pure: Bool { get }

    /// A processor whose args are not there yet.
    init()

    /// Runs once, before the first source of the graph produces, with the args in place. Any error
    /// ends the run before it has begun, with its text.
    mutating func open() throws
    /// The same for a processor that wants to know its node; calls `open()` where it is not given.
    mutating func open(_ node: Node) throws
    /// Runs once after the last call, for each `open` that did not throw.
    mutating func close()

    /// How the package describes and makes it. There is a version for every shape.
    static var blueprint: Blueprint { get }
}

extension Processor {
    public static var name: String {
        let typeName = String(describing: Self.self)
        return typeName.prefix(1).lowercased() + typeName.dropFirst()
    }

    public static var inputNames: [String] { [] }
    public static var outputName: String? { nil }
    public static var concurrent: Bool { false }
    public static var nonblocking: Bool { false }
    public static var pure: Bool { false }

    public mutating func open() throws {}
    public mutating func open(_ node: Node) throws { try open() }
    public mutating func close() {}
}

/// A processor that takes rows: each parameter of its method is an input that the row joins.
public protocol RowProcessor: Processor {
    associatedtype First: InputReadable
    associatedtype Second: ValueReadable = Absent
    associatedtype Third: ValueReadable = Absent
    associatedtype Fourth: ValueReadable = Absent
}

extension RowProcessor {
    /// The types of the method's parameters.
    static var inputTypes: [any InputReadable.Type] {
        let types: [any InputReadable.Type] = [First.self, Second.self, Third.self, Fourth.self]
        return Array(types.prefix { $0 != Absent.self })
    }
}

/// What a default that stands in for a method which the author did not write throws; the
/// package never calls one.
struct MethodMissing: Error, CustomStringConvertible {
    var description: String { "the processor has no such method" }
}

/// How many rows a processor may keep before it settles the first; the host's proof that no edge
/// can deadlock rests on it.
public enum Holds: Sendable {
    case none
    case rows(Int)
    /// The value of the Int arg of this name.
    case arg(String)
    /// Until all input is seen.
    case all

    var text: String? {
        switch self {
        case .none: nil
        case .rows(let count): String(count)
        case .arg(let name): name
        case .all: "all"
        }
    }
}
