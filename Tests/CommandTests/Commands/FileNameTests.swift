import Foundation
import Testing

/// Names of files that are not UTF-8.
@Suite("file names of any bytes")
struct FileNameTests {
    private static let graph = """
        {"nodes": {"in": {"coro": "io.lines", "args": {"path": "input.txt"}},
                   "out": {"coro": "io.print"}},
         "graph": {"in": ["out"]}}
        """
    private static let testedGraph = """
        {"nodes": {"in": {"coro": "flow.range", "args": {"end": 2}},
                   "out": {"coro": "io.print"}},
         "graph": {"in": ["out"]}, "tests": [{"expect": {"out": [0, 1]}}]}
        """

    /// A folder with the graph, its input, and whatever a line of shell adds; `$bad` is a name that
    /// is not UTF-8.
    private func shell(_ line: String, graph: String = graph) async throws -> Command.Outcome {
        let scratch = try Scratch()
        try scratch.write(graph, to: "graph.json")
        try scratch.write("one\ntwo\n", to: "input.txt")
        return try await Command.shell(
            "bad=$(printf 'gr\\351'); export bad; " + line, in: scratch.folder
        ).outcome()
    }

    @Test("the host's own paths are bytes: the graph, the report, dead letters, the folder")
    func paths() async throws {
        let outcome = try await shell(
            """
            mkdir "$bad" && cp graph.json "$bad/$bad.json" && cp input.txt "$bad" && cd "$bad" &&
            pipes-host run "$bad.json" --report "$bad.report" --dead-letter "$PWD/$bad.dead" &&
            grep -c '"graph": *"gr.*xe9"' "$bad.report" && test -f "$bad.dead" &&
            pipes-host check "$PWD/$bad.json" && pipes-host graph "$bad.json" | head -n 1
            """)
        #expect(
            outcome.output.hasPrefix("one\ntwo\n1\n"), "\(outcome.output) \(outcome.errors)")
        #expect(outcome.output.contains(#"/gr\xe9/gr\xe9.json: ok, 2 nodes, 1 edge"#))
        #expect(outcome.errors.hasPrefix(#"gr\xe9: clean"#), "\(outcome.errors)")
        #expect(outcome.code == 0)
    }

    @Test("folders of plugins are bytes, on the command line and in the environment")
    func pluginFolders() async throws {
        let line = """
            mkdir "$bad" && cp '\(Command.products.path)/libflow.so' "$bad/libwater.so" &&
            cp '\(Command.products.path)/libflow.so' "$bad/$bad.so" &&
            sed 's/"io.lines", "args": {"path": "input.txt"}/"water.range"/' graph.json > water.json;
            """
        for way in [
            #"pipes-host check water.json --plugins "$bad""#,
            #"PIPES_PLUGINS="nowhere:$bad" pipes-host check water.json"#,
        ] {
            let outcome = try await shell(line + way)
            #expect(
                outcome.errors == #"""
                    water.json:1:27: error: node "in": plugin water (gr\xe9/libwater.so) can't be \#
                    used: its file is asked for plugin water, libwater, and it says that its name is \#
                    "flow"; name the file flow.so or libflow.so

                    """#)
            #expect(outcome.code == 1)
        }
        let list = try await shell(line + #"pipes-host plugins --plugins "$bad" | grep xe9"#)
        #expect(list.output.contains(#"gr\xe9/libwater.so"#), "\(list.output)")
        #expect(list.output.contains(#"gr\xe9/gr\xe9.so"#), "\(list.output)")
    }

    @Test("a plugin in such a folder runs, from there and when the graph is beside it")
    func pluginsRun() async throws {
        let outcome = try await shell(
            """
            mkdir -p "$bad/plugins" && cp '\(Command.products.path)/libflow.so' "$bad/plugins" &&
            cp graph.json "$bad" && pipes-host run "$bad/graph.json" --progress never &&
            pipes-host inspect flow.range --plugins "$bad/plugins" --json | grep -c '"range"' &&
            pipes-host validate "$bad/plugins/libflow.so" --only description | tail -n 1
            """,
            graph: Self.testedGraph)
        #expect(outcome.output.hasPrefix("0\n1\n1\n"), "\(outcome.output)")
        // The one that comes with the program.
        let hides =
            #"gr\xe9/graph.json:1:27: warning: node "in": plugin flow is gr\xe9/plugins/libflow.so, "#
            + "which hides "
        #expect(outcome.errors.hasPrefix(hides), "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(outcome.code == 0)
    }

    @Test("tests of a graph with such a name run")
    func tests() async throws {
        let outcome = try await shell(
            #"cp graph.json "$bad.json" && pipes-host test "$bad.json" --junit "$bad.xml" "#
                + #"&& cat "$bad.xml""#,
            graph: Self.testedGraph)
        #expect(outcome.errors == "", "\(outcome.output)")
        #expect(outcome.output.contains("\n" + #"gr\xe9.json: 1 test, 1 passed, 0 failed"# + "\n"))
        #expect(outcome.output.contains(#"<testsuite name="gr\xe9.json" tests="1""#))
        #expect(outcome.output.contains(#"<testcase classname="gr\xe9.json" name="test 1""#))
        #expect(outcome.output.contains(#" file="gr\xe9.json" line="3""#))
        #expect(Self.hasNoPrivateCharacters(outcome.output), "\(outcome.output)")
        #expect(outcome.code == 0)
    }

    @Test(
        "in results for programs its bytes are shown, in valid JSON",
        arguments: [
            (#"test "$bad.json" --json"#, [#""graph": "gr\\xe9.json""#]),
            (
                #"plugins --plugins "$bad" --json"#,
                [
                    #""name": "gr\\xe9""#, #""file": "gr\\xe9/gr\\xe9.so""#,
                    #""broken": "its file is asked for plugin gr\\xe9, and "#,
                    #""file": "gr\\xe9/libflow.so""#,
                ]
            ),
            (
                #"inspect "$bad/libflow.so" --json"#,
                [#""name": "flow""#, #""file": "gr\\xe9/libflow.so""#]
            ),
            (
                #"inspect "$bad/libflow.so:pipes_plugin_v1" --signature "() -> i32" --json"#,
                [#""coro": "gr\\xe9/libflow.so:pipes_plugin_v1""#]
            ),
            (
                #"validate "$bad/libflow.so" --only description --json"#,
                [
                    #""file": "gr\\xe9/libflow.so""#,
                    #""again": "validate 'gr\\xe9/libflow.so' --only description""#,
                ]
            ),
        ])
    func json(command: String, parts: [String]) async throws {
        let flow = "\(Command.products.path)/libflow.so"
        let outcome = try await shell(
            """
            mkdir "$bad" && cp '\(flow)' "$bad" && cp '\(flow)' "$bad/$bad.so" &&
            cp graph.json "$bad.json" && pipes-host \(command)
            """, graph: Self.testedGraph)
        for part in parts {
            #expect(outcome.output.contains(part), "\(outcome.output) \(outcome.errors)")
        }
        #expect(Self.hasNoPrivateCharacters(outcome.output), "\(outcome.output)")
        _ = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        #expect(outcome.code == 0)
    }

    /// What stands for a byte inside the host.
    private static func hasNoPrivateCharacters(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value < 0x10FF80 }
    }

    @Test(
        "a message that names such a path shows its bytes",
        arguments: [
            (
                #"check "$bad.none""#,
                #"gr\xe9.none: error: can't be read: No such file or directory"#, 1
            ),
            (
                #"check graph.json --plugins "$bad""#,
                #"warning: --plugins gr\xe9: no such folder"#, 0
            ),
            (
                #"run graph.json --set "in.path=$bad""#,
                #"--set in.path=gr\xe9: error: it is not UTF-8, and the texts of a graph are; a "#
                    + "file of such a name can be given a link with another name", 1
            ),
            (
                #"run graph.json --env "name=$bad""#,
                #"--env name=gr\xe9: error: it is not UTF-8, and the texts of a graph are; a "#
                    + "file of such a name can be given a link with another name", 1
            ),
            (
                #"validate '\#(Command.products.path)/libio.so' --set "lines.path=$bad""#,
                #"--set lines.path=gr\xe9: error: it is not UTF-8, and the texts of a graph are; "#
                    + "a file of such a name can be given a link with another name", 1
            ),
        ])
    func messages(command: String, message: String, code: Int32) async throws {
        let outcome = try await shell("pipes-host \(command)")
        #expect(outcome.errors == message + "\n")
        #expect(outcome.code == code)
    }

    @Test("a variable of the environment that is not UTF-8 is named at the place of its text")
    func variable() async throws {
        let outcome = try await shell(
            "pipes-host run graph.json",
            graph: Self.graph.replacing("input.txt", with: "${bad}.txt"))
        #expect(outcome.output == "")
        #expect(
            outcome.errors == #"""
                graph.json:1:56: error: node "in": the environment variable bad is not UTF-8, and \#
                the texts of a graph are: it is "gr\xe9"

                """#)
        #expect(outcome.code == 1)
    }

    @Test("wrong usage with such a name shows its bytes")
    func usage() async throws {
        let outcome = try await shell(#"pipes-host run graph.json "$bad""#)
        #expect(outcome.errors.hasPrefix(#"Error: Unexpected argument 'gr\xe9'"#))
        #expect(outcome.code == 64)
    }
}
