/// What a processor says of itself, whatever it is made of: a plugin's descriptor, a bridged C
/// function or a Swift closure. Everything that is checked before a run is checked against this.
public struct ProcessorDescription: Sendable, Hashable {
    public enum Shape: Sendable, Hashable {
        /// A source: no input, emits up to a demand of rows.
        case produce
        /// One row in, at most one value out.
        case map
        /// A batch of rows in, any number of values out.
        case process
    }

    /// What a processor does to the keys of its rows (docs/plugin-authors.md, "Pick a shape").
    public enum Rate: Sendable, Hashable {
        case keeps
        case splits
        case aggregates
    }

    /// How many rows a processor may keep before it settles the first.
    public enum Holds: Sendable, Hashable {
        case none
        case rows(Int)
        /// The value of the INT param of this name.
        case param(String)
        /// Until flush.
        case all
    }

    public struct Flags: OptionSet, Sendable, Hashable {
        public var rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let concurrent = Flags(rawValue: 1 << 0)
        public static let nonblocking = Flags(rawValue: 1 << 1)
        public static let defers = Flags(rawValue: 1 << 2)
        public static let pure = Flags(rawValue: 1 << 3)
        public static let sink = Flags(rawValue: 1 << 4)
    }

    public struct Param: Sendable, Hashable {
        public var name: String
        public var kind: Kind
        public var help: String
        /// The default; nil where the param is required.
        public var fallback: Value?
        /// Allowed values; nil where all of the kind are.
        public var choices: [Value]?
        public var minimum: Double?
        public var maximum: Double?

        public init(
            name: String, kind: Kind, help: String = "", fallback: Value? = nil,
            choices: [Value]? = nil, minimum: Double? = nil, maximum: Double? = nil
        ) {
            self.name = name
            self.kind = kind
            self.help = help
            self.fallback = fallback
            self.choices = choices
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    public struct Port: Sendable, Hashable {
        public var name: String
        public var kind: Kind
        public var help: String

        public init(name: String, kind: Kind, help: String = "") {
            self.name = name
            self.kind = kind
            self.help = help
        }
    }

    /// The name within its plugin (`reverse`), or the whole coro string for a plain function.
    public var name: String
    public var summary: String
    public var shape: Shape
    public var rate: Rate
    public var flags: Flags
    public var params: [Param]
    /// One for each input that a row joins; nil: any number of inputs, of any kind. Empty for a
    /// source.
    public var inputs: [Port]?
    /// Never empty, but for a sink.
    public var outputs: [Port]
    public var holds: Holds

    public init(
        name: String, summary: String = "", shape: Shape, rate: Rate = .keeps, flags: Flags = [],
        params: [Param] = [], inputs: [Port]?,
        outputs: [Port] = [Port(name: "out", kind: .any)], holds: Holds = .none
    ) {
        self.name = name
        self.summary = summary
        self.shape = shape
        self.rate = rate
        self.flags = flags
        self.params = params
        self.inputs = inputs
        self.outputs = outputs
        self.holds = holds
    }

    public var isSource: Bool { shape == .produce }
    public var isSink: Bool { flags.contains(.sink) }
}
