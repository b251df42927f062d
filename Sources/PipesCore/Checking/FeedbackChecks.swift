extension GraphCheck {
    /// Rows for which a feedback edge has room: as many as its loop may hold.
    func roomInLoop(_ feedback: Graph.Feedback, _ head: NodeProperties) -> Int {
        feedback.maxInLoop ?? max(head.queueSize, feedback.initial.count)
    }

    /// What each feedback edge says of itself, and whether its head can take it.
    mutating func checkFeedback() {
        for (edge, wire) in wires.enumerated() {
            if let wire, wire.isFeedback { feedbackInto[wire.to, default: []].append(edge) }
        }
        for (index, edge) in graph.edges.enumerated() {
            guard let feedback = edge.feedback, let wire = wires[index] else { continue }
            if edge.queueSize != nil || edge.queueBytes != nil {
                report(
                    edge: index,
                    "a feedback edge has room for \"max_in_loop\" rows; leave \"queue_size\" and "
                        + "\"queue_bytes\" out",
                    at: edge.place)
            }
            checkCounts(of: feedback, edge: index)
            checkHead(wire.to, fedBy: index, feedback)
            checkInitial(feedback, edge: index, head: wire.to)
        }
    }

    private mutating func checkCounts(of feedback: Graph.Feedback, edge: Int) {
        guard let most = feedback.maxInLoop else { return }
        if most < 1 {
            report(
                edge: edge, "\"max_in_loop\" is \(most); it can be 1 or more",
                at: feedback.places.maxInLoop)
        } else if feedback.initial.count > most {
            report(
                edge: edge,
                "\"initial\" has \(feedback.initial.count) rows, but \"max_in_loop\" lets only "
                    + "\(most) into the loop; set it to \(feedback.initial.count) or more",
                at: feedback.places.maxInLoop)
        }
    }

    private mutating func checkHead(
        _ head: Int, fedBy edge: Int, _ feedback: Graph.Feedback
    ) {
        if let first = feedbackInto[head]?.first, first != edge {
            report(
                edge: edge,
                "\(name(head)) is fed back to by \(graph.edges[first].from.quoted) already, and a "
                    + "node begins one loop only",
                at: graph.edges[edge].place)
            return
        }
        guard feedback.initial.isEmpty, !feedback.isUnreadable, !edgesAreIncomplete else { return }
        if inputs[head].count == 1 {
            report(
                edge: edge,
                "nothing ever enters the loop: \(name(head)) has no other input. Give the first "
                    + "rows in \"initial\"",
                at: graph.edges[edge].place)
        } else if graph.nodes[head].properties.aggregateInputs, modeIsKnown(head) {
            report(
                edge: edge,
                "\(name(head)) joins what goes back with its other inputs, so the first of their "
                    + "rows would wait for ever. Give the first rows in \"initial\", or set "
                    + "\"aggregate_inputs\": false to let rows enter one by one",
                at: graph.edges[edge].place)
        }
    }

    /// The initial values against what the head takes.
    private mutating func checkInitial(_ feedback: Graph.Feedback, edge: Int, head: Int) {
        guard let port = headPort(head, fedBy: edge), !feedback.isUnreadable else { return }
        let param = ProcessorDescription.Param(name: port.name, kind: port.kind)
        for (position, value) in feedback.initial.enumerated() {
            do {
                _ = try param.converted(value)
            } catch {
                report(
                    edge: edge,
                    "initial row \(position) goes to input \(port.name.quoted) of \(name(head)), "
                        + "which \(error.reason)",
                    at: position < feedback.places.initial.count
                        ? feedback.places.initial[position] : graph.edges[edge].place)
            }
        }
    }

    func headPort(_ head: Int, fedBy edge: Int) -> ProcessorDescription.Port? {
        guard feedbackInto[head]?.count == 1, let ports = descriptions[head]?.inputs,
            let position = inputs[head].firstIndex(of: edge)
        else { return nil }
        let port = modes[head] == .merge ? 0 : position
        return port < ports.count ? ports[port] : nil
    }

    // MARK: Messages

    func names(of edge: Int) -> String {
        "\(graph.edges[edge].from.quoted) -> \(graph.edges[edge].to.quoted)"
    }

    mutating func report(edge: Int, _ message: String, at place: Place?) {
        diagnostics.append(
            Diagnostic(
                file: graph.file, at: place ?? graph.edges[edge].place,
                "edge \(names(of: edge)): \(message)"))
    }
}
