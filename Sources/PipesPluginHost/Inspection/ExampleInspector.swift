import Glibc
public import PipesCore

/// Tries the `examples` of a graph's nodes in child processes: a wrong signature is found when the
/// graph is checked, and a crash is an error at its line.
public struct ExampleInspector: Sendable {
    private let command: [String]
    private let limit: Duration

    /// - Parameters:
    ///   - command: starts a child that calls `ExampleTrial.run` with the text that is appended.
    ///   - limit: for the examples of one node.
    public init(command: [String], limit: Duration = .seconds(5)) {
        self.command = command
        self.limit = limit
    }

    /// What is wrong with the examples; empty where there are none. Blocks until all were tried.
    ///
    /// - Parameters:
    ///   - graph: one that passed its check.
    ///   - folders: where the child looks for plugins.
    public func problems(in graph: Graph, folders: PluginFolders) -> [Diagnostic] {
        graph.nodes.filter { !$0.examples.isEmpty }.flatMap { node in
            problems(of: node, in: graph, folders)
        }
    }

    private func problems(
        of node: Graph.Node, in graph: Graph, _ folders: PluginFolders
    ) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        var first = 0
        // One that ends the process leaves the next ones to another child.
        while first < node.examples.count {
            let outcomes = outcomes(of: node, from: first, in: graph, folders)
            for (example, outcome) in zip(node.examples[first...], outcomes) {
                if let flaw = outcome.flaw(wanted: example.output) {
                    problems.append(
                        Diagnostic(
                            file: graph.file, at: example.place,
                            "node \(node.name.quoted): the example \(flaw)"))
                }
            }
            first += outcomes.count
        }
        return problems
    }

    /// Tries examples in one child, up to the first that it does not survive.
    ///
    /// - Returns: what came of each that was tried; one at least.
    private func outcomes(
        of node: Graph.Node, from first: Int, in graph: Graph, _ folders: PluginFolders
    ) -> [Outcome] {
        var rest = node
        rest.examples.removeFirst(first)
        var request: [UInt8] = []
        ExampleTrial.Request(node: rest, file: graph.file, folders: folders.folders.map(\.path))
            .value.appendJSON(to: &request)
        var outcomes: [Outcome] = []
        do throws(ChildProcess.StartError) {
            let child = try ChildProcess(
                command + [String(decoding: request, as: UTF8.self)],
                environment: ["SWIFT_BACKTRACE=enable=no"])
            let reason = follow(child) { event, value in
                switch (event, value) {
                case (.yielded, .list(let values)): outcomes.append(.yielded(values))
                case (.failed, .string(let text)): outcomes.append(.failed(text))
                default: break
                }
            }
            if outcomes.count < rest.examples.count { outcomes.append(.ended(reason)) }
        } catch {
            outcomes.append(.ended("could not be tried: \(error.reason)"))
        }
        return outcomes
    }

    private enum Outcome {
        case yielded([Value])
        case failed(String)
        /// The child is gone, in words that follow "the example".
        case ended(String)

        func flaw(wanted: Value) -> String? {
            switch self {
            case .failed(let text): "failed: \(text)"
            case .ended(let reason): reason
            case .yielded(let values) where values.isEmpty:
                wanted == .null ? nil : "yields nothing, and should yield \(wanted.json)"
            case .yielded(let values):
                values.count == 1 && wanted.isMet(by: values[0])
                    ? nil
                    : "yields \(values.map(\.shown).joined(separator: ", ")), and should yield "
                        + wanted.shown
            }
        }
    }

    /// Reads what a child tells until it ends.
    ///
    /// - Returns: how it ended, in words that follow "the example".
    private func follow(
        _ child: ChildProcess, _ take: (ExampleTrial.Event, Value) -> Void
    ) -> String {
        defer { child.closeOutput() }
        let deadline = ContinuousClock.now + limit
        var output: [UInt8] = []
        while true {
            let ending = child.advance { output += $0 }
            while let end = output.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(output[..<end])
                output.removeSubrange(...end)
                guard case .map(let pairs)? = try? Value(form: Value(json: line)),
                    let pair = pairs.first,
                    let event = ExampleTrial.Event(rawValue: pair.key)
                else { continue }
                take(event, pair.value)
            }
            switch ending {
            case .signalled(let signal):
                return "crashes with signal \(signal); is the signature right?"
            case .exited(let code):
                return "ends the process with exit code \(code)"
            case nil: break
            }
            guard .now < deadline else { break }
            ChildProcess.wait(for: [child])
        }
        child.kill()
        _ = child.waitForEnding()
        return "takes longer than \(limit.components.seconds) s"
    }
}
