/// The JSON Schema of what stands in `graph`.
enum EdgeSchema {
    static let receivers = Value.object([
        "description": .string(
            "Whom the node feeds: a list of nodes, null, or an object with a list for each "
                + "named output."),
        "type": .strings(["array", "null", "object"]),
        "items": .reference("edge"),
        "uniqueItems": .bool(true),
        "additionalProperties": .object([
            "description": .string("Whom this output feeds."),
            "type": .strings(["array", "null"]),
            "items": .reference("edge"),
            "uniqueItems": .bool(true),
        ]),
    ])

    static let edge = Value.object([
        "description": .string("A node's name, or an object with the edge's own settings."),
        "type": .strings(["string", "object"]),
        "minLength": .int(1),
        "properties": .object([
            "to": .text("The node that is fed."),
            "queue_size": .integer(
                "Capacity of this edge, in rows.", in: GraphFileReader.queueSizes),
            "queue_bytes": PropertySchema.queueBytes("Capacity of this edge, in bytes."),
            "overflow": PropertySchema.overflow("What this edge does when it is full."),
            "feedback": feedback,
        ]),
        "required": .strings(["to"]),
        "additionalProperties": .bool(false),
    ])

    private static let feedback = Value.object([
        "description": .string("Starts the next round of a loop, which this edge closes."),
        "type": .string("object"),
        "properties": .object([
            "initial": .object([
                "description": .string("The rows of round 0, one value each."),
                "type": .string("array"),
            ]),
            "max_in_loop": .integer(
                "Rows that may be within the loop at once.", in: GraphFileReader.queueSizes),
        ]),
        "additionalProperties": .bool(false),
    ])
}
