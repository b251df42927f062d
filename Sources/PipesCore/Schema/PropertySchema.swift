/// The JSON Schema of a node's `properties`, and of the `defaults` for all nodes.
enum PropertySchema {
    static let value = Value.object([
        "type": .string("object"),
        "properties": .object([
            "aggregate_inputs": .bool(
                "Join several inputs into one row; false: take their rows one by one.",
                fallback: usual.aggregateInputs),
            "queue_size": .integer(
                "Capacity of each input edge, in rows.", in: GraphFileReader.queueSizes,
                fallback: usual.queueSize),
            "queue_bytes": queueBytes("Capacity of each input edge, in bytes."),
            "concurrency": .integer(
                "Calls that may be open at once, where the processor allows several.",
                in: GraphFileReader.concurrencies, fallback: usual.concurrency),
            "ordered": .bool("Rows leave in the order of their keys.", fallback: usual.ordered),
            "timeout": .object([
                "description": .string("For one attempt of one row, such as 2s; null: none."),
                "type": .strings(["string", "null"]),
                "pattern": .string(SchemaPattern.positiveTime),
            ]),
            "on_error": onError,
            "on_missing": .choice(
                "What a join does where a partner never comes.",
                NodeProperties.OnMissing.allCases.map(\.rawValue),
                fallback: usual.onMissing.rawValue),
            "overflow": overflow("What each input edge does when it is full."),
        ]),
        "additionalProperties": .bool(false),
    ])

    static func overflow(_ description: String) -> Value {
        .choice(
            "\(description) It suspends its sender, or drops a row.",
            NodeProperties.Overflow.allCases.map(\.rawValue), fallback: usual.overflow.rawValue)
    }

    static func queueBytes(_ description: String) -> Value {
        .object([
            "description": .string("\(description) A number, or a text such as 16MiB."),
            "type": .strings(["integer", "string"]),
            "minimum": .int(Int64(GraphFileReader.queueByteCounts.lowerBound)),
            "maximum": .int(Int64(GraphFileReader.queueByteCounts.upperBound)),
            "pattern": .string(SchemaPattern.size),
        ])
    }

    private static let usual = NodeProperties()

    private static let onError = Value.object([
        "description": .string("What becomes of a row that fails."),
        "type": .string("object"),
        "properties": .object([
            "retry": .object([
                "type": .string("object"),
                "properties": .object([
                    "max": .integer(
                        "How often a row is tried again.", in: GraphFileReader.retries,
                        fallback: usual.retry.max),
                    "backoff": .object([
                        "description": .string(
                            "The first pause and the longest; between them it doubles."),
                        "type": .string("string"),
                        "pattern": .string(SchemaPattern.timeRange),
                        "default": .string("50ms..5s"),
                    ]),
                ]),
                "additionalProperties": .bool(false),
            ]),
            "then": .choice(
                "What becomes of it when it is out of tries.",
                NodeProperties.Then.allCases.map(\.rawValue), fallback: usual.then.rawValue),
        ]),
        "additionalProperties": .bool(false),
    ])
}
