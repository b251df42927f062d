internal import Logging
public import PipesCore
public import PipesRuntime

/// Runs the tests of a graph file.
public enum GraphTestRun {
    /// Runs one test in this process; a fault that crashes ends it.
    ///
    /// - Parameters:
    ///   - graph: as it was read, without errors.
    ///   - resolvers: what finds its processors.
    ///   - taken: is given the rows that a node takes, before its processor gets them; from any
    ///     thread.
    public static func run(
        _ test: GraphTest, of graph: Graph, resolvers: [any ProcessorResolver],
        taken: (@Sendable (_ node: Graph.Node, _ rows: [[Value]]) -> Void)? = nil
    ) async -> GraphTestResult {
        let start = ContinuousClock.now
        let record = RowRecord()
        let letters = Locked<[DeadLetter]>([])
        let running = Locked<Plumber?>(nil)
        let faults = injectedFaults(test)

        var options = Plumber.Options()
        options.deadLetters = { letter in letters.withLock { $0.append(letter) } }
        options.clock = ManualClock(limit: test.duration) {
            running.withLock { $0 }?.drain()
        }
        options.hooks = hooks(test, of: graph, faults, record, taken)
        var outcome = RunOutcome(status: .refused, record: record, faults: faults)
        do throws(GraphFailure) {
            let resolver = TestResolver(test, resolvers: resolvers, record: record)
            let plumber = try Plumber(
                GraphTestCheck.graph(graph, for: test), resolvers: [resolver], options: options)
            running.withLock { $0 = plumber }
            let report = try await plumber.run()
            outcome.status = GraphTest.Status(report.outcome)
            outcome.report = report
            outcome.graph = plumber.graph
        } catch {
            outcome.refusals = error.diagnostics
        }
        outcome.letters = letters.withLock { $0 }
        return GraphTestResult(
            name: test.name, place: test.place, status: outcome.status,
            failures: TestVerdict(test, outcome).failures,
            seconds: (ContinuousClock.now - start).seconds)
    }

    private static func injectedFaults(_ test: GraphTest) -> [String: InjectedFaults] {
        var faults: [String: InjectedFaults] = [:]
        for fault in test.faults {
            let injected = faults[fault.node.node] ?? InjectedFaults()
            faults[fault.node.node] = injected
            let message = fault.message ?? "a fault of the test"
            for key in fault.keys {
                switch fault.effect {
                case .reject: injected.add(.reject(message), key: key)
                case .retry(let times): injected.add(.retry(message), key: key, times: times)
                case .delay(let time): injected.add(.delay(time), key: key)
                case .crash: injected.add(.crash, key: key)
                }
            }
        }
        return faults
    }

    private static func hooks(
        _ test: GraphTest, of graph: Graph, _ faults: [String: InjectedFaults],
        _ record: RowRecord, _ taken: (@Sendable (Graph.Node, [[Value]]) -> Void)?
    ) -> RunHooks {
        var hooks = RunHooks()
        hooks.faults = faults
        let names = graph.nodes.map(\.name)
        let expected = Set(test.expectations.map(\.node.node))
        let realSinks = Set(test.realSinks.map(\.node))
        hooks.batchLeft = { node, output, batch in
            if expected.contains(names[node]) {
                record.add(batch, to: .output(names[node], output))
            }
        }
        hooks.batchTaken = { node, batch in
            if realSinks.contains(names[node]) { record.add(batch, to: .input(names[node])) }
            taken?(graph.nodes[node], batch.rowValues)
        }
        return hooks
    }
}

/// What a run came to, as far as tests ask.
struct RunOutcome {
    var status: GraphTest.Status
    var record: RowRecord
    var faults: [String: InjectedFaults]
    /// nil where nothing ran.
    var report: RunReport?
    var graph: CheckedGraph?
    var refusals: [Diagnostic] = []
    var letters: [DeadLetter] = []
}

extension GraphTest.Status {
    init(_ status: RunReport.Status) {
        self =
            switch status {
            // What a run comes to is never that it goes on.
            case .clean, .running: .clean
            case .failedRows: .failedRows
            case .stopped: .stopped
            case .cancelled: .cancelled
            }
    }
}
