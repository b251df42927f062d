extension GraphFileReader {
    /// Reads `graph`: the adjacency.
    mutating func read(edges: LocatedJSON, names: [String: Int], into graph: inout Graph) {
        guard case .object(let members) = edges.content else {
            wrongKind(
                edges, of: .graph, key: "graph",
                wants: "an object such as {\"inp\": [\"rev\"], \"rev\": null}")
            graph.edgesAreIncomplete = true
            return
        }
        var senders: Set<String> = []
        for member in members where senders.insert(member.key).inserted {
            guard names[member.key] != nil else {
                report(
                    "\"graph\" names \(member.key.quoted), which is not among the nodes."
                        + nearestNode(to: member.key, among: graph.nodes),
                    at: member.keyOffset)
                graph.edgesAreIncomplete = true
                continue
            }
            let sender = Sender(name: member.key, place: place(member.keyOffset))
            read(receivers: member.value, of: sender, names: names, into: &graph)
        }
    }

    /// Where edges come from.
    private struct Sender {
        var name: String
        var place: Place
        var output: String?
        var outputPlace: Place?
    }

    private mutating func read(
        receivers: LocatedJSON, of sender: Sender, names: [String: Int], into graph: inout Graph
    ) {
        switch receivers.content {
        case .null: break
        case .list(let elements):
            read(list: elements, of: sender, names: names, into: &graph)
        case .object(let outputs) where sender.output == nil:
            for output in outputs {
                var port = sender
                port.output = output.key
                port.outputPlace = place(output.keyOffset)
                read(receivers: output.value, of: port, names: names, into: &graph)
            }
        default:
            let subject =
                sender.output.map { "output \($0.quoted) of node \(sender.name.quoted)" }
                ?? "node \(sender.name.quoted)"
            let or = sender.output == nil ? ", null or an object of named outputs" : " or null"
            report(
                "\(subject) wants a list of the nodes it feeds\(or), got \(receivers.kindName)",
                at: receivers.offset)
            graph.edgesAreIncomplete = true
        }
    }

    private mutating func read(
        list elements: [LocatedJSON], of sender: Sender, names: [String: Int],
        into graph: inout Graph
    ) {
        var receivers: Set<String> = []
        for element in elements {
            guard let edge = read(edge: element, of: sender) else {
                graph.edgesAreIncomplete = true
                continue
            }
            let place = edge.offset
            if names[edge.edge.to] == nil {
                report(
                    "node \(sender.name.quoted) feeds \(edge.edge.to.quoted), which is not among "
                        + "the nodes." + nearestNode(to: edge.edge.to, among: graph.nodes),
                    at: place)
                graph.edgesAreIncomplete = true
            } else if elements.count > 1, !receivers.insert(edge.edge.to).inserted {
                report(
                    "node \(sender.name.quoted) names \(edge.edge.to.quoted) twice in one list; "
                        + "one edge carries every row once",
                    at: place)
            } else {
                graph.edges.append(edge.edge)
            }
        }
    }

    /// - Returns: the edge, and the offset of its receiver's name; nil where it says no receiver.
    private mutating func read(
        edge: LocatedJSON, of sender: Sender
    ) -> (edge: Graph.Edge, offset: Int)? {
        var result = Graph.Edge(
            from: sender.name, output: sender.output, to: "", fromPlace: sender.place,
            outputPlace: sender.outputPlace)
        switch edge.content {
        case .string:
            let member = LocatedJSON.Member(key: "to", keyOffset: edge.offset, value: edge)
            guard let receiver = string(member, of: .node(sender.name)) else { return nil }
            result.to = receiver
            result.place = place(edge.offset)
            return (result, edge.offset)
        case .object(let members):
            guard let to = members.first(where: { $0.key == "to" }) else {
                report(
                    "node \(sender.name.quoted): an edge without \"to\"; write a node's name, or "
                        + "{\"to\": \"out\", \"queue_size\": 16}",
                    at: edge.offset)
                return nil
            }
            guard let receiver = string(to, of: .node(sender.name)) else { return nil }
            result.to = receiver
            result.place = place(to.value.offset)
            for member in members { read(setting: member, into: &result) }
            return (result, to.value.offset)
        default:
            report(
                "node \(sender.name.quoted) feeds \(edge.kindName); write a node's name, or "
                    + "{\"to\": \"out\", \"queue_size\": 16}",
                at: edge.offset)
            return nil
        }
    }

    private mutating func read(setting: LocatedJSON.Member, into edge: inout Graph.Edge) {
        let subject = Subject.edge(from: edge.from, to: edge.to)
        switch setting.key {
        case "to": break
        case "queue_size":
            edge.queueSize = queueSize(setting, of: subject)
            if edge.queueSize == nil { edge.queueSizeIsUnreadable = true }
        case "queue_bytes": edge.queueBytes = queueBytes(setting, of: subject)
        case "overflow":
            var overflow = NodeProperties.Overflow.suspend
            choice(setting, of: subject, into: &overflow)
            edge.overflow = overflow
        case "feedback":
            edge.feedback = feedback(setting, of: subject)
        default:
            let meant = unknownKey(
                setting, of: subject, owner: "an edge",
                known: ["to", "queue_size", "queue_bytes", "overflow", "feedback"])
            if meant == "queue_size" { edge.queueSizeIsUnreadable = true }
            // It is meant to go back, whatever else it says.
            if meant == "feedback", edge.feedback == nil { edge.feedback = .unreadable }
        }
    }

    mutating func nearestNode(to name: String, among nodes: [Graph.Node]) -> String {
        comparisonsLeft -= nodes.count
        return comparisonsLeft < 0 ? "" : didYouMean(name, among: nodes.lazy.map(\.name))
    }
}
