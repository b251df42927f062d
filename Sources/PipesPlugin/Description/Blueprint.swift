internal import CPipes

/// How a type is described to the host and made for a node.
///
/// Made by the package alone, once for each processor of a plugin.
public struct Blueprint {
    enum Shape {
        case produce
        case map
        case process(Rate)
    }

    enum Rate {
        case splits
        case aggregates
    }

    struct Port {
        var name: String
        var kind: Kind
    }

    let name: String
    let summary: String
    let shape: Shape
    let params: [Param]
    /// Nil: any number of inputs, of any kind. Empty for a source.
    let inputs: [Port]?
    var inputNames: [String] { inputs?.map(\.name) ?? [] }
    /// Nil for a sink.
    let output: Port?
    let flags: pipes_flags
    let isAsync: Bool
    let holds: Holds
    private let make: (Blueprint) -> Instance

    init<P: Processor>(
        of type: P.Type, shape: Shape, inputs: [any InputReadable.Type],
        output: (any ValueWritable.Type)?, isAsync: Bool, isShared: Bool = false,
        holds: Holds = .none, make: @escaping (Blueprint) -> Instance
    ) {
        name = type.name
        summary = type.summary
        self.shape = shape
        params = ArgList(of: type.init()).params
        self.inputs = Self.ports(of: inputs, named: type.inputNames)
        self.output = output.map {
            Port(name: type.outputName ?? $0.kind.portName, kind: $0.kind)
        }
        self.isAsync = isAsync
        self.holds = holds
        self.make = make

        var flags = 0
        if type.concurrent && isShared { flags |= PIPES_CONCURRENT }
        if type.nonblocking || isAsync { flags |= PIPES_NONBLOCKING }
        if isAsync { flags |= PIPES_DEFERS }
        if type.pure { flags |= PIPES_PURE }
        if output == nil { flags |= PIPES_SINK }
        self.flags = pipes_flags(flags)
    }

    func makeInstance() -> Instance { make(self) }

    /// Nil where the method takes a `Row`.
    private static func ports(
        of types: [any InputReadable.Type], named names: [String]
    ) -> [Port]? {
        let kinds = types.compactMap { $0.inputKind }
        guard kinds.count == types.count else { return nil }
        return kinds.enumerated().map { index, kind in
            if names.indices.contains(index) { return Port(name: names[index], kind: kind) }
            let name = kind.portName
            let isAlone = kinds.filter { $0.portName == name }.count == 1
            return Port(name: isAlone ? name : "\(name)\(index + 1)", kind: kind)
        }
    }
}
