import PipesCore
import PipesTesting

/// Results as JSON: what `test --json` prints, and what a test's process says to its parent.
enum TestJSON {
    static func report(of results: [GraphTestResult], file: String) -> Value {
        .map([
            .init("graph", .string(file)),
            .init("passed", .int(Int64(results.count { $0.hasPassed }))),
            .init("failed", .int(Int64(results.count { !$0.hasPassed }))),
            .init("tests", .list(results.map(value))),
        ])
    }

    static func value(of result: GraphTestResult) -> Value {
        .map(
            [.init("name", .string(result.name))] + places(result.place) + [
                .init("passed", .bool(result.hasPassed)),
                .init("status", .string(result.status.rawValue)),
                .init("seconds", .float(result.seconds)),
                .init("failures", .list(result.failures.map(value))),
            ])
    }

    private static func value(of failure: TestFailure) -> Value {
        let rows = failure.comparison.map { line in
            Value.map([
                .init("expected", line.expected.map { .string($0) } ?? .null),
                .init("got", line.got.map { .string($0) } ?? .null),
                .init("same", .bool(line.isSame)),
            ])
        }
        return .map(
            places(failure.place) + [
                .init("message", .string(failure.message)), .init("rows", .list(rows)),
            ])
    }

    private static func places(_ place: Place?) -> [Value.Pair] {
        guard let place else { return [] }
        return [
            .init("line", .int(Int64(place.line))), .init("column", .int(Int64(place.column))),
        ]
    }

    // MARK: Back again

    /// - Returns: nil where that is no result.
    static func result(of value: Value) -> GraphTestResult? {
        guard case .string(let name) = value["name"], case .string(let status) = value["status"],
            let status = GraphTest.Status(rawValue: status),
            case .float(let seconds) = value["seconds"], case .list(let list) = value["failures"]
        else { return nil }
        let failures = list.compactMap(failure)
        guard failures.count == list.count else { return nil }
        return GraphTestResult(
            name: name, place: place(value), status: status, failures: failures, seconds: seconds)
    }

    private static func failure(_ value: Value) -> TestFailure? {
        guard case .string(let message) = value["message"], case .list(let rows) = value["rows"]
        else { return nil }
        let lines = rows.map { row in
            RowComparison.Line(
                expected: text(row["expected"]), got: text(row["got"]),
                isSame: row["same"] == .bool(true))
        }
        return TestFailure(at: place(value), message, comparison: lines)
    }

    private static func text(_ value: Value?) -> String? {
        if case .string(let text) = value { text } else { nil }
    }

    private static func place(_ value: Value) -> Place? {
        guard case .int(let line) = value["line"], case .int(let column) = value["column"] else {
            return nil
        }
        return Place(line: Int(line), column: Int(column))
    }
}

extension Value {
    /// What a MAP has under a key.
    fileprivate subscript(key: String) -> Value? {
        guard case .map(let pairs) = self else { return nil }
        return pairs.first { $0.key == key }?.value
    }
}
