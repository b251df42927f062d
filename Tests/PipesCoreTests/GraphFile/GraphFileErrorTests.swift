import PipesCore
import Testing

@Suite("errors of a graph file")
struct GraphFileErrorTests {
    @Test(
        "a mistake at the top has its place",
        arguments: [
            ("", ["1:1: error: not JSON: expected a value, found the end of the text"]),
            (
                "{\n  \"nodes\": {,}}",
                [
                    "2:13: error: not JSON: expected a key in quotes or }, found \",\""
                ]
            ),
            (
                "{}",
                [
                    "1:1: error: no \"nodes\": a graph file wants the nodes by name, such as "
                        + "{\"nodes\": {\"inp\": {\"coro\": \"io.lines\"}}}"
                ]
            ),
            ("{\"nodes\": {}}", ["1:11: error: \"nodes\" is empty: nothing would run"]),
            (
                "{\"nodes\": []}",
                [
                    "1:11: error: \"nodes\" wants an object of names and nodes, got a list"
                ]
            ),
            (
                of(top: "\"nods\": 1"),
                [
                    "1:2: error: unknown key \"nods\"; a graph file has name, nodes, graph, env, "
                        + "defaults, dead_letter, tests. Did you mean \"nodes\"?"
                ]
            ),
            (of(top: "\"name\": 1"), ["1:10: error: \"name\" wants a string, got an integer"]),
            (of(top: "\"name\": \"\""), ["1:10: error: \"name\" is empty"]),
            (
                of(top: "\"env\": []"),
                [
                    "1:9: error: \"env\" wants an object of names and values, got a list"
                ]
            ),
            (
                of(top: "\"env\": {\"a\": \"${NO}\"}"),
                [
                    "1:15: error: the environment variable NO is not set; set it, or give a default: "
                        + "${NO:-default}"
                ]
            ),
            (
                of(top: "\"dead_letter\": null"),
                [
                    "1:17: error: \"dead_letter\" wants a string, got null"
                ]
            ),
            (
                of(top: "\"defaults\": {\"queue_siz\": 1}"),
                [
                    "1:15: error: \"defaults\": unknown key \"queue_siz\"; a node's properties has "
                        + "aggregate_inputs, queue_size, queue_bytes, concurrency, ordered, timeout, "
                        + "on_error, on_missing, overflow. Did you mean \"queue_size\"?"
                ]
            ),
            (
                of(top: "\"defaults\": 1"),
                [
                    "1:14: error: \"defaults\": it wants an object of properties, got an integer"
                ]
            ),
            (
                of(top: "\"env\": {\"a\": {\"b\": 1,\n \"b\": 2}}"),
                [
                    "2:2: error: the key \"b\" stands twice in one object; the first is in line 1, "
                        + "column 16"
                ]
            ),
        ])
    func top(text: String, expected: [String]) {
        #expect(messages(text) == expected)
    }

    @Test(
        "a mistake in a node has its place",
        arguments: [
            ("7", ["wants an object with a \"coro\", got an integer"], 5),
            ("{}", ["no \"coro\": it names the processor, such as \"strings.reverse\""], 0),
            ("{\"coro\": 1}", ["\"coro\" wants a string, got an integer"], 14),
            ("{\"coro\": \"\"}", ["\"coro\" is empty"], 14),
            (
                "{\"coro\": \"${}\"}",
                [
                    "\"${}\" names no variable; there are ${NAME} and ${NAME:-default}, and a literal "
                        + "\"${\" is written \"$${\""
                ], 14
            ),
            (
                "{\"coro\": \"a${SET\"}",
                [
                    "\"${\" without its \"}\"; a literal one is written \"$${\""
                ], 14
            ),
            (
                "{\"coro\": \"x.y\", \"cor\": 1}",
                [
                    "unknown key \"cor\"; a node has coro, args, signature, properties, examples. "
                        + "Did you mean \"coro\"?"
                ], 21
            ),
            (
                "{\"coro\": \"x.y\", \"ordered\": true}",
                [
                    "\"ordered\" is a property: put it into \"properties\": {...}"
                ], 21
            ),
            (
                "{\"coro\": \"x.y\", \"args\": [1]}",
                [
                    "\"args\" wants an object of names and values, got a list"
                ], 29
            ),
            (
                "{\"coro\": \"x.y\", \"args\": {\"a\": [1, \"${1}\"]}}",
                [
                    "\"${1}\" names no variable; there are ${NAME} and ${NAME:-default}, and a literal "
                        + "\"${\" is written \"$${\""
                ], 39
            ),
            (
                "{\"coro\": \"x.y\", \"signature\": null}",
                [
                    "\"signature\" wants a string, got null"
                ], 34
            ),
            (
                "{\"coro\": \"x.y\", \"properties\": 1}",
                [
                    "\"properties\" wants an object of properties, got an integer"
                ], 35
            ),
            (
                "{\"coro\": \"x.y\", \"examples\": {}}",
                [
                    "\"examples\" wants a list such as [{\"in\": [\"hello\"], \"out\": 5}], got an "
                        + "object"
                ], 33
            ),
            (
                "{\"coro\": \"x.y\", \"examples\": [1]}",
                [
                    "an example wants an object with \"in\" and \"out\", got an integer"
                ], 34
            ),
            (
                "{\"coro\": \"x.y\", \"examples\": [{\"in\": 1}]}",
                [
                    "\"in\" wants a list of one joined row, got an integer"
                ], 41
            ),
            (
                "{\"coro\": \"x.y\", \"examples\": [{\"in\": [1]}]}",
                ["an example without \"out\""], 34
            ),
        ])
    func nodes(node: String, expected: [String], offset: Int) {
        let prefix = "error: node \"a\": "
        #expect(
            messages("{\"nodes\": {\"a\": \(node)}}")
                == expected.map { "1:\(12 + offset): \(prefix)\($0)" })
    }

    @Test(
        "a property that can't be has its place",
        arguments: [
            ("\"queue_size\": 0", 14, "\"queue_size\" is 0; it can be 1 to 1000000000"),
            (
                "\"queue_size\": 1.0", 14,
                "\"queue_size\" wants an integer, got a number with a fraction or an exponent"
            ),
            ("\"queue_bytes\": 0", 15, "\"queue_bytes\" is 0; it can be 1 to 1125899906842624"),
            (
                "\"queue_bytes\": \"4 KiB\"", 15,
                "\"queue_bytes\" is \"4 KiB\", which is no size of at least one byte; write \"16MiB\", "
                    + "\"4KiB\", \"1MB\" or a number of bytes"
            ),
            (
                "\"queue_bytes\": true", 15,
                "\"queue_bytes\" wants a size such as \"16MiB\", got true"
            ),
            ("\"concurrency\": -1", 15, "\"concurrency\" is -1; it can be 1 to 1000000"),
            ("\"ordered\": \"no\"", 11, "\"ordered\" wants true or false, got a string"),
            (
                "\"timeout\": \"0s\"", 11,
                "\"timeout\" is \"0s\", which is no time above 0; write \"10ms\", \"1.5s\", \"2m\" or \"1h\""
            ),
            ("\"timeout\": 5", 11, "\"timeout\" wants a string, got an integer"),
            (
                "\"on_missing\": \"skp\"", 14,
                "\"on_missing\" is \"skp\"; it can be \"skip\", \"null\", \"fail\". Did you mean \"skip\"?"
            ),
            (
                "\"on_error\": \"skip\"", 12,
                "\"on_error\" wants an object such as {\"retry\": {\"max\": 3, \"backoff\": "
                    + "\"50ms..5s\"}, \"then\": \"skip\"}, got a string"
            ),
            (
                "\"on_error\": {\"them\": 1}", 13,
                "unknown key \"them\"; \"on_error\" has retry, then. Did you mean \"then\"?"
            ),
            (
                "\"on_error\": {\"then\": \"deadletter\"}", 21,
                "\"then\" is \"deadletter\"; it can be \"dead_letter\", \"skip\", \"stop\". "
                    + "Did you mean \"dead_letter\"?"
            ),
            (
                "\"on_error\": {\"retry\": 3}", 22,
                "\"retry\" wants an object such as {\"max\": 3, \"backoff\": \"50ms..5s\"}, got an "
                    + "integer"
            ),
            (
                "\"on_error\": {\"retry\": {\"max\": -1}}", 30,
                "\"max\" is -1; it can be 0 to 1000000000"
            ),
            (
                "\"on_error\": {\"retry\": {\"backof\": -1}}", 23,
                "unknown key \"backof\"; \"retry\" has max, backoff. Did you mean \"backoff\"?"
            ),
            (
                "\"on_error\": {\"retry\": {\"backoff\": \"5s..50ms\"}}", 34,
                "\"backoff\" is \"5s..50ms\"; it wants the first pause and the longest, such as "
                    + "\"50ms..5s\""
            ),
            (
                "\"on_error\": {\"retry\": {\"backoff\": \"5s\"}}", 34,
                "\"backoff\" is \"5s\"; it wants the first pause and the longest, such as \"50ms..5s\""
            ),
            (
                "\"overflow\": \"drop_oldst\"", 12,
                "\"overflow\" is \"drop_oldst\"; it can be \"suspend\", \"drop_oldest\", "
                    + "\"drop_newest\". Did you mean \"drop_oldest\"?"
            ),
        ])
    func properties(property: String, offset: Int, expected: String) {
        let head = "{\"nodes\": {\"a\": {\"coro\": \"x.y\", \"properties\": {"
        #expect(
            messages("\(head)\(property)}}}}")
                == ["1:\(head.count + 1 + offset): error: node \"a\": \(expected)"])
    }

    @Test(
        "a mistake in the edges has its place",
        arguments: [
            (
                "[]", 0,
                "\"graph\" wants an object such as {\"inp\": [\"rev\"], \"rev\": null}, got a list"
            ),
            (
                "{\"inq\": null}", 1,
                "\"graph\" names \"inq\", which is not among the nodes. Did you mean \"inp\"?"
            ),
            (
                "{\"inp\": [\"uot\"]}", 9,
                "node \"inp\" feeds \"uot\", which is not among the nodes. Did you mean \"out\"?"
            ),
            (
                "{\"inp\": [\"out\", \"out\"]}", 16,
                "node \"inp\" names \"out\" twice in one list; one edge carries every row once"
            ),
            (
                "{\"inp\": [\"out\", {\"to\": \"out\"}]}", 23,
                "node \"inp\" names \"out\" twice in one list; one edge carries every row once"
            ),
            (
                "{\"inp\": \"out\"}", 8,
                "node \"inp\" wants a list of the nodes it feeds, null or an object of named outputs, "
                    + "got a string"
            ),
            (
                "{\"inp\": {\"ok\": {}}}", 15,
                "output \"ok\" of node \"inp\" wants a list of the nodes it feeds or null, got an object"
            ),
            (
                "{\"inp\": [7]}", 9,
                "node \"inp\" feeds an integer; write a node's name, or {\"to\": \"out\", "
                    + "\"queue_size\": 16}"
            ),
            (
                "{\"inp\": [{\"queue_size\": 16}]}", 9,
                "node \"inp\": an edge without \"to\"; write a node's name, or {\"to\": \"out\", "
                    + "\"queue_size\": 16}"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"queue_size\": 0}]}", 37,
                "edge \"inp\" -> \"out\": \"queue_size\" is 0; it can be 1 to 1000000000"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"overflow\": \"drop_new\"}]}", 35,
                "edge \"inp\" -> \"out\": \"overflow\" is \"drop_new\"; it can be \"suspend\", "
                    + "\"drop_oldest\", \"drop_newest\". Did you mean \"drop_newest\"?"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"overflow\": 1}]}", 35,
                "edge \"inp\" -> \"out\": \"overflow\" wants a string, got an integer"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"feedback\": true}]}", 35,
                "edge \"inp\" -> \"out\": \"feedback\" wants an object such as {\"initial\": [0], "
                    + "\"max_in_loop\": 1}, got true"
            ),
            (
                "{\"inp\": [{\"feedback\": {\"initial\": 0}, \"to\": \"out\"}]}", 34,
                "edge \"inp\" -> \"out\": \"initial\" wants a list of the first rows' values, such "
                    + "as [0], got an integer"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"feedback\": {\"max_in_loop\": 0}}]}", 51,
                "edge \"inp\" -> \"out\": \"max_in_loop\" is 0; it can be 1 to 1000000000"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"feedback\": {\"max_in_loop\": \"1\"}}]}", 51,
                "edge \"inp\" -> \"out\": \"max_in_loop\" wants an integer, got a string"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"feedback\": {\"inital\": []}}]}", 36,
                "edge \"inp\" -> \"out\": unknown key \"inital\"; \"feedback\" has initial, "
                    + "max_in_loop. Did you mean \"initial\"?"
            ),
            (
                "{\"inp\": [{\"to\": \"out\", \"queue\": 1}]}", 23,
                "edge \"inp\" -> \"out\": unknown key \"queue\"; an edge has to, queue_size, "
                    + "queue_bytes, overflow, feedback. Did you mean \"queue_size\"?"
            ),
            (
                "{\"inp\": [\"out\"], \"inp\": [\"out\"]}", 17,
                "the key \"inp\" stands twice in one object; the first is in line 1, column 71"
            ),
        ])
    func edges(edges: String, offset: Int, expected: String) {
        let head =
            "{\"nodes\": {\"inp\": {\"coro\": \"x.y\"}, \"out\": {\"coro\": \"x.y\"}}, \"graph\": "
        #expect(
            messages("\(head)\(edges)}")
                == ["1:\(head.count + 1 + offset): error: \(expected)"])
    }

    @Test("all mistakes are found at once, in the order of the file")
    func all() {
        let text = """
            {
              "graph": {"b": ["c"], "x": []},
              "nodes": {
                "a": {"coro": 1},
                "a": {"coro": "x.y"},
                "b": {"core": "x.y"}
              },
              "nam": "x"
            }
            """
        let places = messages(text).map { $0.split(separator: " ")[0] }
        #expect(places == ["2:19:", "2:25:", "4:19:", "5:5:", "6:11:", "8:3:"])
    }

    @Test("a graph with errors comes back, and says so")
    func flawed() {
        let text = Array(#"{"nodes": {"a": {"coro": "x.y", "k": 1}}, "graph": {"b": []}}"#.utf8)
        let graph = GraphFile.parse(text, file: "g", environment: [:]).graph
        #expect(graph?.hasErrors == true)
        #expect(graph?.edgesAreIncomplete == true)
        #expect(GraphFile.parse([1], file: "g", environment: [:]).graph == nil)
    }
}

/// A file that is right but for one member in front.
private func of(top member: String) -> String {
    "{\(member), \"nodes\": {\"a\": {\"coro\": \"x.y\"}}}"
}
