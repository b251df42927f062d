import Testing

@testable import PipesCore

@Suite("GraphSchema")
struct GraphSchemaTests {
    private func member(_ value: Value, _ path: String...) throws -> Value {
        var place = value
        for key in path {
            guard case .map(let pairs) = place else {
                Issue.record("\(path): no object at \(key)")
                return .null
            }
            place = try #require(pairs.first { $0.key == key }, "\(path): \(key)").value
        }
        return place
    }

    private func keys(_ value: Value) -> [String] {
        guard case .map(let pairs) = value else { return [] }
        return pairs.map(\.key)
    }

    @Test("it has the properties that the reader of graph files has")
    func properties() throws {
        let schema = GraphSchema(processors: []).value
        let properties = try member(schema, "$defs", "properties", "properties")
        #expect(Set(keys(properties)) == Set(GraphFileReader.propertyKeys))
    }

    @Test(
        "a param's schema is as its kind wants it",
        arguments: [
            (.init(name: "a", kind: .any, help: "Any."), #"{"description":"Any."}"#),
            (
                .init(name: "a", kind: .int, fallback: .int(6), minimum: 0, maximum: 9),
                #"{"type":["integer","string"],\#(variable),"#
                    + #""minimum":0,"maximum":9,"default":6}"#
            ),
            (
                .init(name: "a", kind: .float, fallback: .null, minimum: 0.5),
                #"{"type":["number","string"],\#(variable),"minimum":0.5}"#
            ),
            (.init(name: "a", kind: .bool), #"{"type":["boolean","string"],\#(variable)}"#),
            (.init(name: "a", kind: .list), #"{"type":"array"}"#),
            (.init(name: "a", kind: .map), #"{"type":"object"}"#),
            (
                .init(name: "a", kind: .string, choices: [.string("x"), .string("y")]),
                #"{"type":"string","anyOf":[{"enum":["x","y"]},"#
                    + #"{"type":"string","pattern":"\\$\\{"}]}"#
            ),
            (
                .init(name: "a", kind: .float, choices: [.int(1), .float(2.5)]),
                #"{"type":["number","string"],\#(variable),"anyOf":[{"enum":[1,2.5]},"#
                    + #"{"type":"string",\#(variable)}]}"#
            ),
        ] as [(ProcessorDescription.Param, String)])
    func params(param: ProcessorDescription.Param, expected: String) {
        #expect(param.schema.json == expected)
    }

    @Test("args that are required make args required")
    func required() throws {
        let head = ProcessorDescription(
            name: "head", shape: .map,
            params: [
                .init(name: "num", kind: .int), .init(name: "from", kind: .int, fallback: .int(0)),
            ],
            inputs: nil)
        let schema = GraphSchema(processors: [.init(coro: "flow.head", head)]).value
        guard case .list(let rules) = try member(schema, "$defs", "node", "allOf") else {
            Issue.record("no rules")
            return
        }
        let then = try member(try #require(rules.last), "then")
        #expect(try member(then, "required") == .list([.string("args")]))
        #expect(try member(then, "properties", "args", "required") == .list([.string("num")]))
    }
}

/// The pattern of a text that is one variable of the environment.
private let variable = #""pattern":"^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}$""#
