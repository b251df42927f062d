import Glibc
import PipesCore
import PipesRuntime

/// The child's side of `ExampleInspector`: runs the examples of one node, each as a graph of its
/// own, and tells what they came to.
public enum ExampleTrial {
    /// A node and where to find its processor.
    struct Request {
        var node: Graph.Node
        var file: String?
        var folders: [String]

        var value: Value {
            .map([
                .init("name", .string(node.name)), .init("coro", .string(node.coro)),
                .init("signature", node.signature.map { .string($0) } ?? .null),
                .init("args", .list(node.args.map(Self.value))),
                .init("examples", .list(node.examples.map { .list($0.inputs) })),
                .init("file", file.map { .string($0) } ?? .null),
                .init("folders", .list(folders.map { .string($0) })),
            ])
        }

        init(node: Graph.Node, file: String?, folders: [String]) {
            self.node = node
            self.file = file
            self.folders = folders
        }

        /// An arg: its name, its value, and the name of the variable that it is all from or NULL.
        private static func value(of arg: Graph.Arg) -> Value {
            .list([
                .string(arg.name), arg.value, arg.variable.map { .string($0.name) } ?? .null,
            ])
        }

        private static func arg(_ value: Value) -> Graph.Arg? {
            guard case .list(let parts) = value, parts.count == 3, case .string(let name) = parts[0]
            else { return nil }
            var arg = Graph.Arg(name, parts[1])
            if case .string(let text) = parts[1], case .string(let variable) = parts[2] {
                arg.variable = EnvironmentVariable(name: variable, text: text)
            }
            return arg
        }

        /// - Throws: where it is not what `value` gives.
        init(_ value: Value) throws(ReportError) {
            let fields = try ReportFields(value)
            node = Graph.Node(
                try fields.string("name"), coro: try fields.string("coro"),
                signature: try fields.stringOrNull("signature"))
            for arg in try fields.list("args") {
                guard let arg = Self.arg(arg) else { throw fields.wrong("args") }
                node.args.append(arg)
            }
            for example in try fields.list("examples") {
                guard case .list(let inputs) = example else { throw fields.wrong("examples") }
                node.examples.append(.init(inputs: inputs, output: .null))
            }
            file = try fields.stringOrNull("file")
            folders = []
            for folder in try fields.list("folders") {
                guard case .string(let path) = folder else { throw fields.wrong("folders") }
                folders.append(path)
            }
        }
    }

    /// What the parent is told of one example after the other, a line each.
    enum Event: String {
        /// What an example yielded: a list.
        case yielded
        /// Why it could not be tried, or its row failed.
        case failed
    }

    /// Tries the examples, tells on standard output and ends the process.
    ///
    /// - Parameter request: as the parent wrote it.
    public static func run(_ request: String) async -> Never {
        Lifeline.hold()
        let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100)
        // What the function prints must not end up in what is told.
        dup2(STDERR_FILENO, STDOUT_FILENO)
        // A crash here is expected, and its core is of no use.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        guard output >= 0, let value = try? Value(form: Value(json: Array(request.utf8))),
            let request = try? Request(value)
        else { _exit(2) }
        for index in request.node.examples.indices {
            do throws(GraphFailure) {
                let result = try await result(of: index, request)
                if let message = result.message {
                    tell(.failed, .string(message), output)
                } else {
                    tell(.yielded, .list(result.values), output)
                }
            } catch {
                tell(.failed, .string(error.description), output)
            }
        }
        _exit(0)
    }

    private static func result(
        of index: Int, _ request: Request
    ) async throws(GraphFailure) -> (values: [Value], message: String?) {
        let inputs = request.node.examples[index].inputs
        let catalog = PluginCatalog(
            folders: PluginFolders(options: request.folders, executableFolder: nil))
        if let wanted = inputCount(of: request, catalog), wanted != inputs.count {
            let given = inputs.count == 1 ? "1 input" : "\(inputs.count) inputs"
            return ([], "it has \(given), and \(request.node.coro) takes \(wanted)")
        }
        let found = Locked<(values: [Value], message: String?)>(([], nil))
        var graph = Graph(name: "example", nodes: [request.node], edges: [])
        // What a library's path is relative to.
        graph.file = request.file
        var coros: [String: Coro] = [
            "out of the example": .sink { row, _ in
                found.withLock { $0.values += row }
            }
        ]
        for (index, input) in inputs.enumerated() {
            let name = "in \(index) of the example"
            coros[name] = .values([input])
            graph.nodes.append(.init(name, coro: name))
            graph.edges.append(.init(from: name, to: request.node.name))
        }
        graph.nodes.append(.init("out of the example", coro: "out of the example"))
        graph.edges.append(.init(from: request.node.name, to: "out of the example"))
        var options = Plumber.Options()
        options.deadLetters = { letter in found.withLock { $0.message = letter.message } }
        let plumber = try Plumber(
            graph, resolvers: [CoroMap(coros), catalog], options: options)
        _ = try await plumber.run()
        return found.withLock { $0 }
    }

    /// nil for a processor that takes any number, or that can't be had: the run says why.
    private static func inputCount(of request: Request, _ catalog: PluginCatalog) -> Int? {
        let processor = catalog.processor(
            coro: request.node.coro, signature: request.node.signature,
            graphFolder: PluginCatalog.folder(of: request.file ?? ""))
        return (try? processor.get())?.description.inputs?.count
    }

    private static func tell(_ event: Event, _ value: Value, _ output: Int32) {
        var bytes: [UInt8] = []
        Value.map([.init(event.rawValue, value)]).appendJSON(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        _ = bytes.withUnsafeBytes { write(output, $0.baseAddress, $0.count) }
    }
}
