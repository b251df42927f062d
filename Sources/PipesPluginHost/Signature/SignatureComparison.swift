extension Signature {
    /// Where the signature and the debug information of the function disagree, in words; empty where
    /// they agree as far as can be told.
    func disagreements(with types: DebugInformation.Types) -> [String] {
        disagreements(withResult: types.result) + disagreements(withParameters: types)
    }

    private func disagreements(withResult declared: DebugInformation.CType) -> [String] {
        // What a function returns may be left alone.
        guard let type = result.type, let their = PassedForm(of: declared.base),
            !PassedForm(of: type).agrees(with: their)
        else { return [] }
        return [
            "the function returns \(declared.name) in the library's debug information, and "
                + "\(type.cName) in the signature"
        ]
    }

    private func disagreements(withParameters types: DebugInformation.Types) -> [String] {
        if types.hasVarargs {
            return [
                "the function has varargs, \(types.list) in the library's debug information, and can't be "
                    + "called; \(VariadicFunctions.remedy)"
            ]
        }
        guard types.parameters.count == args.count else {
            let count = types.parameters.count
            let parameters = count == 1 ? "1 parameter" : "\(count) parameters"
            return [
                "the library's debug information declares \(parameters), \(types.list), "
                    + "and the signature has \(args.count)"
            ]
        }
        return zip(args, types.parameters).enumerated().compactMap { index, pair in
            Self.disagreement(of: pair.0, with: pair.1, number: index + 1, in: types.list)
        }
    }

    private static func disagreement(
        of arg: Arg, with type: DebugInformation.CType, number: Int, in list: String
    ) -> String? {
        guard let their = PassedForm(of: type.base) else { return nil }
        if their == .callback {
            // One that may be left out is.
            if case .null = arg { return nil }
            return
                "parameter \(number) is a callback, \(type.name), in the library's debug information, "
                + "\(list), and \(arg.cType) in the signature; callbacks can't be passed: write null for "
                + "one that may be left out"
        }
        guard !PassedForm(of: arg).agrees(with: their) else { return nil }
        return "parameter \(number) is \(type.name) in the library's debug information, "
            + "\(list), and \(arg.cType) in the signature"
    }

    /// The parameters that are callbacks by the debug information, each with its C type, by their
    /// positions.
    func callbacks(in types: DebugInformation.Types) -> [Int: String] {
        var callbacks: [Int: String] = [:]
        for (index, type) in types.parameters.enumerated()
        where index < args.count && PassedForm(of: type.base) == .callback {
            callbacks[index] = type.name
        }
        return callbacks
    }
}
