import Foundation
import Testing

/// What the author of a plugin is told before it runs.
@Suite("a plugin's author")
struct PluginAuthorTests {
    private static let include = Command.checkout.appendingPathComponent("include").path
    private static let graph = """
        {
          "nodes": {
            "in": {"coro": "io.lines"},
            "p": {"coro": "pictures.map"},
            "out": {"coro": "io.print"}
          },
          "graph": {"in": ["p"], "p": ["out"]}
        }
        """

    /// A plugin with a map that passes its rows on, and what more stands in its source.
    private static func source(_ more: String = "", fields: String = "") -> String {
        """
        #include <pipes/pipes.h>
        static pipes_status map(void *state, pipes_call *call, const pipes_value *row,
                                pipes_value *result) {
            (void)state, (void)call;
            *result = *row;
            return PIPES_OK;
        }
        \(more)
        static const pipes_port text[] = {PIPES_PORT(PIPES_STRING, "text", "any text")};
        static const pipes_processor processors[] = {
            {.struct_size = sizeof(pipes_processor), .name = "map", .summary = "Passes texts on.",
             .input_count = 1, .inputs = text, .output_count = 1, .outputs = text, .map = map\(fields)}};
        PIPES_PLUGIN("pictures", "1.0.0", "Passes texts on.", processors)

        """
    }

    private static func scratch(_ source: String = source()) throws -> Scratch {
        let scratch = try Scratch()
        try scratch.write(source, to: "pictures.c")
        try scratch.write(graph, to: "graph.json")
        return scratch
    }

    private static func shell(_ line: String, in scratch: Scratch) async throws -> Command.Outcome {
        try await Command.shell(
            line.replacing("CC", with: "cc -std=c11 -fPIC -I\(include)"), in: scratch.folder
        ).outcome()
    }

    // MARK: Files

    @Test(
        "what is not a shared object is told as what it is",
        arguments: [
            ("CC -c -o pictures.so pictures.c", "an object file"),
            (
                "echo 'int main(void) { return 0; }' >> pictures.c && CC -pie -o pictures.so pictures.c",
                "an executable"
            ),
            (
                "echo 'int main(void) { return 0; }' >> pictures.c && CC -no-pie -s -o pictures.so pictures.c",
                "an executable"
            ),
        ])
    func notShared(build: String, what: String) async throws {
        let scratch = try Self.scratch()
        #expect(try await Self.shell(build, in: scratch).code == 0)
        let reason = "not a shared object, but \(what); build it with -shared (and -fPIC)"
        let check = try await Self.shell("pipes-host check graph.json --plugins .", in: scratch)
        #expect(
            check.errors
                == "graph.json:4:19: error: node \"p\": plugin pictures (./pictures.so) can't be used: "
                + "\(reason)\n")
        #expect(check.code == 1)
        let inspect = try await Self.shell("pipes-host inspect pictures --plugins .", in: scratch)
        #expect(
            inspect.errors
                == "pictures: error: plugin pictures (./pictures.so) is broken: \(reason)\n")
        let validate = try await Self.shell("pipes-host validate pictures.so", in: scratch)
        #expect(validate.errors == "pictures.so: error: is broken: \(reason)\n")
    }

    @Test("a library of a plugin's name that exports none is not said to be missing")
    func ordinary() async throws {
        let scratch = try Self.scratch("int twice(int n) { return 2 * n; }\n")
        #expect(try await Self.shell("CC -shared -o pictures.so pictures.c", in: scratch).code == 0)
        let inspect = try await Self.shell("pipes-host inspect pictures --plugins .", in: scratch)
        #expect(
            inspect.errors
                == "pictures: error: ./pictures.so is no plugin: it does not export pipes_plugin_v1; a "
                + "plain function of it is named with a colon and --signature, ./pictures.so:SYMBOL\n"
        )
        #expect(inspect.code == 1)
    }

    @Test("a plugin that was built with another pipes.h is told so")
    func otherHeader() async throws {
        let scratch = try Self.scratch(
            """
            static const char description[64] = "Deco";
            const void *pipes_plugin_v1(const void *host) { (void)host; return description; }

            """)
        #expect(try await Self.shell("CC -shared -o pictures.so pictures.c", in: scratch).code == 0)
        let check = try await Self.shell("pipes-host check graph.json --plugins .", in: scratch)
        #expect(
            check.errors
                == "graph.json:4:19: error: node \"p\": plugin pictures (./pictures.so) can't be used: "
                + "its description has struct_size 1868784964 (the text \"Deco\"), which no version of "
                + "the ABI has: it was built with another pipes.h, whose structs have other fields. "
                + "Build it with the pipes.h of this host\n")
        #expect(check.code == 1)
    }

    @Test("a plugin that hides another one of its name is a warning, once, and is listed with it")
    func hides() async throws {
        let scratch = try Self.scratch()
        try scratch.write(
            Self.graph.replacing(
                "\"out\": {\"coro\"",
                with: "\"q\": {\"coro\": \"pictures.map\"}, \"out\": {\"coro\""
            )
            .replacing("\"p\": [\"out\"]", with: "\"p\": [\"q\"], \"q\": [\"out\"]"),
            to: "graph.json")
        let build =
            "mkdir a b && CC -shared -o a/pictures.so pictures.c && cp a/pictures.so b/libpictures.so"
        #expect(try await Self.shell(build, in: scratch).code == 0)
        let folders = "--plugins a --plugins b"
        let check = try await Self.shell("pipes-host check graph.json \(folders)", in: scratch)
        #expect(
            check.errors
                == "graph.json:4:19: warning: node \"p\": plugin pictures is a/pictures.so, which hides "
                + "b/libpictures.so; remove what is not meant\n")
        #expect(check.output == "graph.json: ok, 4 nodes, 3 edges\n")
        #expect(check.code == 0)
        let plugins = try await Self.shell("pipes-host plugins \(folders)", in: scratch)
        #expect(
            plugins.output.contains(
                """
                pictures 1.0.0  Passes texts on.
                    a/pictures.so
                    hides b/libpictures.so
                    map

                """))
        let inspect = try await Self.shell("pipes-host inspect pictures \(folders)", in: scratch)
        #expect(
            inspect.output.hasPrefix(
                """
                pictures 1.0.0: Passes texts on.
                a/pictures.so
                hides b/libpictures.so


                """))
        let one = try await Self.shell("pipes-host inspect pictures.map \(folders)", in: scratch)
        #expect(one.output.contains("\nhides    b/libpictures.so\n"))
        for command in ["plugins", "inspect pictures", "inspect pictures.map"] {
            let json = try await Self.shell(
                "pipes-host \(command) --json \(folders)", in: scratch)
            let text = json.output.split(whereSeparator: \.isWhitespace).joined()
            #expect(text.contains("\"hides\":[\"b/libpictures.so\"]"))
        }
    }

    // MARK: What a graph says of it

    @Test("a concurrency that changes nothing is a warning at the property")
    func concurrency() async throws {
        let scratch = try Self.scratch()
        try scratch.write(
            Self.graph.replacing(
                "\"pictures.map\"", with: "\"pictures.map\", \"properties\": {\"concurrency\": 8}"),
            to: "graph.json")
        let outcome = try await Self.shell(
            "CC -shared -o pictures.so pictures.c && pipes-host check graph.json --plugins .",
            in: scratch)
        #expect(
            outcome.errors
                == "graph.json:4:50: warning: node \"p\": \"concurrency\" 8 changes nothing: pictures.map "
                + "is not concurrent (PIPES_CONCURRENT), so its calls come one at a time; leave it out\n"
        )
        #expect(outcome.output == "graph.json: ok, 3 nodes, 2 edges\n")
        #expect(outcome.code == 0)
    }

    @Test("a map that feeds nobody is a warning at the node")
    func unread() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines"}, "out": {"coro": "io.print"},
              "up": {"coro": "strings.upper"}},
             "graph": {"in": ["up", "out"]}}
            """, to: "graph.json")
        let outcome = try await Self.shell("pipes-host check graph.json", in: scratch)
        #expect(
            outcome.errors
                == "graph.json:2:3: warning: node \"up\": feeds no other node, so what strings.upper "
                + "yields is lost; name those that take it under \"graph\", as in {\"up\": [\"out\"]}\n"
        )
        #expect(outcome.output == "graph.json: ok, 3 nodes, 2 edges\n")
        #expect(outcome.code == 0)
    }

    @Test("a function without its library is one error, with a signature too")
    func oneError() async throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            {"nodes": {"in": {"coro": "io.lines"}, "out": {"coro": "io.print"},
              "f": {"coro": "getenv", "signature": "(in.cstr) -> cstr"}},
             "graph": {"in": ["f"], "f": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Self.shell("pipes-host check graph.json", in: scratch)
        #expect(
            outcome.errors
                == "graph.json:2:17: error: node \"f\": \"getenv\" is neither plugin.processor, such as "
                + "\"strings.reverse\", nor library:symbol, such as \"libz.so.1:crc32\"\n")
        #expect(outcome.code == 1)
    }

    // MARK: open

    private static let refusing = """
        static pipes_status refuse(const pipes_host *host, pipes_node *node, const pipes_value *args,
                                   size_t count, void **state) {
            (void)args, (void)count, (void)state;
            return ANSWER;
        }
        """

    @Test(
        "open refuses with a reason, and explaining it without a call loses the reason alone",
        arguments: [
            (
                "pipes_explain_open(host, node, PIPES_FATAL, \"no pictures here\")",
                "no pictures here"
            ),
            (
                "((void)host, (void)node, pipes_explain(NULL, PIPES_FATAL, \"lost\"))",
                "answered -3 without an explanation"
            ),
        ])
    func refusal(answer: String, reason: String) async throws {
        let scratch = try Self.scratch(
            Self.source(Self.refusing.replacing("ANSWER", with: answer), fields: ", .open = refuse")
        )
        let outcome = try await Self.shell(
            "CC -shared -o pictures.so pictures.c && pipes-host run graph.json --plugins . < /dev/null",
            in: scratch)
        #expect(outcome.output == "")
        #expect(
            outcome.errors
                == "graph.json:4:19: error: node \"p\": can't open pictures.map: \(reason)\n")
        #expect(outcome.code == 1)
    }
}
