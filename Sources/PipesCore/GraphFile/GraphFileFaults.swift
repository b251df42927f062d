/// The parts of `tests` that are about rows that fail.
extension GraphFileReader {
    private static let faultKeys = ["at", "how", "times", "time", "message"]
    private static let letterKeys = ["node", "key", "attempts", "message", "row"]
    private static let effects = ["reject", "retry", "delay", "crash"]

    // MARK: Faults

    mutating func readFaults(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.Fault] {
        let wants =
            "an object of nodes and faults, such as {\"rev\": {\"at\": [3], \"how\": \"reject\"}}"
        let lists: [[GraphTest.Fault]] = byNode(
            member, of: subject, nodes, wants: wants
        ) { reader, node, value in
            guard case .list(let elements) = value.content else {
                return reader.read(fault: value, at: node, of: subject).map { [$0] }
            }
            var faults: [GraphTest.Fault] = []
            for element in elements {
                if let fault = reader.read(fault: element, at: node, of: subject) {
                    faults.append(fault)
                }
            }
            return faults
        }
        return lists.flatMap { $0 }
    }

    private mutating func read(
        fault: LocatedJSON, at node: GraphTest.Name, of subject: Subject
    ) -> GraphTest.Fault? {
        guard case .object(let members) = fault.content else {
            report(
                "\(subject.prefix)a fault wants an object such as {\"at\": [3], \"how\": "
                    + "\"reject\"}, got \(fault.kindName)",
                at: fault.offset)
            return nil
        }
        var keys: [[UInt64]]?
        var how: LocatedJSON.Member?
        var message: String?
        var misspelt: Set<String> = []
        for member in members {
            switch member.key {
            case "at": keys = readKeys(member, of: subject)
            case "how": how = member
            case "times", "time": break
            case "message": message = string(member, of: subject)
            default:
                let meant = unknownKey(
                    member, of: subject, owner: "a fault", known: GraphFileReader.faultKeys)
                if let meant { misspelt.insert(meant) }
            }
        }
        guard let how else {
            if misspelt.contains("how") { return nil }
            report(
                "\(subject.prefix)a fault without \"how\"; it can be "
                    + GraphFileReader.effects.map(\.quoted).listed,
                at: fault.offset)
            return nil
        }
        let effect = readEffect(how, members, of: subject)
        if !misspelt.contains("at"), !members.contains(where: { $0.key == "at" }) {
            report(
                "\(subject.prefix)a fault without \"at\"; it names the keys of rows, from 0, such "
                    + "as [3]",
                at: fault.offset)
        }
        guard let keys, let effect else { return nil }
        return GraphTest.Fault(
            node: node, keys: keys, effect: effect, message: message,
            place: place(fault.offset), effectPlace: place(how.value.offset))
    }

    private mutating func readEffect(
        _ how: LocatedJSON.Member, _ members: [LocatedJSON.Member], of subject: Subject
    ) -> GraphTest.Fault.Effect? {
        guard let text = string(how, of: subject) else { return nil }
        let times = members.first { $0.key == "times" }
        let time = members.first { $0.key == "time" }
        let isKnown = GraphFileReader.effects.contains(text)
        if let times, isKnown, text != "retry" {
            report(
                "\(subject.prefix)\"times\" goes with \"how\": \"retry\"", at: times.keyOffset)
        }
        if let time, isKnown, text != "delay" {
            report("\(subject.prefix)\"time\" goes with \"how\": \"delay\"", at: time.keyOffset)
        }
        switch text {
        case "reject": return .reject
        case "crash": return .crash
        case "retry":
            guard let times else { return .retry(times: 1) }
            return integer(times, of: subject, in: 1...1_000_000_000).map { .retry(times: $0) }
        case "delay":
            guard let time else { return .delay(.seconds(1)) }
            return duration(time, of: subject).map { .delay($0) }
        default:
            report(
                "\(subject.prefix)\"how\" is \(text.quoted); it can be "
                    + GraphFileReader.effects.map(\.quoted).listed + "."
                    + didYouMean(text, among: GraphFileReader.effects),
                at: how.value.offset)
            return nil
        }
    }

    /// `3` or `[3, [7, 0]]`: a key is a number, or a list of them.
    private mutating func readKeys(
        _ member: LocatedJSON.Member, of subject: Subject
    ) -> [[UInt64]]? {
        if case .integer = member.value.content {
            return readKey(member.value, of: subject, called: member.key).map { [$0] }
        }
        guard case .list(let elements) = member.value.content else {
            wrongKind(
                member.value, of: subject, key: member.key,
                wants: "the keys of rows, such as [3], or [[7, 0]] behind a split")
            return nil
        }
        var keys: [[UInt64]] = []
        for element in elements {
            guard let key = readKey(element, of: subject, called: member.key) else { return nil }
            keys.append(key)
        }
        return keys
    }

    private mutating func readKey(
        _ value: LocatedJSON, of subject: Subject, called name: String
    ) -> [UInt64]? {
        let rule = "\(subject.prefix)\(name.quoted): a key is a number from 0 or a list of them"
        guard case .list(let elements) = value.content else {
            if case .integer(let number) = value.content, number >= 0 { return [UInt64(number)] }
            report("\(rule), got \(Self.noKey(value))", at: value.offset)
            return nil
        }
        if elements.isEmpty { report("\(rule), got an empty list", at: value.offset) }
        var key: [UInt64] = []
        for (index, element) in elements.enumerated() {
            if case .integer(let number) = element.content, number >= 0 {
                key.append(UInt64(number))
            } else {
                report(
                    "\(rule), and item \(index + 1) of this list is \(Self.noKey(element))",
                    at: element.offset)
            }
        }
        return !key.isEmpty && key.count == elements.count ? key : nil
    }

    /// What is there in place of a number from 0.
    private static func noKey(_ value: LocatedJSON) -> String {
        switch value.content {
        case .integer(let number): "\(number), which is below 0"
        case .real(let number): "\(number), \(value.kindName)"
        default: value.kindName
        }
    }

    // MARK: Expected failures

    mutating func readFailures(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.Failures] {
        let wants =
            "an object of nodes and how many rows fail there, or what for, such as {\"rev\": 1}"
        return byNode(member, of: subject, nodes, wants: wants) { reader, node, value in
            let place = reader.place(value.offset)
            switch value.content {
            case .integer(let count) where count >= 0:
                return GraphTest.Failures(node: node, count: Int(count), place: place)
            case .list(let elements):
                for element in elements {
                    if case .string = element.content { continue }
                    reader.report(
                        "\(subject.prefix)a failure of \(node.node.quoted) is told by its "
                            + "message, a string; got \(element.kindName)",
                        at: element.offset)
                    return nil
                }
                return GraphTest.Failures(
                    node: node, count: elements.count,
                    messages: reader.rows(elements, of: subject), place: place)
            default:
                reader.report(
                    "\(subject.prefix)the failures of \(node.node.quoted) are a number from 0 or "
                        + "a list of messages, got \(value.kindName)",
                    at: value.offset)
                return nil
            }
        }
    }

    mutating func readLetters(
        _ member: LocatedJSON.Member, of subject: Subject, _ nodes: NodeNames
    ) -> [GraphTest.Letter]? {
        guard case .list(let elements) = member.value.content else {
            wrongKind(
                member.value, of: subject, key: member.key,
                wants: "a list such as [{\"node\": \"rev\", \"key\": [3]}]")
            return nil
        }
        var letters: [GraphTest.Letter] = []
        for element in elements {
            if let letter = read(letter: element, of: subject, nodes) { letters.append(letter) }
        }
        return letters
    }

    private mutating func read(
        letter: LocatedJSON, of subject: Subject, _ nodes: NodeNames
    ) -> GraphTest.Letter? {
        guard case .object(let members) = letter.content else {
            report(
                "\(subject.prefix)a dead letter wants an object, got \(letter.kindName)",
                at: letter.offset)
            return nil
        }
        var result = GraphTest.Letter(place: place(letter.offset))
        for member in members {
            switch member.key {
            case "node":
                guard let name = string(member, of: subject) else { continue }
                result.node = nodeName(name, at: member.value.offset, of: subject, nodes)
            case "key": result.key = readKey(member.value, of: subject, called: "key")
            case "attempts": result.attempts = integer(member, of: subject, in: 0...Int.max)
            case "message": result.message = string(member, of: subject)
            case "row":
                guard case .list(let values) = member.value.content else {
                    wrongKind(
                        member.value, of: subject, key: "row",
                        wants: "a list with the value of each joined input")
                    continue
                }
                result.row = rows(values, of: subject).map(\.value)
            default:
                unknownKey(
                    member, of: subject, owner: "a dead letter",
                    known: GraphFileReader.letterKeys)
            }
        }
        return result
    }
}
