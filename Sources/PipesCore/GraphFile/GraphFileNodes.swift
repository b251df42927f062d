extension GraphFileReader {
    /// - Parameter template: a node with the properties that `defaults` gives.
    /// - Returns: the names, each with its position in `graph.nodes`.
    mutating func read(
        nodes: LocatedJSON, template: Graph.Node, into graph: inout Graph
    ) -> [String: Int] {
        guard case .object(let members) = nodes.content else {
            wrongKind(nodes, of: .graph, key: "nodes", wants: "an object of names and nodes")
            return [:]
        }
        if members.isEmpty { report("\"nodes\" is empty: nothing would run", at: nodes.offset) }
        var names: [String: Int] = Dictionary(minimumCapacity: members.count)
        graph.nodes.reserveCapacity(members.count)
        for member in members where names[member.key] == nil {
            names[member.key] = graph.nodes.count
            graph.nodes.append(read(node: member, template: template))
        }
        return names
    }

    private mutating func read(node: LocatedJSON.Member, template: Graph.Node) -> Graph.Node {
        var result = template
        let subject = Subject.node(node.key)
        result.name = node.key
        result.places.name = place(node.keyOffset)
        if node.key.isEmpty { report("a node wants a name that is not empty", at: node.keyOffset) }
        guard case .object(let members) = node.value.content else {
            report(
                "\(subject.prefix)wants an object with a \"coro\", got \(node.value.kindName)",
                at: node.value.offset)
            return result
        }
        var namesProcessor = false
        for member in members {
            switch member.key {
            case "coro":
                namesProcessor = true
                result.places.coro = place(member.value.offset)
                result.coro = nonEmptyString(member, of: subject) ?? ""
            case "signature":
                result.places.signature = place(member.value.offset)
                result.signature = string(member, of: subject)
                if result.signature == nil { result.unreadable.insert("signature") }
            case "args":
                let args = read(args: member.value, of: subject)
                result.args = args ?? []
                if args == nil { result.unreadable.insert("args") }
            case "properties":
                read(
                    properties: member.value, of: subject, named: "\"properties\"", into: &result)
            case "examples": result.examples = read(examples: member.value, of: subject)
            default:
                let meant = unknownNodeKey(member, of: subject)
                if meant == "properties" {
                    result.unreadable.formUnion(GraphFileReader.propertyKeys)
                } else if let meant {
                    result.unreadable.insert(meant)
                }
            }
        }
        if !namesProcessor, !result.unreadable.contains("coro") {
            report(
                "\(subject.prefix)no \"coro\": it names the processor, such as "
                    + "\"strings.reverse\"",
                at: node.keyOffset)
        }
        // Without the signature that was meant nothing can be said of the function.
        if result.signature == nil, result.unreadable.contains("signature") { result.coro = "" }
        return result
    }

    /// - Returns: the key or the property that was probably meant.
    private mutating func unknownNodeKey(
        _ member: LocatedJSON.Member, of subject: Subject
    ) -> String? {
        guard GraphFileReader.propertyKeys.contains(member.key) else {
            return unknownKey(
                member, of: subject, owner: "a node",
                known: ["coro", "args", "signature", "properties", "examples"])
        }
        report(
            "\(subject.prefix)\(member.key.quoted) is a property: put it into "
                + "\"properties\": {...}",
            at: member.keyOffset)
        return member.key
    }

    /// - Returns: nil where they are no args at all.
    mutating func read(args: LocatedJSON, of subject: Subject) -> [Graph.Arg]? {
        guard case .object(let members) = args.content else {
            wrongKind(args, of: subject, key: "args", wants: "an object of names and values")
            return nil
        }
        var result: [Graph.Arg] = []
        result.reserveCapacity(members.count)
        for member in members {
            let errorCount = diagnostics.count
            var arg = Graph.Arg(
                member.key, value(member.value, of: subject),
                namePlace: place(member.keyOffset), valuePlace: place(member.value.offset))
            arg.isUnreadable = diagnostics.count > errorCount
            arg.variable = variable(of: member.value)
            result.append(arg)
        }
        return result
    }

    private mutating func read(
        examples: LocatedJSON, of subject: Subject
    ) -> [Graph.Node.Example] {
        guard case .list(let elements) = examples.content else {
            wrongKind(
                examples, of: subject, key: "examples",
                wants: "a list such as [{\"in\": [\"hello\"], \"out\": 5}]")
            return []
        }
        var result: [Graph.Node.Example] = []
        for element in elements {
            if let example = read(example: element, of: subject) { result.append(example) }
        }
        return result
    }

    private mutating func read(
        example: LocatedJSON, of subject: Subject
    ) -> Graph.Node.Example? {
        guard case .object(let members) = example.content else {
            report(
                "\(subject.prefix)an example wants an object with \"in\" and \"out\", "
                    + "got \(example.kindName)",
                at: example.offset)
            return nil
        }
        var inputs: [Value]?
        var output: Value?
        var misspelt: Set<String> = []
        for member in members {
            switch (member.key, member.value.content) {
            case ("in", .list(let elements)):
                var values: [Value] = []
                for element in elements { values.append(rowValue(element, of: subject)) }
                inputs = values
            case ("in", _):
                wrongKind(
                    member.value, of: subject, key: "in", wants: "a list of one joined row")
                return nil
            case ("out", _): output = rowValue(member.value, of: subject)
            default:
                let meant = unknownKey(
                    member, of: subject, owner: "an example", known: ["in", "out"])
                if let meant { misspelt.insert(meant) }
            }
        }
        guard let inputs, let output else {
            let missing = inputs == nil ? "in" : "out"
            if !misspelt.contains(missing) {
                report("\(subject.prefix)an example without \"\(missing)\"", at: example.offset)
            }
            return nil
        }
        return Graph.Node.Example(inputs: inputs, output: output, place: place(example.offset))
    }
}
