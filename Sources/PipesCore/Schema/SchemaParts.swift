/// Regular expressions of JSON Schema (those of ECMA-262), which match anywhere in a text unless
/// they say otherwise.
enum SchemaPattern {
    /// A text that takes a part from the process environment, and so may turn out to be anything.
    static let environment = #"\$\{"#
    /// A text that is one variable of the process environment and nothing else, which may stand for
    /// a number or a truth value.
    static let variable = #"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$"#
    private static let positiveNumber = #"(?=[0-9.]*[1-9])[0-9]+(\.[0-9]+)?"#
    private static let time = #"[0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)"#

    static let positiveTime = "^\(positiveNumber)(ns|us|ms|s|m|h)$|\(environment)"
    static let timeRange = #"^\#(time)\.\.\#(time)$|\#(environment)"#
    static let size = "^\(positiveNumber)(B|[kK]B|MB|GB|KiB|MiB|GiB)?$|\(environment)"
    /// RFC 4648, section 4: left-over bits are zero.
    static let base64 =
        "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"
        + "|\(environment)"
}

extension Value {
    static func object(_ pairs: KeyValuePairs<String, Value>) -> Value {
        .map(pairs.map { Pair($0.key, $0.value) })
    }

    static func strings(_ strings: [String]) -> Value {
        .list(strings.map { .string($0) })
    }

    /// A part of the schema that stands in its `$defs`.
    static func reference(_ name: String, _ description: String? = nil) -> Value {
        let reference = Pair("$ref", .string("#/$defs/\(name)"))
        guard let description else { return .map([reference]) }
        return .map([Pair("description", .string(description)), reference])
    }

    // MARK: Schemas

    /// A text that is not empty.
    static func text(_ description: String) -> Value {
        .object([
            "description": .string(description),
            "type": .string("string"),
            "minLength": .int(1),
        ])
    }

    static func bool(_ description: String, fallback: Bool) -> Value {
        .object([
            "description": .string(description),
            "type": .strings(["boolean", "string"]),
            "pattern": .string(SchemaPattern.variable),
            "default": .bool(fallback),
        ])
    }

    static func integer(
        _ description: String, in range: ClosedRange<Int>, fallback: Int? = nil
    ) -> Value {
        var pairs: [Pair] = [
            Pair("description", .string(description)),
            Pair("type", .strings(["integer", "string"])),
            Pair("pattern", .string(SchemaPattern.variable)),
            Pair("minimum", .int(Int64(range.lowerBound))),
            Pair("maximum", .int(Int64(range.upperBound))),
        ]
        if let fallback { pairs.append(Pair("default", .int(Int64(fallback)))) }
        return .map(pairs)
    }

    /// One of several words.
    static func choice(
        _ description: String, _ words: [String], fallback: String? = nil
    ) -> Value {
        var pairs: [Pair] = [
            Pair("description", .string(description)),
            Pair("type", .string("string")),
            Pair(
                "anyOf",
                .list([
                    .object(["enum": .strings(words)]),
                    .object(["pattern": .string(SchemaPattern.environment)]),
                ])),
        ]
        if let fallback { pairs.append(Pair("default", .string(fallback))) }
        return .map(pairs)
    }
}
