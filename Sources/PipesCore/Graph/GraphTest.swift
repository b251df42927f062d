/// One of the `tests` of a graph file: rows in, and what must come of them. The names of nodes are
/// known to be those of the graph; what only the processors can tell has not been checked yet.
public struct GraphTest: Sendable {
    public var name: String
    public var place: Place?
    /// Sources that are replaced by rows at hand.
    public var sources: [Source] = []
    public var expectations: [Expectation] = []
    /// Failed rows, by node; a node that is not named must have none.
    public var failures: [Failures] = []
    /// Skipped rows, by node; a node that is not named may skip any.
    public var skipped: [Count] = []
    /// In any order; nil: not looked at.
    public var deadLetters: [Letter]?
    public var faults: [Fault] = []
    /// Args in place of the graph's.
    public var args: [NodeArgs] = []
    /// Added to the graph's `env`, or in place of it.
    public var env: [String: Value] = [:]
    /// After this time of the test's clock the sources are drained; nil: never.
    public var duration: Duration?
    /// Sinks that run as they are, and are not replaced by a recorder.
    public var realSinks: [Name] = []
    /// nil: what `failures` leads to, `clean` or `failed_rows`.
    public var status: Status?

    public init(name: String, place: Place? = nil) {
        self.name = name
        self.place = place
    }

    /// How a test's run may end.
    public enum Status: String, Sendable, CaseIterable {
        case clean
        case failedRows = "failed_rows"
        case stopped
        case cancelled
        /// A processor could not be opened, and nothing ran.
        case refused
        /// The process died of a signal.
        case crashed

        /// With which the command `run` ends.
        public var exitCode: Int? {
            switch self {
            case .clean: 0
            case .refused: 1
            case .failedRows: 2
            case .stopped: 3
            case .cancelled: 4
            case .crashed: nil
            }
        }
    }

    /// A node's name, where the file says it.
    public struct Name: Sendable {
        public var node: String
        public var place: Place?
    }

    /// A value, where the file says it.
    public struct Row: Sendable {
        public var value: Value
        public var place: Place?

        public init(value: Value, place: Place? = nil) {
            self.value = value
            self.place = place
        }
    }

    public struct Source: Sendable {
        public var node: Name
        public var rows: [Row]
    }

    /// The rows that leave a node, or reach a sink.
    public struct Expectation: Sendable {
        public enum Rows: Sendable {
            /// These, in this order.
            case exact([Row])
            case anyOrder([Row])
            case count(Int)
        }

        public var node: Name
        /// nil: the first output.
        public var output: String?
        public var outputPlace: Place?
        public var rows: Rows
        public var place: Place?
    }

    public struct Count: Sendable {
        public var node: Name
        public var count: Int
        public var place: Place?
    }

    /// How many rows fail at a node, and what for where that is said.
    public struct Failures: Sendable {
        public var node: Name
        public var count: Int
        /// In any order; nil: not looked at.
        public var messages: [Row]?
        public var place: Place?
    }

    /// A dead letter; what is nil is not looked at.
    public struct Letter: Sendable {
        public var node: Name?
        public var key: [UInt64]?
        public var attempts: Int?
        public var message: String?
        public var row: [Value]?
        public var place: Place?
    }

    /// What is done to rows of a node before its processor gets them.
    public struct Fault: Sendable {
        public enum Effect: Sendable, Hashable {
            /// The row is answered with REJECT.
            case reject
            /// The row is answered with RETRY, so often.
            case retry(times: Int)
            /// The row waits.
            case delay(Duration)
            /// The process dies.
            case crash
        }

        public var node: Name
        /// The keys of the rows, as dead letters say them.
        public var keys: [[UInt64]]
        public var effect: Effect
        /// What a failed row says; nil: that it was a fault of the test.
        public var message: String?
        public var place: Place?
        public var effectPlace: Place?
    }

    public struct NodeArgs: Sendable {
        public var node: Name
        public var args: [Graph.Arg]
    }
}
