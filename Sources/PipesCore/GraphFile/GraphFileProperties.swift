extension GraphFileReader {
    static let propertyKeys = [
        "aggregate_inputs", "queue_size", "queue_bytes", "concurrency", "ordered", "timeout",
        "on_error", "on_missing", "overflow",
    ]
    /// Above these an edge is not bounded in any sense that helps.
    static let queueSizes = 1...1_000_000_000
    static let queueByteCounts = 1...(1 << 50)
    static let concurrencies = 1...1_000_000
    static let retries = 0...1_000_000_000

    /// Reads `properties` or `defaults` over what the node has already.
    mutating func read(
        properties: LocatedJSON, of subject: Subject, named name: String,
        into node: inout Graph.Node
    ) {
        guard case .object(let members) = properties.content else {
            report(
                "\(subject.prefix)\(name) wants an object of properties, "
                    + "got \(properties.kindName)",
                at: properties.offset)
            node.unreadable.formUnion(GraphFileReader.propertyKeys)
            return
        }
        for member in members {
            node.places.properties[member.key] = place(member.keyOffset)
            if case .defaults = subject {
                node.inherited.insert(member.key)
            } else {
                node.inherited.remove(member.key)
            }
            let errorCount = diagnostics.count
            let key = read(property: member, of: subject, into: &node.properties)
            if diagnostics.count > errorCount {
                node.unreadable.insert(key)
            } else {
                node.unreadable.remove(key)
            }
        }
    }

    /// - Returns: the property that it is, or is probably meant to be.
    private mutating func read(
        property: LocatedJSON.Member, of subject: Subject, into properties: inout NodeProperties
    ) -> String {
        switch property.key {
        case "aggregate_inputs": bool(property, of: subject, into: &properties.aggregateInputs)
        case "ordered": bool(property, of: subject, into: &properties.ordered)
        case "queue_size":
            guard let size = queueSize(property, of: subject) else { return property.key }
            properties.queueSize = size
            properties.queueSizeIsFixed = true
        case "queue_bytes":
            if let size = queueBytes(property, of: subject) { properties.queueBytes = size }
        case "concurrency":
            let range = GraphFileReader.concurrencies
            if let count = integer(property, of: subject, in: range) {
                properties.concurrency = count
            }
        case "timeout": read(timeout: property, of: subject, into: &properties)
        case "on_error": read(onError: property, of: subject, into: &properties)
        case "on_missing": choice(property, of: subject, into: &properties.onMissing)
        case "overflow": choice(property, of: subject, into: &properties.overflow)
        default:
            let meant = unknownKey(
                property, of: subject, owner: "a node's properties",
                known: GraphFileReader.propertyKeys)
            return meant ?? property.key
        }
        return property.key
    }

    mutating func queueSize(_ member: LocatedJSON.Member, of subject: Subject) -> Int? {
        integer(member, of: subject, in: GraphFileReader.queueSizes)
    }

    mutating func queueBytes(_ member: LocatedJSON.Member, of subject: Subject) -> Int? {
        let range = GraphFileReader.queueByteCounts
        if case .integer = member.value.content { return integer(member, of: subject, in: range) }
        guard case .string = member.value.content else {
            wrongKind(
                member.value, of: subject, key: member.key, wants: "a size such as \"16MiB\"")
            return nil
        }
        guard let text = string(member, of: subject) else { return nil }
        guard let size = SizeText.parse(text), range.contains(size) else {
            report(
                "\(subject.prefix)\(member.key.quoted) is \(text.quoted), which is no size of at "
                    + "least one byte; write \(SizeText.examples)",
                at: member.value.offset)
            return nil
        }
        return size
    }

    private mutating func read(
        timeout: LocatedJSON.Member, of subject: Subject, into properties: inout NodeProperties
    ) {
        if case .null = timeout.value.content {
            properties.timeout = nil
        } else if let text = string(timeout, of: subject) {
            guard let duration = DurationText.parse(text), duration > .zero else {
                report(
                    "\(subject.prefix)\"timeout\" is \(text.quoted), which is no time above 0; "
                        + "write \(DurationText.examples)",
                    at: timeout.value.offset)
                return
            }
            properties.timeout = duration
        }
    }

    private mutating func read(
        onError: LocatedJSON.Member, of subject: Subject, into properties: inout NodeProperties
    ) {
        guard case .object(let members) = onError.value.content else {
            wrongKind(
                onError.value, of: subject, key: "on_error",
                wants: "an object such as {\"retry\": {\"max\": 3, \"backoff\": \"50ms..5s\"}, "
                    + "\"then\": \"skip\"}")
            return
        }
        for member in members {
            switch member.key {
            case "retry": read(retry: member, of: subject, into: &properties.retry)
            case "then": choice(member, of: subject, into: &properties.then)
            default:
                unknownKey(member, of: subject, owner: "\"on_error\"", known: ["retry", "then"])
            }
        }
    }

    private mutating func read(
        retry: LocatedJSON.Member, of subject: Subject, into policy: inout NodeProperties.Retry
    ) {
        guard case .object(let members) = retry.value.content else {
            wrongKind(
                retry.value, of: subject, key: "retry",
                wants: "an object such as {\"max\": 3, \"backoff\": \"50ms..5s\"}")
            return
        }
        for member in members {
            switch member.key {
            case "max":
                let range = GraphFileReader.retries
                if let max = integer(member, of: subject, in: range) { policy.max = max }
            case "backoff": read(backoff: member, of: subject, into: &policy)
            default:
                unknownKey(member, of: subject, owner: "\"retry\"", known: ["max", "backoff"])
            }
        }
    }

    private mutating func read(
        backoff: LocatedJSON.Member, of subject: Subject, into policy: inout NodeProperties.Retry
    ) {
        guard let text = string(backoff, of: subject) else { return }
        // Without the split's help: "1.5s..5s" has points of its own.
        let bytes = Array(text.utf8)
        let dots = bytes.indices.dropLast().first {
            bytes[$0] == UInt8(ascii: ".") && bytes[$0 + 1] == UInt8(ascii: ".")
        }
        guard let dots,
            let shortest = DurationText.parse(String(decoding: bytes[..<dots], as: UTF8.self)),
            let longest = DurationText.parse(
                String(decoding: bytes[(dots + 2)...], as: UTF8.self)),
            shortest <= longest
        else {
            report(
                "\(subject.prefix)\"backoff\" is \(text.quoted); it wants the first pause and the "
                    + "longest, such as \"50ms..5s\"",
                at: backoff.value.offset)
            return
        }
        policy.shortestPause = shortest
        policy.longestPause = longest
    }

    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ member: LocatedJSON.Member, of subject: Subject, into property: inout Choice
    ) {
        if let choice: Choice = choice(member, of: subject) { property = choice }
    }

    /// - Returns: nil where it is none, and that was reported.
    mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ member: LocatedJSON.Member, of subject: Subject
    ) -> Choice? {
        guard let text = string(member, of: subject) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let choices = Choice.allCases.map(\.rawValue)
        report(
            "\(subject.prefix)\(member.key.quoted) is \(text.quoted); it can be "
                + "\(choices.map(\.quoted).listed)." + didYouMean(text, among: choices),
            at: member.value.offset)
        return nil
    }
}
