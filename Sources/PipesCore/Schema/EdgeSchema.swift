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
        ]),
        "required": .strings(["to"]),
        "additionalProperties": .bool(false),
    ])
}
