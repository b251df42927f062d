import PipesJSON

/// Turns the JSON of a graph file into a `Graph`, and goes on after every error so that all are
/// reported.
struct GraphFileReader {
    /// What a message is about; its text is only made when there is one.
    enum Subject {
        case graph
        case defaults
        case node(String)
        case edge(from: String, to: String)
        case test(String)

        var prefix: String {
            switch self {
            case .graph: ""
            case .defaults: "\"defaults\": "
            case .node(let name): "node \(name.quoted): "
            case .edge(let from, let to): "edge \(from.quoted) -> \(to.quoted): "
            case .test(let name): "test \(name.quoted): "
            }
        }
    }

    private(set) var diagnostics: [Diagnostic] = []
    private let file: String
    private let environment: [String: String]
    private let places: JSONPlaces
    /// How many names may still be compared for "Did you mean": a file with a mistake in each of
    /// its 100,000 names must not take forever.
    var comparisonsLeft = 200_000

    init(_ text: [UInt8], file: String, environment: [String: String]) {
        self.file = file
        self.environment = environment
        places = JSONPlaces(text)
    }

    mutating func read(_ content: LocatedJSON, into graph: inout Graph) {
        guard case .object(let members) = content.content else {
            report("a graph file wants an object, got \(content.kindName)", at: content.offset)
            return
        }
        var nodes: LocatedJSON?
        var edges: LocatedJSON?
        var defaults: LocatedJSON?
        var tests: LocatedJSON?
        var misspelt: Set<String> = []
        for member in members {
            switch member.key {
            case "name": read(member, into: &graph.name)
            case "nodes": nodes = member.value
            case "graph": edges = member.value
            case "defaults": defaults = member.value
            case "env": graph.env = readEnv(member.value)
            case "dead_letter":
                graph.deadLetter = nonEmptyString(member, of: .graph) ?? graph.deadLetter
            case "$schema": readSchema(member)
            case "tests": tests = member.value
            default:
                let meant = unknownKey(
                    member, of: .graph, owner: "a graph file",
                    known: ["name", "nodes", "graph", "env", "defaults", "dead_letter", "tests"])
                if let meant { misspelt.insert(meant) }
            }
        }
        var template = Graph.Node("", coro: "")
        if misspelt.contains("defaults") {
            template.unreadable.formUnion(GraphFileReader.propertyKeys)
        }
        if let defaults {
            read(properties: defaults, of: .defaults, named: "it", into: &template)
        }
        guard let nodes else {
            if misspelt.contains("nodes") { return }
            report(
                "no \"nodes\": a graph file wants the nodes by name, "
                    + "such as {\"nodes\": {\"inp\": {\"coro\": \"io.lines\"}}}",
                at: content.offset)
            return
        }
        let names = read(nodes: nodes, template: template, into: &graph)
        // Without nodes nothing can be said of their names.
        if names.isEmpty { return }
        if misspelt.contains("graph") { graph.edgesAreIncomplete = true }
        if let edges { read(edges: edges, names: names, into: &graph) }
        if let tests {
            let nodes = NodeNames(nodes: graph.nodes, positions: names)
            graph.tests = read(tests: tests, nodes: nodes)
        }
    }

    private mutating func read(_ member: LocatedJSON.Member, into name: inout String) {
        if let text = nonEmptyString(member, of: .graph) { name = text }
    }

    /// The schema is for editors; the host needs none.
    private mutating func readSchema(_ member: LocatedJSON.Member) {
        if case .string = member.value.content { return }
        wrongKind(
            member.value, of: .graph, key: member.key,
            wants: "a string, the address of a schema for editors")
    }

    private mutating func readEnv(_ env: LocatedJSON) -> [String: Value] {
        guard case .object(let members) = env.content else {
            wrongKind(env, of: .graph, key: "env", wants: "an object of names and values")
            return [:]
        }
        var values: [String: Value] = [:]
        for member in members { values[member.key] = value(member.value, of: .graph) }
        return values
    }

    // MARK: Values

    /// - Returns: nil where it is none, or its `${NAME}` can't be filled in.
    mutating func string(_ member: LocatedJSON.Member, of subject: Subject) -> String? {
        guard case .string(let text) = member.value.content else {
            wrongKind(member.value, of: subject, key: member.key, wants: "a string")
            return nil
        }
        return expanded(text, of: subject, at: member.value.offset)?.text
    }

    /// - Returns: nil where its `${NAME}` can't be filled in.
    private mutating func expanded(
        _ text: String, of subject: Subject, at offset: Int
    ) -> EnvironmentText? {
        let expanded = EnvironmentText(text, environment: environment)
        for error in expanded.errors { report(subject.prefix + error, at: offset) }
        return expanded.errors.isEmpty ? expanded : nil
    }

    mutating func nonEmptyString(_ member: LocatedJSON.Member, of subject: Subject) -> String? {
        guard let text = string(member, of: subject) else { return nil }
        if text.isEmpty {
            report("\(subject.prefix)\(member.key.quoted) is empty", at: member.value.offset)
            return nil
        }
        return text
    }

    mutating func bool(
        _ member: LocatedJSON.Member, of subject: Subject, into property: inout Bool
    ) {
        switch scalar(member, of: subject, wants: "true or false") {
        case .bool(let bool): property = bool
        case nil: break
        default: wrongKind(member.value, of: subject, key: member.key, wants: "true or false")
        }
    }

    /// The content of what is to be a number or a truth value: as it stands, or of the variable of
    /// the environment where it is a string that is one reference and nothing else.
    ///
    /// - Returns: nil where that is no JSON of such a kind, which was reported.
    private mutating func scalar(
        _ member: LocatedJSON.Member, of subject: Subject, wants: String
    ) -> LocatedJSON.Content? {
        guard case .string(let text) = member.value.content else { return member.value.content }
        guard let expanded = expanded(text, of: subject, at: member.value.offset) else {
            return nil
        }
        guard let variable = expanded.variable else { return member.value.content }
        switch variable.json {
        case .bool(let bool): return .bool(bool)
        case .int(let integer): return .integer(integer)
        default:
            report(
                "\(subject.prefix)\(member.key.quoted) wants \(wants), and \(variable.words)",
                at: member.value.offset)
            return nil
        }
    }

    mutating func integer(
        _ member: LocatedJSON.Member, of subject: Subject, in range: ClosedRange<Int>
    ) -> Int? {
        guard let content = scalar(member, of: subject, wants: "an integer") else { return nil }
        guard case .integer(let integer) = content else {
            wrongKind(member.value, of: subject, key: member.key, wants: "an integer")
            return nil
        }
        guard let exact = Int(exactly: integer), range.contains(exact) else {
            report(
                "\(subject.prefix)\(member.key.quoted) is \(integer); it can be "
                    + "\(range.lowerBound) to \(range.upperBound)",
                at: member.value.offset)
            return nil
        }
        return exact
    }

    /// Nested values are at most as deep as the reader of JSON lets a text be.
    mutating func value(_ value: LocatedJSON, of subject: Subject) -> Value {
        switch value.content {
        case .null: return .null
        case .bool(let bool): return .bool(bool)
        case .integer(let integer): return .int(integer)
        case .real(let real): return .float(real)
        case .string(let text):
            return .string(expanded(text, of: subject, at: value.offset)?.text ?? "")
        case .list(let elements):
            var values: [Value] = []
            for element in elements { values.append(self.value(element, of: subject)) }
            return .list(values)
        case .object(let members):
            var pairs: [Value.Pair] = []
            for member in members {
                pairs.append(Value.Pair(member.key, self.value(member.value, of: subject)))
            }
            return .map(pairs)
        }
    }

    /// Of a value that is a string and all from the environment.
    func variable(of value: LocatedJSON) -> EnvironmentVariable? {
        guard case .string(let text) = value.content else { return nil }
        return EnvironmentText(text, environment: environment).variable
    }

    // MARK: Messages

    func place(_ offset: Int) -> Place {
        let place = places.place(at: offset)
        return Place(line: place.line, column: place.column)
    }

    mutating func report(_ message: String, at offset: Int) {
        diagnostics.append(Diagnostic(file: file, at: place(offset), message))
    }

    mutating func wrongKind(
        _ value: LocatedJSON, of subject: Subject, key: String, wants: String
    ) {
        report(
            "\(subject.prefix)\(key.quoted) wants \(wants), got \(value.kindName)",
            at: value.offset)
    }

    /// - Returns: the key that was probably meant: what it says is not missing as well.
    @discardableResult
    mutating func unknownKey(
        _ member: LocatedJSON.Member, of subject: Subject, owner: String, known: [String]
    ) -> String? {
        let meant = nearestName(to: member.key, among: known)
        report(
            "\(subject.prefix)unknown key \(member.key.quoted); \(owner) has \(known.listed)."
                + (meant.map { " Did you mean \($0.quoted)?" } ?? ""),
            at: member.keyOffset)
        return meant
    }
}
