import Pipes

/// A chain of closures of the program, and the same closures without a graph.
public struct MeasuredClosures: Sendable {
    public enum Kind: Sendable {
        /// Awaits nothing.
        case plain
        /// Awaits what is there already.
        case async
        /// Sleeps, all rows side by side.
        case sleeping(Duration)
    }

    public let kind: Kind
    public let rows: Int
    /// Closures that each row passes, the sink's included.
    public let count: Int
    private let isOrdered: Bool

    public init(_ kind: Kind, rows: Int, count: Int = 5, isOrdered: Bool = true) {
        self.kind = kind
        self.rows = rows
        self.count = count
        self.isOrdered = isOrdered
    }

    private static func next(_ row: Coro.Row) -> Value? {
        guard case .int(let number) = row[0] else { return nil }
        return .int(number &+ 1)
    }

    private static func nextLater(_ row: Coro.Row) async throws -> Value? { next(row) }

    private var map: Coro {
        switch kind {
        case .plain: .map { row, _ in Self.next(row) }
        case .async: .map { row, _ in try await Self.nextLater(row) }
        case .sleeping(let time):
            .map { row, _ in
                try await Task.sleep(for: time)
                return Self.next(row)
            }
        }
    }

    /// - Returns: nanoseconds from the start of the run to its end.
    /// - Throws: `GraphFailure`, or `GraphRun.Unsound` where a row was lost.
    public func inGraph() async throws -> Double {
        let names = (1..<max(2, count)).map { "map \($0)" }
        var graph = Graph(name: "closures", nodes: [.init("src", coro: "src")])
        var coros = ["src": Coro.values((0..<Int64(rows)).lazy.map(Value.int))]
        var properties = NodeProperties()
        properties.ordered = isOrdered
        if case .sleeping = kind { properties.concurrency = rows }
        for (name, sender) in zip(names, ["src"] + names) {
            graph.nodes.append(.init(name, coro: name, properties: properties))
            graph.edges.append(.init(from: sender, to: name))
            coros[name] = map
        }
        graph.nodes.append(.init("out", coro: "out"))
        graph.edges.append(.init(from: names[names.count - 1], to: "out"))
        coros["out"] = .sink { _, _ in }
        let plumber = try Plumber(graph, resolvers: [CoroMap(coros)])
        let start = ContinuousClock.now
        let report = try await plumber.run()
        let time = (ContinuousClock.now - start) / .nanoseconds(1)
        guard report.nodes.last?.out == rows else {
            throw GraphRun.Unsound(description: "closures: rows were lost")
        }
        return time
    }

    /// The closures in a loop, or, where they sleep, in a task group.
    /// - Returns: nanoseconds.
    public func alone() async throws -> Double {
        let start = ContinuousClock.now
        switch kind {
        case .plain:
            for number in 0..<Int64(rows) {
                var value = Value.int(number)
                for _ in 0..<count { value = Self.next([value]) ?? .null }
            }
        case .async:
            for number in 0..<Int64(rows) {
                var value = Value.int(number)
                for _ in 0..<count { value = try await Self.nextLater([value]) ?? .null }
            }
        case .sleeping(let time):
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<rows { group.addTask { try await Task.sleep(for: time) } }
                try await group.waitForAll()
            }
        }
        return (ContinuousClock.now - start) / .nanoseconds(1)
    }
}
