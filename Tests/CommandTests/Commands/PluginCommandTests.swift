import Foundation
import Testing

@Suite("plugins and inspect")
struct PluginCommandTests {
    private func host(_ arguments: String...) async throws -> Command.Outcome {
        try await Command.host(arguments).outcome()
    }

    /// A folder with a plugin that can't be loaded.
    private func brokenPlugin() throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write("no library at all: pipes_plugin_v1", to: "rotten.so")
        return scratch
    }

    @Test("plugins lists each plugin with its processors")
    func lists() async throws {
        let outcome = try await host("plugins")
        #expect(outcome.output.contains("strings 1.0.0  "))
        #expect(
            outcome.output.contains("    random, reverse, upper, lower, split, concat, match\n"))
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("plugins --json gives every field, and a broken file with its reason")
    func listsAsJSON() async throws {
        let folder = try brokenPlugin().folder.path
        let outcome = try await host("plugins", "--json", "--plugins", folder)
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
        let list = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
        for plugin in list {
            #expect(
                Set(plugin.keys)
                    == ["name", "version", "summary", "file", "processors", "broken"])
        }
        let rotten = try #require(list.first { $0["name"] as? String == "rotten" })
        #expect(rotten["file"] as? String == "\(folder)/rotten.so")
        #expect(try #require(rotten["broken"] as? String) != "")
        let strings = try #require(list.first { $0["name"] as? String == "strings" })
        #expect(strings["broken"] is NSNull)
        #expect((strings["processors"] as? [String])?.contains("reverse") == true)
    }

    @Test("inspect shows a processor with a node to paste")
    func inspectsProcessor() async throws {
        let outcome = try await host("inspect", "strings.split")
        #expect(
            outcome.output == """
                strings.split: Cuts a text at each separator, and keeps empty parts.

                shape    process, splits
                flags    concurrent, nonblocking, pure
                inputs   text STRING: any text
                outputs  part STRING: one part of the text

                arg        kind    default  allowed  help
                separator  STRING  " "      any      What stands between two parts.

                example  {"coro":"strings.split","args":{"separator":" "}}

                """)
        #expect(outcome.errors == "")
        #expect(outcome.code == 0)
    }

    @Test("the example node of each processor passes the check of params")
    func examplesAreRight() async throws {
        let listed = try await host("plugins", "--json").output
        let list = try #require(
            try JSONSerialization.jsonObject(with: Data(listed.utf8)) as? [[String: Any]])
        for plugin in list {
            let name = try #require(plugin["name"] as? String)
            for processor in try #require(plugin["processors"] as? [String]) {
                let text = try await host("inspect", "\(name).\(processor)").output
                let example = try #require(text.split(separator: "\n").last)
                let node = example.dropFirst("example  ".count)
                let scratch = try Scratch()
                try scratch.write(
                    "{\"nodes\": {\"node\": \(node)}, \"graph\": {}}", to: "graph.json")
                let check = try await Command.host(["check", "graph.json"], in: scratch.folder)
                    .outcome()
                // A node alone may lack inputs, but its args are right.
                #expect(!check.errors.contains(" param \""), "\(check.errors)")
            }
        }
    }

    @Test("inspect --json says whether an arg is required, and its default")
    func inspectsAsJSON() async throws {
        let outcome = try await host("inspect", "strings.random", "--json")
        let processor = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(processor["name"] as? String == "random")
        let params = try #require(processor["params"] as? [[String: Any]])
        #expect(params.map { $0["name"] as? String } == ["num", "seed"])
        #expect(params[0]["default"] as? Int == 20)
        #expect(params[0]["required"] as? Bool == false)
        #expect(params[0]["kind"] as? String == "INT")
    }

    @Test("inspect of what is not there says what is")
    func inspectsNothing() async throws {
        let processor = try await host("inspect", "strings.revrse")
        #expect(
            processor.errors
                == "strings.revrse: error: no processor \"revrse\" in plugin strings "
                + "(\(Command.products.path)/libstrings.so); it has random, reverse, upper, lower, "
                + "split, concat, match. Did you mean \"reverse\"?\n")
        #expect(processor.output == "")
        #expect(processor.code == 1)

        let plugin = try await host("inspect", "strngs")
        #expect(plugin.errors.hasPrefix("strngs: error: no plugin \"strngs\": "))
        #expect(plugin.errors.hasSuffix("Did you mean \"strings\"?\n"))
        #expect(plugin.code == 1)

        let function = try await host("inspect", "libm.so.6:cbrt")
        #expect(
            function.errors
                == "libm.so.6:cbrt: error: is a plain function; say how to call it with --signature, "
                + "such as --signature \"(in.ptr, in.len:size) -> int\"\n")
        #expect(function.output == "")
        #expect(function.code == 1)
    }

    @Test("inspect of a broken plugin says why, with exit code 1")
    func inspectsBroken() async throws {
        let folder = try brokenPlugin().folder.path
        let outcome = try await host("inspect", "rotten", "--plugins", folder)
        #expect(
            outcome.errors.hasPrefix(
                "rotten: error: plugin rotten (\(folder)/rotten.so) is broken: "))
        #expect(outcome.code == 1)
    }
}
