extension GraphCheck {
    /// Both ends of every edge: names, ports, senders that yield nothing, receivers that take
    /// nothing.
    mutating func checkEdges() {
        var positions: [String: Int] = Dictionary(minimumCapacity: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            guard positions[node.name] != nil else {
                positions[node.name] = index
                continue
            }
            twins.insert(index)
            report(node: index, "a second node of this name", at: node.places.name)
        }
        wires.reserveCapacity(graph.edges.count)
        var sinksReported: Set<Int> = []
        for (index, edge) in graph.edges.enumerated() {
            guard let from = position(of: edge.from, among: positions, edge),
                let to = position(of: edge.to, among: positions, edge)
            else {
                edgesAreIncomplete = true
                wires.append(nil)
                continue
            }
            let receiver = graph.nodes[to].properties
            wires.append(
                Wire(
                    from: from, to: to,
                    port: port(of: edge, from: from, sinksReported: &sinksReported),
                    capacity: edge.feedback.map { roomInLoop($0, receiver) }
                        ?? edge.queueSize ?? receiver.queueSize,
                    capacityIsFixed: edge.queueSize != nil || receiver.queueSizeIsFixed,
                    // It has room for all that goes round.
                    overflow: edge.feedback == nil ? edge.overflow ?? receiver.overflow : .suspend,
                    isFeedback: edge.feedback != nil))
            inputs[to].append(index)
            outputs[from].append(index)
            // Where a sink feeds a source, that it feeds anybody is the mistake.
            let comesFromSink = descriptions[from]?.isSink == true
            if let description = descriptions[to], description.isSource, !comesFromSink {
                report(
                    node: to,
                    "\(graph.nodes[to].coro) is a source and takes no input; take \(name(to)) out "
                        + "of what \(name(from)) feeds",
                    at: edge.place)
            }
        }
        checkTwins()
    }

    private mutating func position(
        of name: String, among positions: [String: Int], _ edge: Graph.Edge
    ) -> Int? {
        if let position = positions[name] { return position }
        comparisonsLeft -= graph.nodes.count
        let nearest =
            comparisonsLeft < 0 ? "" : didYouMean(name, among: graph.nodes.lazy.map(\.name))
        diagnostics.append(
            Diagnostic(
                file: graph.file, at: name == edge.from ? edge.fromPlace : edge.place,
                "edge \(edge.from.quoted) -> \(edge.to.quoted): \(name.quoted) is not among the "
                    + "nodes.\(nearest)"))
        return nil
    }

    private mutating func port(
        of edge: Graph.Edge, from: Int, sinksReported: inout Set<Int>
    ) -> Int? {
        guard let description = descriptions[from] else { return nil }
        if description.isSink || description.outputs.isEmpty {
            if sinksReported.insert(from).inserted {
                report(
                    node: from,
                    "\(graph.nodes[from].coro) is a sink and feeds no other node; take "
                        + "\(edge.to.quoted) out of its list",
                    at: edge.place)
            }
            return nil
        }
        let names = description.outputs.map(\.name)
        guard let output = edge.output else {
            // A plain list feeds from the first output; the rows of the others have no reader.
            if names.count > 1, outputs[from].isEmpty {
                report(
                    .warning, node: from,
                    "\(graph.nodes[from].coro) has the outputs \(names.listed), and a plain list "
                        + "feeds from \(names[0]) alone; say which feeds whom, as in "
                        + "{\"\(names[0])\": [\"\(edge.to)\"]}",
                    at: edge.place)
            }
            return 0
        }
        if let port = names.firstIndex(of: output) { return port }
        // Each edge of an output is one mistake of the user only once: with its first receiver.
        if outputs[from].last.map({ graph.edges[$0].output }) != output {
            report(
                node: from,
                "no output \(output.quoted); \(graph.nodes[from].coro) has \(names.listed)."
                    + didYouMean(output, among: names),
                at: edge.outputPlace)
        }
        return nil
    }

    /// The file's reader finds them in a list; graphs that are built in code can have them too.
    private mutating func checkTwins() {
        struct Ends: Hashable {
            var from: Int
            var port: Int
            var to: Int
        }
        guard graph.file == nil else { return }
        var seen: Set<Ends> = []
        for wire in wires {
            guard let wire, let port = wire.port else { continue }
            if !seen.insert(Ends(from: wire.from, port: port, to: wire.to)).inserted {
                report(node: wire.from, "feeds \(name(wire.to)) twice by one output", at: nil)
            }
        }
    }

    // MARK: What a node takes

    /// Whether each node has as many inputs as its processor takes.
    mutating func checkInputs() {
        for (index, node) in graph.nodes.enumerated() {
            modes[index] = mode(of: index)
            guard let description = descriptions[index], !description.isSource,
                !twins.contains(index)
            else { continue }
            if inputs[index].isEmpty {
                if edgesAreIncomplete { continue }
                report(
                    node: index,
                    "\(node.coro) needs input and no node feeds it; name \(name(index)) in the "
                        + "list of one under \"graph\"",
                    at: node.places.name)
            } else if let ports = description.inputs, !ports.isEmpty, modeIsKnown(index) {
                checkWidth(of: index, ports)
            }
        }
    }

    /// Whether it can be said how a node takes its inputs: not where `aggregate_inputs` could not be
    /// read.
    func modeIsKnown(_ node: Int) -> Bool {
        !graph.nodes[node].unreadable.contains("aggregate_inputs")
            || inputs[node].count == 1 && descriptions[node]?.inputs?.count == 1
    }

    private func mode(of node: Int) -> CheckedGraph.InputMode {
        if inputs[node].isEmpty || descriptions[node]?.isSource == true { return .none }
        if !graph.nodes[node].properties.aggregateInputs { return .merge }
        // How they are paired is found with their lineages.
        return inputs[node].count == 1 ? .single : .join(.init(groups: [], depths: []))
    }

    private mutating func checkWidth(of index: Int, _ ports: [ProcessorDescription.Port]) {
        let node = graph.nodes[index]
        let senders = inputs[index].compactMap { wires[$0]?.from }
        if modes[index] == .merge {
            guard ports.count != 1 else { return }
            misfits.insert(index)
            report(
                node: index,
                "\(node.coro) joins \(ports.count) inputs (\(ports.map(\.name).listed)), but "
                    + "\"aggregate_inputs\": false gives it one value at a time; leave that out",
                at: node.places.properties["aggregate_inputs"] ?? node.places.name)
            return
        }
        if senders.count > ports.count {
            misfits.insert(index)
            // The edge that is too many may be the one that closes the cycle, or comes from a sink.
            let isTold =
                cycleNodes.contains(index)
                || senders.contains { descriptions[$0]?.isSink == true }
            if isTold { return }
            let takes = ports.count == 1 ? "1 input" : "\(ports.count) inputs"
            let remedy =
                ports.count == 1
                ? "; set \"aggregate_inputs\": false to take their rows one by one" : ""
            report(
                node: index,
                "\(node.coro) takes \(takes), but \(senders.count) nodes feed it: "
                    + senders.map(name).listed + remedy,
                at: graph.edges[inputs[index][ports.count]].place)
        } else if senders.count < ports.count {
            misfits.insert(index)
            if edgesAreIncomplete { return }
            report(
                node: index,
                "\(node.coro) joins \(ports.count) inputs (\(ports.map(\.name).listed)), but "
                    + "only \(senders.count) feeds it: \(senders.map(name).listed)",
                at: node.places.name)
        }
    }

    /// What a node makes of its rows and nobody takes is worked out for nothing.
    mutating func warnOfUnread() {
        if edgesAreIncomplete { return }
        for (index, node) in graph.nodes.enumerated() {
            guard let description = descriptions[index], !description.isSink,
                !description.isSource, !description.outputs.isEmpty, outputs[index].isEmpty,
                // Without inputs it yields nothing, which is an error by itself.
                !inputs[index].isEmpty,
                !twins.contains(index)
            else { continue }
            report(
                .warning, node: index,
                "feeds no other node, so what \(node.coro) yields is lost; name those that take it "
                    + "under \"graph\", as in {\(name(index)): [\"out\"]}",
                at: node.places.name)
        }
    }

    /// Calls of a processor that is not concurrent come one after the other, whatever a node says.
    mutating func warnOfIdleConcurrency() {
        for (index, node) in graph.nodes.enumerated() {
            let count = node.properties.concurrency
            // What "defaults" says is meant for those that can.
            guard count > 1, !node.inherited.contains("concurrency"),
                let reason = descriptions[index].flatMap(whyOneAtATime)
            else { continue }
            report(
                .warning, node: index,
                "\"concurrency\" \(count) changes nothing: \(node.coro) \(reason), so its calls come "
                    + "one at a time; leave it out",
                at: node.places.properties["concurrency"] ?? node.places.name)
        }
    }

    private func whyOneAtATime(_ description: ProcessorDescription) -> String? {
        if description.isSource { return "is a source" }
        if description.flags.contains(.defers) { return nil }
        if !description.flags.contains(.concurrent) {
            return "is not concurrent (PIPES_CONCURRENT)"
        }
        return description.rate == .aggregates ? "aggregates" : nil
    }

    // MARK: Kinds

    /// What each edge brings against what its receiver takes.
    mutating func checkKinds() {
        for node in graph.nodes.indices {
            guard let ports = descriptions[node]?.inputs, !ports.isEmpty, modeIsKnown(node) else {
                continue
            }
            // Which input is missing can't be known, nor what a join is fed that merges.
            let isComplete = inputs[node].count >= ports.count && modes[node] != .merge
            if misfits.contains(node), !isComplete { continue }
            let isMerge = modes[node] == .merge
            for (position, edge) in inputs[node].enumerated() {
                let input = isMerge ? 0 : position
                guard input < ports.count, let wire = wires[edge], let port = wire.port,
                    let output = descriptions[wire.from]?.outputs[port]
                else { continue }
                checkKinds(of: edge, wire, output, ports[input])
            }
        }
    }

    private mutating func checkKinds(
        of edge: Int, _ wire: Wire, _ output: ProcessorDescription.Port,
        _ input: ProcessorDescription.Port
    ) {
        if output.kind == input.kind || output.kind == .any || input.kind == .any { return }
        report(
            node: wire.to,
            "input \(input.name.quoted) wants \(input.kind.name), but output "
                + "\(output.name.quoted) of node \(name(wire.from)) gives \(output.kind.name); "
                + "put a node between them that turns \(output.kind.name) into "
                + input.kind.name
                + ((output.kind, input.kind) == (.bytes, .string) ? ", such as strings.text" : ""),
            at: graph.edges[edge].place)
    }
}
