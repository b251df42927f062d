/// The `tests` of a graph file.
extension GraphFileReader {
    private static let testKeys = [
        "name", "sources", "expect", "failures", "skipped", "dead_letters", "status", "exit",
        "faults", "args", "env", "for", "real_sinks",
    ]

    /// - Parameter nodes: what tests may name.
    mutating func read(tests: LocatedJSON, nodes: NodeNames) -> [GraphTest] {
        guard case .list(let elements) = tests.content else {
            wrongKind(
                tests, of: .graph, key: "tests",
                wants: "a list such as [{\"name\": \"...\", \"sources\": {\"inp\": [\"a\"]}, "
                    + "\"expect\": {\"out\": [\"a\"]}}]")
            return []
        }
        var result: [GraphTest] = []
        var places: [String: Place] = [:]
        for (index, element) in elements.enumerated() {
            guard let test = read(test: element, number: index + 1, nodes) else { continue }
            if let first = places[test.name] {
                report(
                    "two tests are named \(test.name.quoted); the first is in line \(first.line)",
                    at: element.offset)
            }
            places[test.name] = test.place
            result.append(test)
        }
        return result
    }

    private mutating func read(
        test: LocatedJSON, number: Int, _ nodes: NodeNames
    ) -> GraphTest? {
        guard case .object(let members) = test.content else {
            report(
                "\"tests\": a test wants an object, got \(test.kindName)", at: test.offset)
            return nil
        }
        var result = GraphTest(name: "test \(number)", place: place(test.offset))
        if let name = members.first(where: { $0.key == "name" }) {
            result.name = nonEmptyString(name, of: .graph) ?? result.name
        }
        let subject = Subject.test(result.name)
        for member in members {
            read(member, of: subject, nodes, into: &result)
        }
        checkExit(members, of: subject, result)
        return result
    }

    private mutating func read(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames,
        into test: inout GraphTest
    ) {
        switch member.key {
        case "name": break
        case "sources": test.sources = readSources(member, of: subject, nodes)
        case "expect": test.expectations = readExpectations(member, of: subject, nodes)
        case "failures": test.failures = readFailures(member, of: subject, nodes)
        case "skipped": test.skipped = readSkipped(member, of: subject, nodes)
        case "dead_letters": test.deadLetters = readLetters(member, of: subject, nodes)
        case "faults": test.faults = readFaults(member, of: subject, nodes)
        case "args": test.args = readArgs(member, of: subject, nodes)
        case "real_sinks": test.realSinks = readRealSinks(member, of: subject, nodes)
        case "env":
            guard let values = object(member, of: subject, wants: "an object of names and values")
            else { return }
            for value in values { test.env[value.key] = self.value(value.value, of: subject) }
        case "for":
            test.duration = duration(member, of: subject)
        case "status":
            test.status = choice(member, of: subject) ?? test.status
        case "exit":
            guard let code = integer(member, of: subject, in: 0...4) else { return }
            let status = GraphTest.Status.allCases.first { $0.exitCode == code }
            test.status = test.status ?? status
        default:
            unknownKey(
                member, of: subject, owner: "a test", known: GraphFileReader.testKeys)
        }
    }

    /// `exit` and `status` say the same in two ways.
    private mutating func checkExit(
        _ members: [LocatedJSON.Member], of subject: Subject, _ test: GraphTest
    ) {
        guard let exit = members.first(where: { $0.key == "exit" }),
            members.contains(where: { $0.key == "status" }),
            case .integer(let code) = exit.value.content, let status = test.status,
            status.exitCode.map(Int64.init) != code
        else { return }
        let expected = status.exitCode.map { "ends with \($0)" } ?? "has no exit code"
        report(
            "\(subject.prefix)\"exit\" is \(code), and a run whose status is "
                + "\(status.rawValue.quoted) \(expected); give one of the two",
            at: exit.value.offset)
    }

    // MARK: What goes in

    private mutating func readSources(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.Source] {
        let wants = "an object of sources and their rows, such as {\"inp\": [\"a\", \"b\"]}"
        return byNode(member, of: subject, nodes, wants: wants) { reader, node, value in
            guard case .list(let rows) = value.content else {
                reader.report(
                    "\(subject.prefix)source \(node.node.quoted) wants a list of rows, got "
                        + value.kindName,
                    at: value.offset)
                return nil
            }
            return GraphTest.Source(node: node, rows: reader.rows(rows, of: subject))
        }
    }

    private mutating func readArgs(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.NodeArgs] {
        let wants = "an object of nodes and their args, such as {\"inp\": {\"num\": 3}}"
        return byNode(member, of: subject, nodes, wants: wants) { reader, node, value in
            GraphTest.NodeArgs(node: node, args: reader.read(args: value, of: subject) ?? [])
        }
    }

    private mutating func readRealSinks(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.Name] {
        guard case .list(let elements) = member.value.content else {
            wrongKind(
                member.value, of: subject, key: member.key,
                wants: "a list of the sinks that run as they are")
            return []
        }
        var result: [GraphTest.Name] = []
        for element in elements {
            let entry = LocatedJSON.Member(
                key: member.key, keyOffset: element.offset, value: element)
            guard let text = string(entry, of: subject) else { continue }
            if let name = nodeName(text, at: element.offset, of: subject, nodes) {
                result.append(name)
            }
        }
        return result
    }

    // MARK: What must come of it

    private mutating func readExpectations(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.Expectation] {
        let wants = "an object of nodes and their rows, such as {\"out\": [\"a\", \"b\"]}"
        let lists: [[GraphTest.Expectation]] = byNode(
            member, of: subject, nodes, wants: wants
        ) { reader, node, value in
            guard case .object(let members) = value.content,
                let outputs = members.first(where: { $0.key == "outputs" })
            else {
                guard let rows = reader.expectedRows(value, of: node, subject) else { return nil }
                return [
                    GraphTest.Expectation(
                        node: node, rows: rows, place: reader.place(value.offset))
                ]
            }
            for other in members where other.key != "outputs" {
                reader.unknownKey(
                    other, of: subject, owner: "what is expected by outputs", known: ["outputs"])
            }
            let wants = "an object of outputs and their rows"
            var result: [GraphTest.Expectation] = []
            for port in reader.object(outputs, of: subject, wants: wants) ?? [] {
                guard let rows = reader.expectedRows(port.value, of: node, subject) else {
                    continue
                }
                result.append(
                    GraphTest.Expectation(
                        node: node, output: port.key, outputPlace: reader.place(port.keyOffset),
                        rows: rows, place: reader.place(port.value.offset)))
            }
            return result
        }
        return lists.flatMap { $0 }
    }

    private mutating func expectedRows(
        _ value: LocatedJSON, of node: GraphTest.Name, _ subject: Subject
    ) -> GraphTest.Expectation.Rows? {
        if case .list(let rows) = value.content { return .exact(self.rows(rows, of: subject)) }
        let forms = "a list of rows, {\"any_order\": [...]} or {\"count\": 3}"
        guard case .object(let members) = value.content else {
            report(
                "\(subject.prefix)what is expected of \(node.node.quoted) is \(forms), got "
                    + value.kindName,
                at: value.offset)
            return nil
        }
        var result: GraphTest.Expectation.Rows?
        for member in members {
            var found: GraphTest.Expectation.Rows?
            switch (member.key, member.value.content) {
            case ("exact", .list(let rows)): found = .exact(self.rows(rows, of: subject))
            case ("any_order", .list(let rows)): found = .anyOrder(self.rows(rows, of: subject))
            case ("exact", _), ("any_order", _):
                wrongKind(member.value, of: subject, key: member.key, wants: "a list of rows")
                return nil
            case ("count", _):
                found = integer(member, of: subject, in: 0...Int.max).map { .count($0) }
                if found == nil { return nil }
            default:
                unknownKey(
                    member, of: subject, owner: "what is expected of a node",
                    known: ["exact", "any_order", "count", "outputs"])
                return nil
            }
            if result != nil {
                report(
                    "\(subject.prefix)what is expected of \(node.node.quoted) is said in two "
                        + "ways; give one of exact, any_order and count",
                    at: member.keyOffset)
                return nil
            }
            result = found
        }
        if result == nil {
            report(
                "\(subject.prefix)what is expected of \(node.node.quoted) is empty; give \(forms)",
                at: value.offset)
        }
        return result
    }

    private mutating func readSkipped(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.Count] {
        let wants = "an object of nodes and numbers, such as {\"rev\": 1}"
        return byNode(member, of: subject, nodes, wants: wants) { reader, node, value in
            let entry = LocatedJSON.Member(
                key: node.node, keyOffset: value.offset, value: value)
            return reader.integer(entry, of: subject, in: 0...Int.max).map {
                GraphTest.Count(node: node, count: $0, place: reader.place(value.offset))
            }
        }
    }

    // MARK: Parts

    mutating func rows(_ rows: [LocatedJSON], of subject: Subject) -> [GraphTest.Row] {
        var result: [GraphTest.Row] = []
        result.reserveCapacity(rows.count)
        for row in rows {
            let errorCount = diagnostics.count
            let value = rowValue(row, of: subject)
            // One that can't be read is not judged.
            if diagnostics.count > errorCount { continue }
            result.append(GraphTest.Row(value: value, place: place(row.offset)))
        }
        return result
    }

    /// A value of a row, in the JSON form of all values.
    mutating func rowValue(_ row: LocatedJSON, of subject: Subject) -> Value {
        let value = value(row, of: subject)
        do throws(FormMistake) {
            return try Value(form: value)
        } catch {
            report(subject.prefix + error.message, at: row.offset)
            // It fits every kind, so that no second message follows.
            return .null
        }
    }

    /// - Returns: nil where it is none, and that was reported.
    mutating func object(
        _ member: LocatedJSON.Member, of subject: Subject, wants: String
    ) -> [LocatedJSON.Member]? {
        if case .object(let members) = member.value.content { return members }
        wrongKind(member.value, of: subject, key: member.key, wants: wants)
        return nil
    }

    /// Reads an object whose keys are nodes, in its order.
    mutating func byNode<Entry>(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames, wants: String,
        _ read: (inout GraphFileReader, GraphTest.Name, LocatedJSON) -> Entry?
    ) -> [Entry] {
        var result: [Entry] = []
        var seen: Set<String> = []
        for entry in object(member, of: subject, wants: wants) ?? []
        where seen.insert(entry.key).inserted {
            guard let name = nodeName(entry.key, at: entry.keyOffset, of: subject, nodes),
                let value = read(&self, name, entry.value)
            else { continue }
            result.append(value)
        }
        return result
    }

    mutating func nodeName(
        _ name: String, at offset: Int, of subject: Subject, _ nodes: NodeNames
    ) -> GraphTest.Name? {
        if nodes.positions[name] != nil {
            return GraphTest.Name(node: name, place: place(offset))
        }
        report(
            "\(subject.prefix)there is no node \(name.quoted)."
                + nearestNode(to: name, among: nodes.nodes),
            at: offset)
        return nil
    }

    mutating func duration(_ member: LocatedJSON.Member, of subject: Subject) -> Duration? {
        guard let text = string(member, of: subject) else { return nil }
        guard let duration = DurationText.parse(text), duration > .zero else {
            report(
                "\(subject.prefix)\(member.key.quoted) is \(text.quoted), which is no time above "
                    + "0; write \(DurationText.examples)",
                at: member.value.offset)
            return nil
        }
        return duration
    }
}

/// The nodes of a graph, to be looked up by name.
struct NodeNames {
    var nodes: [Graph.Node]
    var positions: [String: Int]
}
