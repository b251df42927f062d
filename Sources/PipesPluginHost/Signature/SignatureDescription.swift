public import PipesCore

extension Signature {
    /// The function as a processor.
    ///
    /// An input that goes in as bytes is of kind ANY, since STRING and BYTES both serve, and so
    /// is a FLOAT, for which an INT serves: `map` rejects the rows of other kinds.
    ///
    /// - Parameters:
    ///   - name: the coro, or the processor's name within its plugin.
    ///   - summary: one sentence; empty where there is none.
    public func description(name: String, summary: String = "") -> ProcessorDescription {
        ProcessorDescription(
            name: name, summary: summary, shape: .map, rate: .keeps, flags: flags, params: params,
            inputs: inputCount == 0 ? nil : inputs,
            outputs: [.init(name: "out", kind: outputKind)])
    }

    private var flags: ProcessorDescription.Flags {
        guard isPure else { return [] }
        return isBlocking ? [.pure, .concurrent] : [.pure, .concurrent, .nonblocking]
    }

    private var params: [ProcessorDescription.Param] {
        args.compactMap { arg in
            guard case .scalar(let name?, let type, let fallback) = arg else { return nil }
            var param = ProcessorDescription.Param(
                name: name, kind: type.kind, help: "The C argument of type \(type.rawValue).",
                fallback: fallback)
            if let range = type.range {
                // INT itself needs no limit, and a Double could not say it.
                if range.lowerBound > Int64.min { param.minimum = Double(range.lowerBound) }
                if range.upperBound < Int64.max { param.maximum = Double(range.upperBound) }
            }
            if type == .f32 {
                param.minimum = -Double(Float.greatestFiniteMagnitude)
                param.maximum = Double(Float.greatestFiniteMagnitude)
            }
            return param
        }
    }

    private var inputs: [ProcessorDescription.Port] {
        (0..<inputCount).map { input in
            let name = inputCount == 1 ? "in" : "in\(input)"
            let uses = args.filter { $0.input == input }
            let kinds = Set(uses.compactMap(\.inputKind))
            // A text that goes in as bytes too is still a text.
            let kind =
                kinds.count == 1 ? kinds.first ?? .any : kinds.contains(.string) ? .string : .any
            return ProcessorDescription.Port(name: name, kind: kind)
        }
    }

    private var outputKind: Kind {
        for arg in args {
            if case .outPointer = arg { return .bytes }
            if case .outNumber(let type) = arg { return type.kind }
        }
        return switch result {
        case .void, .status: .null
        case .value(let type): type.kind
        case .freedText: .string
        case .outLength: .bytes
        }
    }
}

extension Signature.Arg {
    fileprivate var inputKind: Kind? {
        switch self {
        case .inPointer, .inLength: .any
        case .inText: .string
        case .inScalar(_, let type): type.kind == .float ? .any : type.kind
        case .outPointer, .outCapacity, .outLength, .outNumber, .null, .scalar: nil
        }
    }
}

extension ScalarType {
    /// The kind of a value that such an argument takes or such a result gives.
    public var kind: Kind {
        switch self {
        case .f32, .f64: .float
        case .bool: .bool
        case .cstr: .string
        default: .int
        }
    }
}
