import PipesJSON

extension Value {
    /// As an arg is written: BYTES as their base64 in a STRING.
    public var asArg: Value {
        if case .bytes(let bytes) = self { .string(bytes.base64) } else { self }
    }
}

extension ProcessorDescription.Param {
    /// Why a value is none for a param: `wants INT, got STRING`.
    public struct Misfit: Error, Sendable, Hashable {
        public var reason: String
    }

    /// Turns an arg as it was written into what the processor gets: base64 text into BYTES, an
    /// integer into a FLOAT where the param wants one; all else as it is.
    ///
    /// - Throws: where the value is not of the param's kind, out of its range or none of its
    ///   choices.
    public func converted(_ value: Value) throws(Misfit) -> Value {
        let converted = try ofKind(value)
        try checkRange(converted)
        try checkChoices(converted)
        return converted
    }

    /// The same for an arg, whose text may be all from the environment: where the param wants a
    /// number or a truth value it is read as JSON.
    func converted(_ arg: Graph.Arg) throws(Misfit) -> Value {
        guard let variable = arg.variable, [.int, .float, .bool].contains(kind) else {
            return try converted(arg.value)
        }
        guard let value = variable.json else {
            throw Misfit(reason: "wants \(kind.name), and \(variable.words)")
        }
        do {
            return try converted(value)
        } catch {
            let reason = error.reason.hasSuffix(".") ? error.reason.dropLast() : error.reason[...]
            throw Misfit(reason: "\(reason); \(variable.words)")
        }
    }

    private func ofKind(_ value: Value) throws(Misfit) -> Value {
        switch (kind, value) {
        case (.any, _), (.bytes, .bytes): return value
        case (.float, .int(let integer)): return .float(Double(integer))
        case (.bytes, .string(let text)):
            guard let bytes = Base64.decode(text.utf8) else {
                throw Misfit(reason: "wants BYTES as base64, got \(text.quoted)")
            }
            return .bytes(bytes)
        case (.int, .float(let real)):
            let remedy = Int64(exactly: real).map { "; write \($0)" } ?? ""
            throw Misfit(reason: "wants INT, got FLOAT \(Value.float(real).json)\(remedy)")
        case (let wanted, _) where wanted == value.kind: return value
        default:
            throw Misfit(
                reason: "wants \(kind.name), got \(value.kind.name)"
                    + (kind == .bytes ? "; BYTES are written as base64 in a string" : ""))
        }
    }

    private func checkRange(_ value: Value) throws(Misfit) {
        let number: Double
        switch value {
        case .int(let integer): number = Double(integer)
        case .float(let real): number = real
        default: return
        }
        if let minimum, number < minimum {
            throw Misfit(reason: "is \(value.json), below its minimum \(shortest(minimum))")
        }
        if let maximum, number > maximum {
            throw Misfit(reason: "is \(value.json), above its maximum \(shortest(maximum))")
        }
    }

    private func checkChoices(_ value: Value) throws(Misfit) {
        guard let choices, !choices.contains(value) else { return }
        // The choices may be written as args are: integers for a FLOAT, base64 for BYTES.
        for choice in choices {
            if let choice = try? ofKind(choice), choice == value { return }
        }
        var reason =
            "is \(value.asArg.json); it can be \(choices.map(\.asArg.json).listed)."
        if case .string(let text) = value {
            let texts = choices.compactMap { choice -> String? in
                if case .string(let text) = choice { text } else { nil }
            }
            reason += didYouMean(text, among: texts)
        }
        throw Misfit(reason: reason)
    }

    /// Without the `.0` of a whole number.
    private func shortest(_ number: Double) -> String {
        Int64(exactly: number).map(String.init) ?? number.description
    }
}
