import Foundation
import Testing

/// What the schema refuses and accepts is judged by a validator from PyPI: `.ci/check-schema`.
@Suite("schema")
struct SchemaCommandTests {
    private func schema(_ arguments: String...) async throws -> (Command.Outcome, [String: Any]) {
        let outcome = try await Command.host(["schema"] + arguments).outcome()
        let parsed = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return (outcome, try #require(parsed as? [String: Any]))
    }

    /// What stands at a path of keys in nested objects.
    private func part(_ schema: [String: Any], _ path: String...) throws -> [String: Any] {
        var place = schema
        for key in path { place = try #require(place[key] as? [String: Any], "\(path): \(key)") }
        return place
    }

    @Test("the schema of draft 2020-12 offers each installed processor with its summary")
    func processors() async throws {
        let (outcome, schema) = try await schema()
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        let coro = try part(schema, "$defs", "node", "properties", "coro")
        let offers = try #require(coro["anyOf"] as? [[String: Any]])
        let split = try #require(offers.first { $0["const"] as? String == "strings.split" })
        #expect(
            split["description"] as? String
                == "Cuts a text at each separator, and keeps empty parts.")
        #expect(offers.contains { $0["const"] as? String == "StringFuncs.output_coro" })
    }

    @Test("the args of a processor have their kinds, help, defaults and ranges")
    func args() async throws {
        let (_, schema) = try await schema()
        let rules = try #require(
            try part(schema, "$defs", "node")["allOf"] as? [[String: Any]])
        let random = try #require(
            try rules.first {
                try part($0, "if", "properties", "coro")["const"] as? String == "strings.random"
            })
        let num = try part(random, "then", "properties", "args", "properties", "num")
        #expect(num["type"] as? [String] == ["integer", "string"])
        #expect(num["default"] as? Int == 20)
        #expect(num["minimum"] as? Int == 0)
        #expect((num["description"] as? String ?? "") != "")
        let args = try part(random, "then", "properties", "args")
        #expect(args["additionalProperties"] as? Bool == false)
    }

    @Test("a broken plugin is left out, with a warning")
    func broken() async throws {
        let scratch = try Scratch()
        try scratch.write("no library at all: pipes_plugin_v1", to: "rotten.so")
        let folder = scratch.folder.path
        let (outcome, schema) = try await schema("--plugins", folder)
        #expect(
            outcome.errors.hasPrefix(
                "\(folder)/rotten.so: warning: left out, it is broken: "))
        #expect(outcome.code == 0)
        #expect(schema["title"] as? String == "A graph of pipes-host")
    }

    @Test("a graph file may name its schema")
    func named() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"$schema": "pipes.schema.json", "nodes": {"inp": {"coro": "strings.random"}}}
            """, to: "graph.json")
        let good = try await Command.host(["check", "graph.json"], in: scratch.folder).outcome()
        #expect(good.output == "graph.json: ok, 1 node, 0 edges\n")
        try scratch.write(
            """
            {"$schema": 7, "nodes": {"inp": {"coro": "strings.random"}}}
            """, to: "graph.json")
        let bad = try await Command.host(["check", "graph.json"], in: scratch.folder).outcome()
        #expect(
            bad.errors
                == "graph.json:1:13: error: \"$schema\" wants a string, the address of a schema "
                + "for editors, got an integer\n")
        #expect(bad.code == 1)
    }
}
