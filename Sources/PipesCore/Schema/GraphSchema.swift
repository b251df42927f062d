/// The JSON Schema (draft 2020-12) of graph files, for editors: it knows the processors that are
/// installed, with their args, and all other keys of a file.
///
/// What it refuses, the host refuses. The other way round there are mistakes that no schema sees:
/// names of nodes that are not there, joins, kinds of edges, `1.0` for an INT.
public struct GraphSchema: Sendable {
    /// What a `coro` can name.
    public struct Processor: Sendable {
        /// As a graph file writes it: `strings.reverse`.
        public var coro: String
        public var description: ProcessorDescription

        public init(coro: String, _ description: ProcessorDescription) {
            self.coro = coro
            self.description = description
        }
    }

    private let processors: [Processor]

    /// - Parameter processors: those that nodes may name, in the order in which an editor is to
    ///   offer them. Beside them a node may always name a plain function.
    public init(processors: [Processor]) {
        self.processors = processors
    }

    /// The schema, as a MAP.
    public var value: Value {
        .object([
            "$schema": .string("https://json-schema.org/draft/2020-12/schema"),
            "title": .string("A graph of pipes-host"),
            "type": .string("object"),
            "properties": .object([
                "$schema": .object([
                    "description": .string("The schema of this file, for editors."),
                    "type": .string("string"),
                ]),
                "name": .text("What messages and reports call the graph; else the file's name."),
                "nodes": .object([
                    "description": .string("Each node by its name."),
                    "type": .string("object"),
                    "minProperties": .int(1),
                    "propertyNames": .object(["minLength": .int(1)]),
                    "additionalProperties": .reference("node"),
                ]),
                "graph": .object([
                    "description": .string(
                        "Each node that feeds others, and whom it feeds. The order of joined "
                            + "inputs is the order in which their senders stand here."),
                    "type": .string("object"),
                    "additionalProperties": .reference("receivers"),
                ]),
                "defaults": .reference("properties", "The properties of all nodes."),
                "env": .object([
                    "description": .string("Values that every processor can read, by name."),
                    "type": .string("object"),
                ]),
                "dead_letter": .text("The file for rows that failed; else standard error."),
                "tests": TestSchema.value,
            ]),
            "required": .strings(["nodes"]),
            "additionalProperties": .bool(false),
            "$defs": .object([
                "node": node,
                "receivers": EdgeSchema.receivers,
                "edge": EdgeSchema.edge,
                "properties": PropertySchema.value,
            ]),
        ])
    }

    // MARK: Nodes

    private var node: Value {
        .object([
            "type": .string("object"),
            "properties": .object([
                "coro": coro,
                "args": .object([
                    "description": .string("What the processor is set to, by the names of params."),
                    "type": .string("object"),
                ]),
                "signature": .object([
                    "description": .string(
                        "How to call a plain function, such as "
                            + "(crc:ulong=0, in.ptr, in.len:uint) -> ulong pure"),
                    "type": .string("string"),
                    "pattern": .string(#"^\s*\([\s\S]*\)\s*->|\$\{"#),
                ]),
                "properties": .reference("properties", "How the node takes and gives rows."),
                "examples": Self.examples,
            ]),
            "required": .strings(["coro"]),
            "additionalProperties": .bool(false),
            "allOf": .list(Self.signatureRules + processors.map(Self.argsRule)),
        ])
    }

    private var coro: Value {
        let known = processors.map { processor -> Value in
            .object([
                "const": .string(processor.coro),
                "description": .string(processor.description.summary),
            ])
        }
        let others: [Value] = [
            .object([
                "description": .string("A plain function, such as libz.so.1:crc32."),
                "pattern": .string("^.+:[^:]+$"),
            ]),
            .object([
                "description": .string("A name from the process environment."),
                "pattern": .string(SchemaPattern.environment),
            ]),
        ]
        return .object([
            "description": .string(
                "The processor: plugin.processor, or library:symbol with a signature."),
            "type": .string("string"),
            "anyOf": .list(known + others),
        ])
    }

    private static let examples = Value.object([
        "description": .string(
            "Rows and what the plain function must make of them; run when the graph is checked."),
        "type": .string("array"),
        "items": .object([
            "type": .string("object"),
            "properties": .object([
                "in": .object([
                    "description": .string("One joined row: a value of each input."),
                    "type": .string("array"),
                ]),
                "out": .object(["description": .string("What the function makes of it.")]),
            ]),
            "required": .strings(["in", "out"]),
            "additionalProperties": .bool(false),
        ]),
    ])

    /// A plain function wants a signature and a processor has none; what a name from the
    /// environment stands for can't be told.
    private static let signatureRules: [Value] = [
        rule(
            coro: .object(["pattern": .string(#"^(?!.*\$\{).*:"#)]),
            then: .object(["required": .strings(["signature"])])),
        rule(
            coro: .object(["pattern": .string(#"^(?!.*\$\{)[^:]*$"#)]),
            then: .object(["properties": .object(["signature": .bool(false)])])),
    ]

    private static func argsRule(_ processor: Processor) -> Value {
        let params = processor.description.params
        let required = params.filter { $0.fallback == nil }.map(\.name)
        var args: [Value.Pair] = [
            .init("properties", .map(params.map { .init($0.name, $0.schema) })),
            .init("additionalProperties", .bool(false)),
        ]
        if !required.isEmpty { args.append(.init("required", .strings(required))) }
        var then: [Value.Pair] = [.init("properties", .object(["args": .map(args)]))]
        if !required.isEmpty { then.append(.init("required", .strings(["args"]))) }
        return rule(coro: .object(["const": .string(processor.coro)]), then: .map(then))
    }

    private static func rule(coro: Value, then: Value) -> Value {
        .object([
            "if": .object([
                "properties": .object(["coro": coro]),
                "required": .strings(["coro"]),
            ]),
            "then": then,
        ])
    }
}
