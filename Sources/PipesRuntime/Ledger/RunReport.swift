public import PipesCore

/// The account of a run: what became of every row, and how the edges fared.
public struct RunReport: Sendable {
    public enum Status: String, Sendable {
        /// It is not over; `outcome` says how it would end now.
        case running
        /// It ran to its end and no row failed.
        case clean
        /// It ran to its end and rows failed.
        case failedRows = "failed_rows"
        /// A failure stopped it.
        case stopped
        /// The drain deadline passed, or it was cancelled.
        case cancelled
    }

    public var graph: String
    public var status: Status
    /// The status with which the run would end if no more happened; that of the run once it is
    /// over.
    public var outcome: Status
    /// From the first source's start to the last node's close.
    public var seconds: Double
    /// In the order of the graph file.
    public var nodes: [NodeAccount]
    public var edges: [EdgeAccount]
    /// What stopped it, or kept it from ending: one line each, naming the node.
    public var failures: [String]
}

/// The ledger's line for one node. Between its start and its end,
/// `in = out + skipped + failed + unsettled` for a node that keeps keys and for a sink.
public struct NodeAccount: Sendable, Equatable {
    public var name: String
    /// Rows it was given; a joined row is one, skips that pass by are none.
    public var `in` = 0
    /// Rows it yielded, once whatever number of edges; for a sink, rows it took.
    public var out = 0
    public var skipped = 0
    public var failed = 0
    /// Join partners that never came.
    public var missing = 0
    /// Rows it was given that are not settled yet.
    public var unsettled = 0
    public var retries = 0
    /// Time spent inside the processor.
    public var nanoseconds = 0
    public var seconds: Double { Double(nanoseconds) / 1e9 }
    /// What the processor counted.
    public var metrics: [String: Int64] = [:]

    init(name: String) { self.name = name }
}

public struct EdgeAccount: Sendable, Equatable {
    public var from: String
    public var to: String
    /// Rows that its reader took, or will take.
    public var rows: Int
    /// Rows that were dropped since it was full: its `overflow` is not `suspend`.
    public var dropped: Int
    /// The most rows that were in it at once.
    public var peak: Int
    /// How often its sender waited for room.
    public var waits: Int
    /// Rows in it now.
    public var depth: Int
    /// Rows, `grown` included.
    public var capacity: Int
    /// Rows that its capacity was enlarged by during the run, so that a join was not stuck.
    public var grown: Int
    /// Rounds that have begun; nil where it is no feedback edge.
    public var rounds: Int?
}

/// A row that failed: what a line of the dead letter file holds.
public struct DeadLetter: Sendable {
    public var graph: String
    public var node: String
    public var key: [UInt64]
    public var attempts: Int
    public var message: String
    public var row: [Value]
}
