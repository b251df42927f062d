extension GraphCheck {
    /// Args against params: unknown, twice, of the wrong kind, out of range, missing.
    mutating func checkArgs() {
        for (index, node) in graph.nodes.enumerated() {
            guard let description = descriptions[index] else { continue }
            args[index] = checkedArgs(of: node, at: index, description)
        }
    }

    private mutating func checkedArgs(
        of node: Graph.Node, at index: Int, _ description: ProcessorDescription
    ) -> [Value]? {
        let params = description.params
        var values: [Value?] = params.map(\.fallback)
        var given: Set<Int> = []
        let argsAreUnreadable = node.unreadable.contains("args")
        var isSound = !argsAreUnreadable
        // What is meant by a name that no param has is not missing as well.
        var misspelt: Set<String> = []
        for arg in node.args {
            guard let position = params.firstIndex(where: { $0.name == arg.name }) else {
                report(
                    node: index, unknownParam(arg.name, of: node, params.map(\.name)),
                    at: arg.namePlace)
                if let meant = nearestName(to: arg.name, among: params.map(\.name)) {
                    misspelt.insert(meant)
                }
                isSound = false
                continue
            }
            // In a file a second one has been reported as a key that stands twice.
            if !given.insert(position).inserted {
                if graph.file == nil {
                    report(node: index, "param \(arg.name.quoted) is given twice", at: nil)
                }
                isSound = false
                continue
            }
            values[position] = arg.value
            if arg.isUnreadable {
                isSound = false
                continue
            }
            do {
                values[position] = try params[position].converted(arg)
            } catch {
                diagnostics.append(
                    Diagnostic(
                        file: arg.option ?? graph.file, at: arg.valuePlace,
                        "node \(name(index)): param \(arg.name.quoted) \(error.reason)"))
                isSound = false
            }
        }
        for (position, param) in params.enumerated() where !given.contains(position) {
            guard let fallback = values[position] else {
                if argsAreUnreadable || misspelt.contains(param.name) { continue }
                report(
                    node: index,
                    "\(node.coro) needs param \(param.name.quoted) (\(param.kind.name)); give it "
                        + "in \"args\"",
                    at: node.places.name)
                isSound = false
                continue
            }
            // What a processor says of its own param was checked when it was loaded.
            values[position] = (try? param.converted(fallback)) ?? fallback
        }
        return isSound ? values.map { $0 ?? .null } : nil
    }

    private func unknownParam(
        _ name: String, of node: Graph.Node, _ known: [String]
    ) -> String {
        if known.isEmpty { return "no param \(name.quoted); \(node.coro) takes none" }
        return "no param \(name.quoted); \(node.coro) takes \(known.listed)."
            + didYouMean(name, among: known)
    }

    /// How many rows a node may keep before it settles the first; `Int.max`: until flush.
    mutating func holds(of node: Int, _ description: ProcessorDescription) -> Int {
        switch description.holds {
        case .none: return 0
        case .rows(let rows): return max(0, rows)
        case .all: return Int.max
        case .param(let name):
            guard let values = args[node] else { return 0 }
            guard let position = description.params.firstIndex(where: { $0.name == name }),
                case .int(let rows) = values[position]
            else {
                report(
                    node: node,
                    "\(graph.nodes[node].coro) says that it holds as many rows as its param "
                        + "\(name.quoted) tells, but has no such INT param: the plugin is broken",
                    at: graph.nodes[node].places.coro)
                return 0
            }
            return Int(max(0, rows))
        }
    }
}
