/// A graph as its author wrote it: read from a file, or built in code. Nothing here has been
/// checked against processors yet; `GraphChecker` does that.
public struct Graph: Sendable {
    public var name: String
    /// The file as the user named it; nil for a graph built in code.
    public var file: String?
    /// In the order of the file.
    public var nodes: [Node]
    /// Grouped by sender, in the order of `graph` in the file: the order of joined inputs.
    public var edges: [Edge]
    /// Values that every processor can read.
    public var env: [String: Value]
    /// The file for dead letters; nil: standard error.
    public var deadLetter: String?
    public var tests: [GraphTest] = []
    /// What was wrong with the file that it was read from.
    public internal(set) var fileDiagnostics: [Diagnostic] = []
    /// Whether errors were found when it was read from a file. It can be checked for more of
    /// them, but never passes.
    public internal(set) var hasErrors = false
    /// Whether edges are missing since their nodes are not known: then nothing can be said of
    /// what a node lacks.
    public internal(set) var edgesAreIncomplete = false

    public init(
        name: String, file: String? = nil, nodes: [Node] = [], edges: [Edge] = [],
        env: [String: Value] = [:], deadLetter: String? = nil
    ) {
        self.name = name
        self.file = file
        self.nodes = nodes
        self.edges = edges
        self.env = env
        self.deadLetter = deadLetter
    }

    /// A vertex of the graph.
    public struct Node: Sendable {
        public var name: String
        public var coro: String
        public var args: [Arg]
        /// For a plain function; nil for a plugin's processor.
        public var signature: String?
        public var properties: NodeProperties
        /// Keys of the node, and properties, that the file gives and that could not be read: nothing
        /// may follow from what stands in their place.
        public internal(set) var unreadable: Set<String> = []
        /// Properties that come from the file's `defaults`.
        public internal(set) var inherited: Set<String> = []
        /// What the node must yield for some rows, to be tried when the graph is checked.
        public var examples: [Example]
        public var places: Places

        public init(
            _ name: String, coro: String, args: [Arg] = [], signature: String? = nil,
            properties: NodeProperties = NodeProperties(), examples: [Example] = [],
            places: Places = Places()
        ) {
            self.name = name
            self.coro = coro
            self.args = args
            self.signature = signature
            self.properties = properties
            self.examples = examples
            self.places = places
        }

        /// A row and what it must become: `{"in": ["hello"], "out": 907060870}`.
        public struct Example: Sendable {
            /// One for each joined input.
            public var inputs: [Value]
            public var output: Value
            public var place: Place?

            public init(inputs: [Value], output: Value, place: Place? = nil) {
                self.inputs = inputs
                self.output = output
                self.place = place
            }
        }

        /// Where the parts of a node stand in the file.
        public struct Places: Sendable {
            public var name: Place?
            public var coro: Place?
            public var signature: Place?
            /// The key of each property, by its name in the file (`aggregate_inputs`).
            public var properties: [String: Place]

            public init(
                name: Place? = nil, coro: Place? = nil, signature: Place? = nil,
                properties: [String: Place] = [:]
            ) {
                self.name = name
                self.coro = coro
                self.signature = signature
                self.properties = properties
            }
        }
    }

    /// One arg as written: BYTES are still base64 text, an integer may stand for a FLOAT.
    public struct Arg: Sendable {
        public var name: String
        public var value: Value
        public var namePlace: Place?
        public var valuePlace: Place?
        /// The option that set it, in place of the file, as the user wrote it: what messages of it
        /// begin with.
        public var option: String?
        /// The variable of the environment that a text is, and nothing else: a param of another kind
        /// reads it as JSON.
        public var variable: EnvironmentVariable?
        /// Whether its value could not be read from the file, so that it must not be judged.
        public internal(set) var isUnreadable = false

        public init(
            _ name: String, _ value: Value, namePlace: Place? = nil, valuePlace: Place? = nil,
            option: String? = nil, variable: EnvironmentVariable? = nil
        ) {
            self.name = name
            self.value = value
            self.option = option
            self.variable = variable
            self.namePlace = namePlace
            self.valuePlace = valuePlace
        }
    }

    /// A bounded queue between two nodes.
    public struct Edge: Sendable {
        public var from: String
        /// The named output it leaves by; nil: the sender's only (first) one.
        public var output: String?
        public var to: String
        /// In rows; nil: the receiver's `queue_size`.
        public var queueSize: Int?
        /// In bytes; nil: the receiver's `queue_bytes`.
        public var queueBytes: Int?
        /// nil: the receiver's `overflow`.
        public var overflow: NodeProperties.Overflow?
        /// Where it starts the next round of a loop; nil for every other edge.
        public var feedback: Feedback?
        /// Whether `queueSize` could not be read from the file.
        public internal(set) var queueSizeIsUnreadable = false
        /// Of the receiver's name in the sender's list.
        public var place: Place?
        /// Of the sender's key in `graph`.
        public var fromPlace: Place?
        /// Of the output's key.
        public var outputPlace: Place?

        public init(
            from: String, output: String? = nil, to: String, queueSize: Int? = nil,
            queueBytes: Int? = nil, overflow: NodeProperties.Overflow? = nil,
            feedback: Feedback? = nil, place: Place? = nil,
            fromPlace: Place? = nil, outputPlace: Place? = nil
        ) {
            self.from = from
            self.output = output
            self.to = to
            self.queueSize = queueSize
            self.queueBytes = queueBytes
            self.overflow = overflow
            self.feedback = feedback
            self.place = place
            self.fromPlace = fromPlace
            self.outputPlace = outputPlace
        }
    }
}

/// The `properties` of a node, the graph's `defaults` already filled in.
public struct NodeProperties: Sendable, Hashable {
    /// What becomes of a row when its retries are used up, or it is rejected.
    public enum Then: String, Sendable, Hashable, CaseIterable {
        case deadLetter = "dead_letter"
        case skip
        case stop
    }

    /// What becomes of a joined row when a partner never comes.
    public enum OnMissing: String, Sendable, Hashable, CaseIterable {
        case skip
        case null
        case fail
    }

    /// What a full edge does with the next row.
    public enum Overflow: String, Sendable, Hashable, CaseIterable {
        /// It waits at its sender.
        case suspend
        /// It takes the place of the row that has waited longest.
        case dropOldest = "drop_oldest"
        /// It is dropped.
        case dropNewest = "drop_newest"
    }

    public struct Retry: Sendable, Hashable {
        /// Counts retries, not attempts.
        public var max: Int
        /// The first pause, and the longest; between them it doubles, with jitter.
        public var shortestPause: Duration
        public var longestPause: Duration

        public init(
            max: Int = 0, shortestPause: Duration = .milliseconds(50),
            longestPause: Duration = .seconds(5)
        ) {
            self.max = max
            self.shortestPause = shortestPause
            self.longestPause = longestPause
        }
    }

    public var aggregateInputs = true
    /// Capacity of each input edge, in rows.
    public var queueSize = 1024
    /// Capacity of each input edge, in bytes.
    public var queueBytes = 16 << 20
    /// Whether the user fixed `queue_size` (or `defaults` did): then it is never enlarged unasked.
    public var queueSizeIsFixed = false
    /// What each input edge does when it is full.
    public var overflow = Overflow.suspend
    /// Calls of a deferring node that may be open at once, or lanes.
    public var concurrency = 1
    public var ordered = true
    /// For one attempt of one row; nil: none.
    public var timeout: Duration?
    public var retry = Retry()
    public var then = Then.deadLetter
    public var onMissing = OnMissing.skip

    public init() {}
}
