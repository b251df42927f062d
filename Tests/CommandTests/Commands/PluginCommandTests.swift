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
            outcome.output.contains(
                "    random, reverse, upper, lower, split, concat, match, text\n"))
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

    @Test("a pipe where plugins keeps what it knows is not waited for")
    func pipeInPlaceOfAnEntry() async throws {
        let scratch = try Scratch()
        let environment = ["XDG_CACHE_HOME": scratch.folder.path]
        let first = try await Command.host(["plugins"], environment: environment).outcome()
        let cache = scratch.folder.appendingPathComponent("pipes-host").path
        let entries = try FileManager.default.contentsOfDirectory(atPath: cache)
        #expect(!entries.isEmpty)
        for entry in entries {
            #expect(unlink("\(cache)/\(entry)") == 0)
            #expect(mkfifo("\(cache)/\(entry)", 0o600) == 0)
        }
        let second = try await Command.host(["plugins"], environment: environment).outcome()
        #expect(second.output == first.output)
        #expect(second.code == 0)
    }

    @Test("a plugin that crashes is told with its reason each time, and when it is tried again")
    func quarantined() async throws {
        let scratch = try Scratch()
        let root = Command.checkout.path
        let built = try await Command.shell(
            """
            cc -std=c11 -fPIC -shared -DCRASHES -DNAME='"crash"' -I'\(root)/include' -o crash.so \
                '\(root)/Tests/Fixtures/badplugins/constructor.c'
            """, in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        for _ in 1...2 {
            let outcome = try await host("plugins", "--plugins", scratch.folder.path)
            #expect(
                outcome.output.hasPrefix(
                    """
                    crash  broken: signal 11 while loading
                        \(scratch.folder.path)/crash.so
                        not tried again before it changes, or is touched

                    """))
            #expect(outcome.code == 0)
        }
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
                try await expect(String(node), inJSONOf: "\(name).\(processor)")
                let check = try await Command.host(["check", "graph.json"], in: scratch.folder)
                    .outcome()
                // A node alone may lack inputs, but its args are right.
                #expect(!check.errors.contains(" param \""), "\(check.errors)")
            }
        }
    }

    /// The JSON says the same node as the text.
    private func expect(_ node: String, inJSONOf name: String, _ options: String...) async throws {
        let output = try await Command.host(["inspect", name, "--json"] + options).outcome().output
        let shown = try #require(
            try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
        let example = try #require(shown["example"] as? NSDictionary)
        #expect(try JSONSerialization.jsonObject(with: Data(node.utf8)) as? NSDictionary == example)
    }

    @Test("inspect --json of a plain function has the node to paste too")
    func inspectsFunctionAsJSON() async throws {
        try await expect(
            #"{"coro": "libm.so.6:cbrt", "signature": "(in:f64) -> f64"}"#,
            inJSONOf: "libm.so.6:cbrt", "--signature", "(in:f64) -> f64")
    }

    @Test(
        "a number that is required is one with which the example does something",
        arguments: [
            ("flow.range", #"{"coro":"flow.range","args":{"start":0,"end":1,"step":1}}"#),
            ("flow.head", #"{"coro":"flow.head","args":{"num":1}}"#),
            ("numbers.show", #"{"coro":"numbers.show","args":{"low":-3,"high":7,"part":0.5}}"#),
        ])
    func usefulExamples(name: String, node: String) async throws {
        let folder = try await numbersPlugin().folder.path
        let outcome = try await host("inspect", name, "--plugins", folder)
        #expect(outcome.output.hasSuffix("example  \(node)\n"), "\(outcome)")
    }

    @Test("a line end in what a plugin says of itself is shown as a blank")
    func lineEnds() async throws {
        let folder = try await numbersPlugin().folder.path
        let outcome = try await host("inspect", "numbers.show", "--plugins", folder)
        #expect(
            outcome.output == """
                numbers.show: Shows what is shown.

                shape    map, keeps keys
                flags    none
                inputs   row ANY: any row
                outputs  row ANY: any row

                arg   kind   default   allowed   help
                low   INT    required  to -3     To at most so much.
                high  INT    required  from 7    any number
                part  FLOAT  required  0 to 0.5  any number

                example  {"coro":"numbers.show","args":{"low":-3,"high":7,"part":0.5}}

                """)
        let plugin = try await host("inspect", "numbers", "--plugins", folder)
        #expect(plugin.output.hasPrefix("numbers 1.0.0: Of numbers.\n"))
        #expect(plugin.output.hasSuffix("\nnumbers.show  Shows what is shown.\n"))
        let listed = try await host("plugins", "--plugins", folder)
        #expect(listed.output.hasPrefix("numbers 1.0.0  Of numbers.\n"))
    }

    /// A plugin whose texts have line ends in them, and whose numbers have limits.
    private func numbersPlugin() async throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write(
            """
            #include <pipes/pipes.h>

            static pipes_status show(void *state, pipes_call *call, const pipes_value *row,
                                     pipes_value *result) {
                (void)state, (void)call;
                *result = *row;
                return PIPES_OK;
            }
            static const pipes_param params[] = {
                {.struct_size = sizeof(pipes_param), .kind = PIPES_INT, .name = "low",
                 .help = "To at most\\nso much.", .maximum = "-3"},
                {.struct_size = sizeof(pipes_param), .kind = PIPES_INT, .name = "high",
                 .help = "any number", .minimum = "7"},
                {.struct_size = sizeof(pipes_param), .kind = PIPES_FLOAT, .name = "part",
                 .help = "any number", .minimum = "0", .maximum = "0.5"},
            };
            static const pipes_port row[] = {PIPES_PORT(PIPES_ANY, "row", "any\\nrow")};
            static const pipes_processor processors[] = {
                {.struct_size = sizeof(pipes_processor), .name = "show",
                 .summary = "Shows what\\nis shown.", .params = params, .param_count = 3,
                 .inputs = row, .input_count = 1, .outputs = row, .output_count = 1, .map = show},
            };
            PIPES_PLUGIN("numbers", "1.0.0", "Of\\nnumbers.", processors)
            """, to: "numbers.c")
        let include = Command.checkout.appendingPathComponent("include").path
        let built = try await Command.shell(
            "cc -std=c11 -fPIC -shared -fvisibility=hidden -I\(include) -o numbers.so numbers.c",
            in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
        return scratch
    }

    @Test("inspect --json says whether an arg is required, and its default")
    func inspectsAsJSON() async throws {
        let outcome = try await host("inspect", "strings.random", "--json")
        let processor = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(processor["name"] as? String == "random")
        #expect(processor["plugin"] as? String == "strings")
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
                + "split, concat, match, text. Did you mean \"reverse\"?\n")
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
