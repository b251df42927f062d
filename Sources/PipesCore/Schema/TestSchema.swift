/// The JSON Schema of the `tests` in a graph file.
enum TestSchema {
    static let value = Value.object([
        "description": .string("What `pipes-host test` runs."),
        "type": .string("array"),
        "items": .object([
            "type": .string("object"),
            "properties": .map(whatGoesIn + whatComesOfIt),
            "additionalProperties": .bool(false),
        ]),
    ])

    private static let whatGoesIn: [Value.Pair] = [
        .init("name", .text("In reports, and for --only.")),
        .init("sources", byNode("Rows in place of a source.", .object(["type": .string("array")]))),
        .init(
            "args", byNode("Args in place of the graph's.", .object(["type": .string("object")]))),
        .init(
            "env",
            .object([
                "description": .string("Values beside the graph's env, or in their place."),
                "type": .string("object"),
            ])),
        .init("for", time("Drains the sources after this time of the test's clock.")),
        .init(
            "real_sinks",
            .object([
                "description": .string("Sinks that run as they are; others are recorded."),
                "type": .string("array"),
                "items": .object(["type": .string("string")]),
            ])),
        .init(
            "faults",
            byNode(
                "What is done to rows of a node before its processor gets them.",
                .object([
                    "type": .strings(["object", "array"]),
                    "if": .object(["type": .string("array")]),
                    "then": .object(["items": fault]),
                    "else": fault,
                ]))),
    ]

    private static let whatComesOfIt: [Value.Pair] = [
        .init("expect", byNode("Rows that leave a node, or reach a sink.", expectation)),
        .init(
            "failures",
            byNode(
                "How many rows fail at a node, or their messages.",
                .object([
                    "type": .strings(["integer", "array"]),
                    "minimum": .int(0),
                    "items": .object(["type": .string("string")]),
                ]))),
        .init("skipped", byNode("How many rows a node skips.", count)),
        .init(
            "dead_letters",
            .object([
                "description": .string("All that there are, in any order."),
                "type": .string("array"),
                "items": letter,
            ])),
        .init(
            "status",
            .choice("How the run must end.", GraphTest.Status.allCases.map(\.rawValue))),
        .init("exit", .integer("With which exit code it must end.", in: 0...4)),
    ]

    // MARK: Rows

    private static let rowForms: [Value.Pair] = [
        .init("exact", rows("These rows, in this order.")),
        .init("any_order", rows("These rows, in any order.")),
        .init("count", count),
    ]

    private static let outputs = Value.object([
        "description": .string("Rows by the names of outputs."),
        "type": .string("object"),
        "additionalProperties": expectedRows(rowForms),
    ])

    private static let expectation = expectedRows(rowForms + [.init("outputs", outputs)])

    /// A list of rows, or an object that says in one way what is expected.
    private static func expectedRows(_ forms: [Value.Pair]) -> Value {
        .object([
            "type": .strings(["array", "object"]),
            "properties": .map(forms),
            "minProperties": .int(1),
            "maxProperties": .int(1),
            "additionalProperties": .bool(false),
        ])
    }

    private static func rows(_ description: String) -> Value {
        .object(["description": .string(description), "type": .string("array")])
    }

    // MARK: Failures

    private static let fault = Value.object([
        "properties": .object([
            "at": .object([
                "description": .string("The keys of the rows that it hits, from 0."),
                "type": .strings(["integer", "array"]),
                "minimum": .int(0),
                "items": key,
            ]),
            "how": .choice("What becomes of them.", ["reject", "retry", "delay", "crash"]),
            "times": .integer("How often a row is tried in vain.", in: 1...1_000_000_000),
            "time": time("How long a row waits."),
            "message": .object([
                "description": .string("What a failed row says."), "type": .string("string"),
            ]),
        ]),
        "required": .strings(["at", "how"]),
        "additionalProperties": .bool(false),
    ])

    private static let letter = Value.object([
        "type": .string("object"),
        "properties": .object([
            "node": .object(["type": .string("string")]),
            "key": key,
            "attempts": count,
            "message": .object(["type": .string("string")]),
            "row": rows("The value of each joined input."),
        ]),
        "additionalProperties": .bool(false),
    ])

    /// A number, or behind a split a list of them.
    private static let key = Value.object([
        "type": .strings(["integer", "array"]),
        "minimum": .int(0),
        "items": count,
        "minItems": .int(1),
    ])

    // MARK: Parts

    private static let count = Value.object(["type": .string("integer"), "minimum": .int(0)])

    private static func time(_ description: String) -> Value {
        .object([
            "description": .string(description),
            "type": .string("string"),
            "pattern": .string(SchemaPattern.positiveTime),
        ])
    }

    private static func byNode(_ description: String, _ value: Value) -> Value {
        .object([
            "description": .string(description),
            "type": .string("object"),
            "additionalProperties": value,
        ])
    }
}
