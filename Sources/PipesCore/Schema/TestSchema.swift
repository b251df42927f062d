/// The JSON Schema of `tests`: rows in, and what must come of them.
enum TestSchema {
    static let value = Value.object([
        "description": .string("What `pipes-host test` runs."),
        "type": .string("array"),
        "items": .object([
            "type": .string("object"),
            "properties": .object([
                "name": .text("In reports, and for --only."),
                "sources": byNode("Rows in place of a source.", rows("Its rows.")),
                "expect": byNode("Rows that must leave a node, or reach a sink.", expectation),
                "failures": byNode("Rows that must fail: how many, or what for.", failures),
                "skipped": byNode("How many rows a node must skip.", count("Rows.")),
                "dead_letters": .object([
                    "description": .string("All dead letters, in any order."),
                    "type": .string("array"), "items": letter,
                ]),
                "status": .choice(
                    "How the run must end.", GraphTest.Status.allCases.map(\.rawValue),
                    fallback: GraphTest.Status.clean.rawValue),
                "exit": .integer("The exit code that run would have.", in: 0...4),
                "faults": byNode("What is done to rows of a node.", faults),
                "args": byNode(
                    "Args in place of the graph's.", .object(["type": .string("object")])),
                "env": .object([
                    "description": .string("Values in place of the graph's env."),
                    "type": .string("object"),
                ]),
                "for": time("Drains the sources after this time of the test's clock."),
                "real_sinks": .object([
                    "description": .string("Sinks that run as they are."),
                    "type": .string("array"),
                    "items": .object(["type": .string("string")]),
                ]),
            ]),
            "additionalProperties": .bool(false),
        ]),
    ])

    private static func byNode(_ description: String, _ value: Value) -> Value {
        .object([
            "description": .string(description), "type": .string("object"),
            "additionalProperties": value,
        ])
    }

    private static func rows(_ description: String) -> Value {
        .object(["description": .string(description), "type": .string("array")])
    }

    private static func count(_ description: String) -> Value {
        .integer(description, in: 0...Int.max)
    }

    private static func time(_ description: String) -> Value {
        .object([
            "description": .string(description), "type": .string("string"),
            "pattern": .string(SchemaPattern.positiveTime),
        ])
    }

    // MARK: What must come of it

    private static let oneForm = Value.object([
        "type": .string("object"),
        "properties": .object([
            "exact": rows("These, in this order."),
            "any_order": rows("These, in any order."),
            "count": count("So many."),
        ]),
        "additionalProperties": .bool(false), "minProperties": .int(1), "maxProperties": .int(1),
    ])

    private static let ofOneOutput = Value.object([
        "anyOf": .list([rows("These, in this order."), oneForm])
    ])

    private static let expectation = Value.object([
        "anyOf": .list([
            ofOneOutput,
            .object([
                "type": .string("object"),
                "properties": .object([
                    "outputs": .object([
                        "type": .string("object"), "additionalProperties": ofOneOutput,
                    ])
                ]),
                "required": .strings(["outputs"]), "additionalProperties": .bool(false),
            ]),
        ])
    ])

    private static let failures = Value.object([
        "anyOf": .list([
            count("How many."),
            .object(["type": .string("array"), "items": .object(["type": .string("string")])]),
        ])
    ])

    private static let letter = Value.object([
        "type": .string("object"),
        "properties": .object([
            "node": .object(["type": .string("string")]), "key": key,
            "attempts": count("Calls that it took."),
            "message": .object(["type": .string("string")]),
            "row": rows("The value of each joined input."),
        ]),
        "additionalProperties": .bool(false),
    ])

    // MARK: Faults

    private static let key = Value.object([
        "description": .string("The key of a row: its number, or one for each split too."),
        "anyOf": .list([
            count("From 0."),
            .object([
                "type": .string("array"), "items": count("From 0."), "minItems": .int(1),
            ]),
        ]),
    ])

    private static let fault = Value.object([
        "type": .string("object"),
        "properties": .object([
            "at": .object([
                "description": .string("The keys of the rows that it hits."),
                "anyOf": .list([
                    count("From 0."), .object(["type": .string("array"), "items": key]),
                ]),
            ]),
            "how": .choice(
                "What is done to them.", ["reject", "retry", "delay", "crash"],
                fallback: "reject"),
            "times": .integer("How often a row is to be retried.", in: 1...1_000_000_000),
            "time": time("How long a row waits."),
            "message": .object(["type": .string("string")]),
        ]),
        "required": .strings(["at", "how"]),
        "additionalProperties": .bool(false),
    ])

    private static let faults = Value.object([
        "anyOf": .list([fault, .object(["type": .string("array"), "items": fault])])
    ])
}
