extension ProcessorDescription.Param {
    /// The JSON Schema of an arg for this param, as `converted` judges it.
    var schema: Value {
        var pairs: [Value.Pair] = []
        if !help.isEmpty { pairs.append(.init("description", .string(help))) }
        pairs += kindSchema
        if let minimum { pairs.append(.init("minimum", number(minimum))) }
        if let maximum { pairs.append(.init("maximum", number(maximum))) }
        if let choices { pairs.append(choiceSchema(choices)) }
        // null says that the arg may be left out, and can't be written.
        if let fallback, fallback != .null { pairs.append(.init("default", fallback.asArg)) }
        return .map(pairs)
    }

    private var kindSchema: [Value.Pair] {
        switch kind {
        case .any: return []
        case .null: return [.init("type", .string("null"))]
        case .bool: return Self.orVariable("boolean")
        case .int:
            var pairs = Self.orVariable("integer")
            // What is beyond INT is read as a FLOAT.
            if minimum == nil { pairs.append(.init("minimum", .int(.min))) }
            if maximum == nil { pairs.append(.init("maximum", .int(.max))) }
            return pairs
        case .float: return Self.orVariable("number")
        case .string: return [.init("type", .string("string"))]
        case .bytes:
            return [
                .init("type", .string("string")),
                .init("contentEncoding", .string("base64")),
                .init("pattern", .string(SchemaPattern.base64)),
            ]
        case .list: return [.init("type", .string("array"))]
        case .map: return [.init("type", .string("object"))]
        // Nothing that a file can hold.
        case .tensor: return [.init("not", .map([]))]
        }
    }

    /// A value of a type, or the variable that it is in.
    private static func orVariable(_ type: String) -> [Value.Pair] {
        [
            .init("type", .strings([type, "string"])),
            .init("pattern", .string(SchemaPattern.variable)),
        ]
    }

    private func choiceSchema(_ choices: [Value]) -> Value.Pair {
        let words = Value.Pair("enum", .list(choices.map(\.asArg)))
        let pattern: String
        switch kind {
        case .string, .bytes: pattern = SchemaPattern.environment
        case .int, .float, .bool: pattern = SchemaPattern.variable
        default: return words
        }
        // Without its type a pattern holds for a number as well.
        let variable = Value.object(["type": .string("string"), "pattern": .string(pattern)])
        return .init("anyOf", .list([.map([words]), variable]))
    }

    private func number(_ number: Double) -> Value {
        if let integer = Int64(exactly: number) { return .int(integer) }
        return .float(number)
    }
}
