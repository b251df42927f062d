public import PipesCore

/// What became of one test.
public struct GraphTestResult: Sendable {
    public var name: String
    public var place: Place?
    /// How its run ended.
    public var status: GraphTest.Status
    /// All that was not as expected; none: the test has passed.
    public var failures: [TestFailure]
    /// What it took, by the clock on the wall.
    public var seconds: Double

    public init(
        name: String, place: Place?, status: GraphTest.Status, failures: [TestFailure],
        seconds: Double
    ) {
        self.name = name
        self.place = place
        self.status = status
        self.failures = failures
        self.seconds = seconds
    }

    public var hasPassed: Bool { failures.isEmpty }
}

/// One thing that was not as a test expects it.
public struct TestFailure: Sendable, Equatable {
    /// In the graph file.
    public var place: Place?
    public var message: String
    /// Rows side by side, where rows are what differs.
    public var comparison: [RowComparison.Line]

    public init(
        at place: Place?, _ message: String, comparison: [RowComparison.Line] = []
    ) {
        self.place = place
        self.message = message
        self.comparison = comparison
    }
}
