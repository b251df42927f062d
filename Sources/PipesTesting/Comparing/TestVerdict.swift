internal import PipesCore
internal import PipesRuntime

/// Compares what a run came to with what its test expects.
struct TestVerdict {
    private(set) var failures: [TestFailure] = []
    private let test: GraphTest
    private let outcome: RunOutcome

    init(_ test: GraphTest, _ outcome: RunOutcome) {
        self.test = test
        self.outcome = outcome
        checkStatus()
        // What did not run has no rows to look at.
        guard let report = outcome.report else { return }
        for expectation in test.expectations { check(expectation) }
        checkFailures(report)
        for expected in test.skipped {
            let got = report.account(of: expected.node.node)?.skipped ?? 0
            if got != expected.count {
                note(
                    "node \(expected.node.node.quoted): \(rows(expected.count)) skipped expected, "
                        + "got \(got)", at: expected.place)
            }
        }
        checkLetters()
        checkFaults()
    }

    private mutating func note(
        _ message: String, at place: Place?, _ comparison: [RowComparison.Line] = []
    ) {
        failures.append(TestFailure(at: place ?? test.place, message, comparison: comparison))
    }

    private func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }

    // MARK: How it ended

    private mutating func checkStatus() {
        let expectsFailures =
            test.failures.contains { $0.count > 0 }
            || !(test.deadLetters ?? []).isEmpty
        let expected = test.status ?? (expectsFailures ? .failedRows : .clean)
        guard outcome.status != expected else { return }
        // Rows that should or should not have failed are told one by one.
        let areFailedRows: Set<GraphTest.Status> = [.clean, .failedRows]
        if test.status == nil, areFailedRows.isSuperset(of: [expected, outcome.status]) { return }
        let reasons = outcome.refusals.map(\.message) + (outcome.report?.failures ?? [])
        let why = reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")
        note(
            "the run should have ended \(expected.rawValue), and ended \(outcome.status.rawValue)"
                + why, at: nil)
    }

    // MARK: Rows

    private mutating func check(_ expectation: GraphTest.Expectation) {
        let node = expectation.node.node
        var name = "node \(node.quoted)"
        if let output = expectation.output { name += ", output \(output.quoted)" }
        let got = outcome.record[spot(of: expectation)]
        let comparison: RowComparison
        switch expectation.rows {
        case .count(let count):
            if got.count != count {
                note("\(name): \(rows(count)) expected, got \(got.count)", at: expectation.place)
            }
            return
        case .exact(let expected): comparison = .exact(expected, got)
        case .anyOrder(let expected): comparison = .anyOrder(expected, got)
        }
        guard !comparison.isSame else { return }
        let missing = comparison.lines.count { !$0.isSame && $0.expected != nil }
        let extra = comparison.lines.count { !$0.isSame && $0.got != nil }
        var parts: [String] = []
        if missing > 0 { parts.append("\(rows(missing)) expected did not come") }
        if extra > 0 {
            parts.append("\(rows(extra)) came that \(extra == 1 ? "was" : "were") not expected")
        }
        note(
            "\(name): \(parts.joined(separator: ", "))",
            at: comparison.place ?? expectation.place, comparison.lines)
    }

    private func spot(of expectation: GraphTest.Expectation) -> RowRecord.Spot {
        let node = expectation.node.node
        guard let checked = outcome.graph?.nodes.first(where: { $0.name == node }),
            !checked.description.isSink
        else { return .input(node) }
        let port = expectation.output.flatMap { output in
            checked.description.outputs.firstIndex { $0.name == output }
        }
        return .output(node, port ?? 0)
    }

    // MARK: Rows that fail

    private mutating func checkFailures(_ report: RunReport) {
        var expected: [String: GraphTest.Failures] = [:]
        for failures in test.failures { expected[failures.node.node] = failures }
        // Letters say themselves which rows fail, and after a stop any may.
        let othersMayFail =
            test.deadLetters != nil
            || [.stopped, .cancelled].contains(outcome.status) && test.status == outcome.status
        for account in report.nodes {
            let letters = outcome.letters.filter { $0.node == account.name }
            guard let wanted = expected[account.name] else {
                if account.failed > 0, !othersMayFail {
                    note(
                        "node \(account.name.quoted): \(rows(account.failed)) failed"
                            + reason(letters), at: nil)
                }
                continue
            }
            if let messages = wanted.messages {
                let comparison = RowComparison.anyOrder(
                    messages, letters.map { .string($0.message) })
                if !comparison.isSame {
                    note(
                        "node \(account.name.quoted): rows did not fail as expected",
                        at: comparison.place ?? wanted.place, comparison.lines)
                }
            } else if wanted.count != account.failed {
                note(
                    "node \(account.name.quoted): \(rows(wanted.count)) expected to fail, got "
                        + "\(account.failed)" + reason(letters), at: wanted.place)
            }
        }
    }

    private func reason(_ letters: [DeadLetter]) -> String {
        guard let first = letters.first else { return "" }
        let row = first.row.count == 1 ? first.row[0] : .list(first.row)
        return "; the first, of key \(text(first.key)), is \(row.shown): \(first.message)"
    }

    private func text(_ key: [UInt64]) -> String {
        "[" + key.map { String($0) }.joined(separator: ", ") + "]"
    }

    private mutating func checkLetters() {
        guard let expected = test.deadLetters else { return }
        var left = outcome.letters
        var missing: [GraphTest.Letter] = []
        for letter in expected {
            if let index = left.firstIndex(where: { letter.fits($0) }) {
                left.remove(at: index)
            } else {
                missing.append(letter)
            }
        }
        guard !missing.isEmpty || !left.isEmpty else { return }
        var lines: [RowComparison.Line] = []
        for index in 0..<max(missing.count, left.count) {
            lines.append(
                RowComparison.Line(
                    expected: index < missing.count ? missing[index].value.shown : nil,
                    got: index < left.count ? left[index].value.shown : nil, isSame: false))
        }
        note(
            "dead letters: \(missing.count) expected did not come, \(left.count) came that were "
                + "not expected", at: missing.first?.place, lines)
    }

    private mutating func checkFaults() {
        for fault in test.faults {
            let unreached = outcome.faults[fault.node.node]?.unreached ?? []
            let keys = fault.keys.filter { unreached.contains($0) }
            guard !keys.isEmpty else { continue }
            note(
                "node \(fault.node.node.quoted): the fault at \(keys.map(text).listed) never "
                    + "happened: no row of that key reached it", at: fault.place)
        }
    }
}

extension RunReport {
    fileprivate func account(of node: String) -> NodeAccount? { nodes.first { $0.name == node } }
}

extension GraphTest.Letter {
    fileprivate func fits(_ letter: DeadLetter) -> Bool {
        (node.map { $0.node == letter.node } ?? true)
            && (key.map { $0 == letter.key } ?? true)
            && (attempts.map { $0 == letter.attempts } ?? true)
            && (message.map { $0 == letter.message } ?? true)
            && (row.map { Value.list($0).isMet(by: .list(letter.row)) } ?? true)
    }

    fileprivate var value: Value {
        var pairs: [Value.Pair] = []
        if let node { pairs.append(.init("node", .string(node.node))) }
        if let key { pairs.append(.init("key", .list(key.map { .int(Int64(clamping: $0)) }))) }
        if let attempts { pairs.append(.init("attempts", .int(Int64(attempts)))) }
        if let message { pairs.append(.init("message", .string(message))) }
        if let row { pairs.append(.init("row", .list(row))) }
        return .map(pairs)
    }
}

extension DeadLetter {
    fileprivate var value: Value {
        .map([
            .init("node", .string(node)),
            .init("key", .list(key.map { .int(Int64(clamping: $0)) })),
            .init("attempts", .int(Int64(attempts))), .init("message", .string(message)),
            .init("row", .list(row)),
        ])
    }
}
