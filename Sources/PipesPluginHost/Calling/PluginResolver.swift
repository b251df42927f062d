internal import CPipes
public import PipesCore
public import PipesRuntime

extension PluginCatalog: ProcessorResolver {
    /// A catalog whose plugins get this host's functions.
    ///
    /// - Parameters:
    ///   - folders: where it looks for plugins.
    ///   - allowed: what graphs may name. For graphs of strangers, an `AllowedCoros` with a list.
    ///   - scout: looks at each file in a child process before it is loaded; nil does not.
    public convenience init(
        folders: PluginFolders, allowed: AllowedCoros = .everything, scout: PluginInspector? = nil
    ) {
        self.init(folders: folders, allowed: allowed, host: HostTable.pointer, scout: scout)
    }

    public func resolve(
        _ node: Graph.Node, in graph: Graph
    ) -> Result<any ProcessorFactory, GraphChecker.Rejection>? {
        let found = processor(
            coro: node.coro, signature: node.signature,
            graphFolder: graph.file.map(PluginCatalog.folder(of:)))
        switch found {
        case .success(let processor):
            return .success(
                PluginFactory(
                    coro: node.coro, graph: graph.file ?? graph.name, processor: processor,
                    warnings: warnings(coro: node.coro)))
        case .failure(let rejection):
            return .failure(
                GraphChecker.Rejection(
                    rejection.errors.map { error in
                        Diagnostic(
                            .error, at: PluginCatalog.place(error, of: node),
                            "node \"\(node.name)\": \(error.message)")
                    }))
        }
    }

    /// A graph file's folder; "." for one without a slash.
    public static func folder(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }

    private static func place(_ error: CatalogError, of node: Graph.Node) -> Place? {
        switch error.subject {
        case .coro: node.places.coro
        case .signature: node.places.signature ?? node.places.coro
        }
    }
}

private struct PluginFactory: ProcessorFactory {
    private let entry: ProcessorEntry
    private let coro: String
    let warnings: [String]
    /// What messages begin with.
    private let graph: String

    init(coro: String, graph: String, processor: LoadedProcessor, warnings: [String]) {
        self.coro = coro
        self.graph = graph
        self.warnings = warnings
        var functions = processor.descriptor
        if processor.bridged != nil {
            functions.map = BridgedFunction.map
            functions.close = BridgedFunction.close
        }
        entry = ProcessorEntry(
            description: processor.description, functions: functions,
            bridged: processor.bridged, file: processor.file)
    }

    var description: ProcessorDescription { entry.description }

    /// Whether it is the same code; of a plain function, which is never loaded again, its name and
    /// signature have been compared.
    func isSame(as other: any ProcessorFactory) -> Bool {
        guard let other = other as? PluginFactory, description == other.description else {
            return false
        }
        if entry.bridged != nil || other.entry.bridged != nil {
            return entry.bridged != nil && other.entry.bridged != nil
        }
        return entry.hasSameCode(as: other.entry)
    }

    func makeProcessor(for node: NodeContext, args: [Value]) -> any Processor {
        PluginProcessor(entry, coro: coro, graph: graph, for: node, args: args)
    }
}
