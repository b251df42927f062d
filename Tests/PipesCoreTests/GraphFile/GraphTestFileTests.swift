import PipesCore
import Testing

@Suite("tests in a graph file")
struct GraphTestFileTests {
    private static let head =
        "{\"nodes\": {\"inp\": {\"coro\": \"x.y\"}, \"out\": {\"coro\": \"x.y\"}}, \"tests\": "

    private func parse(_ tests: String) -> (graph: Graph?, messages: [String]) {
        let (graph, diagnostics) = GraphFile.parse(
            Array("\(Self.head)\(tests)}".utf8), file: "g", environment: ["WHO": "me"])
        return (graph, diagnostics.map { String($0.description.dropFirst("g:".count)) })
    }

    @Test("every key is read")
    func reads() throws {
        let (graph, messages) = parse(
            """
            [{"name": "all", "sources": {"inp": ["a", 1]},
              "expect": {"out": [["a", 1]], "inp": {"outputs": {"ok": {"any_order": ["${WHO}"]},
                                                               "bad": {"count": 2}}}},
              "failures": {"out": 2, "inp": ["no"]}, "skipped": {"out": 1},
              "dead_letters": [{"node": "out", "key": [1, 2], "attempts": 3, "message": "m",
                                "row": ["a", null]}],
              "faults": {"out": [{"at": [3, [4, 0]], "how": "retry", "times": 2, "message": "f"},
                                 {"at": 5, "how": "delay", "time": "2s"}],
                         "inp": {"at": 0, "how": "crash"}},
              "args": {"inp": {"num": 3}}, "env": {"who": "x"}, "for": "1h",
              "real_sinks": ["out"], "status": "failed_rows", "exit": 2}]
            """)
        #expect(messages == [])
        let test = try #require(graph?.tests.first)
        #expect(test.name == "all" && test.place == Place(line: 1, column: Self.head.count + 2))
        #expect(test.sources[0].node.node == "inp")
        #expect(test.sources[0].rows.map(\.value) == [.string("a"), .int(1)])
        #expect(test.expectations.map(\.output) == [nil, "ok", "bad"])
        guard case .exact(let exact) = test.expectations[0].rows,
            case .anyOrder(let anyOrder) = test.expectations[1].rows,
            case .count(let count) = test.expectations[2].rows
        else {
            Issue.record("the forms are mixed up")
            return
        }
        #expect(exact.map(\.value) == [.list([.string("a"), .int(1)])])
        #expect(exact[0].place == Place(line: 2, column: 22))
        #expect(anyOrder.map(\.value) == [.string("me")] && count == 2)
        #expect(test.failures.map(\.count) == [2, 1])
        #expect(test.failures[1].messages?.map(\.value) == [.string("no")])
        #expect(test.skipped.map(\.count) == [1])
        let letter = try #require(test.deadLetters?.first)
        #expect(letter.node?.node == "out" && letter.key == [1, 2] && letter.attempts == 3)
        #expect(letter.message == "m" && letter.row == [.string("a"), .null])
        #expect(test.faults.map(\.effect) == [.retry(times: 2), .delay(.seconds(2)), .crash])
        #expect(test.faults.map(\.keys) == [[[3], [4, 0]], [[5]], [[0]]])
        #expect(test.faults[0].message == "f")
        #expect(test.args[0].args[0].value == .int(3) && test.env == ["who": .string("x")])
        #expect(test.duration == .seconds(3600) && test.realSinks.map(\.node) == ["out"])
        #expect(test.status == .failedRows)
    }

    @Test("a test without a name is called by its number")
    func namesByNumber() {
        #expect(parse("[{}, {\"name\": \"b\"}]").graph?.tests.map(\.name) == ["test 1", "b"])
    }

    @Test(
        "a mistake has its place",
        arguments: [
            (
                "{}", 0,
                "\"tests\" wants a list such as [{\"name\": \"...\", \"sources\": {\"inp\": "
                    + "[\"a\"]}, \"expect\": {\"out\": [\"a\"]}}], got an object"
            ),
            ("[1]", 1, "\"tests\": a test wants an object, got an integer"),
            (
                "[{\"name\": \"a\"}, {\"name\": \"a\"}]", 16,
                "two tests are named \"a\"; the first is in line 1"
            ),
            (
                "[{\"sorces\": {}}]", 2,
                "test \"test 1\": unknown key \"sorces\"; a test has name, sources, expect, "
                    + "failures, skipped, dead_letters, status, exit, faults, args, env, for, "
                    + "real_sinks. Did you mean \"sources\"?"
            ),
            (
                "[{\"sources\": {\"imp\": []}}]", 14,
                "test \"test 1\": there is no node \"imp\". Did you mean \"inp\"?"
            ),
            (
                "[{\"sources\": {\"inp\": 1}}]", 21,
                "test \"test 1\": source \"inp\" wants a list of rows, got an integer"
            ),
            (
                "[{\"expect\": {\"out\": 1}}]", 20,
                "test \"test 1\": what is expected of \"out\" is a list of rows, "
                    + "{\"any_order\": [...]} or {\"count\": 3}, got an integer"
            ),
            (
                "[{\"expect\": {\"out\": {\"any\": []}}}]", 21,
                "test \"test 1\": unknown key \"any\"; what is expected of a node has exact, "
                    + "any_order, count, outputs. Did you mean \"any_order\"?"
            ),
            (
                "[{\"expect\": {\"out\": {\"count\": 1, \"exact\": []}}}]", 33,
                "test \"test 1\": what is expected of \"out\" is said in two ways; give one of "
                    + "exact, any_order and count"
            ),
            (
                "[{\"expect\": {\"out\": {\"count\": -1}}}]", 30,
                "test \"test 1\": \"count\" is -1; it can be 0 to 9223372036854775807"
            ),
            (
                "[{\"failures\": {\"out\": -1}}]", 22,
                "test \"test 1\": the failures of \"out\" are a number from 0 or a list of "
                    + "messages, got an integer"
            ),
            (
                "[{\"status\": \"claen\"}]", 12,
                "test \"test 1\": \"status\" is \"claen\"; it can be \"clean\", \"failed_rows\", "
                    + "\"stopped\", \"cancelled\", \"refused\", \"crashed\". Did you mean \"clean\"?"
            ),
            (
                "[{\"status\": \"clean\", \"exit\": 2}]", 29,
                "test \"test 1\": \"exit\" is 2, and a run whose status is \"clean\" ends with 0; "
                    + "give one of the two"
            ),
            (
                "[{\"for\": \"0s\"}]", 9,
                "test \"test 1\": \"for\" is \"0s\", which is no time above 0; write \"10ms\", "
                    + "\"1.5s\", \"2m\" or \"1h\""
            ),
            (
                "[{\"faults\": {\"out\": {\"at\": [0], \"how\": \"regect\"}}}]", 39,
                "test \"test 1\": \"how\" is \"regect\"; it can be \"reject\", \"retry\", "
                    + "\"delay\", \"crash\". Did you mean \"reject\"?"
            ),
            (
                "[{\"faults\": {\"out\": {\"at\": [-1], \"how\": \"reject\"}}}]", 28,
                "test \"test 1\": \"at\": a key is a number from 0 or a list of them, got -1, which is "
                    + "below 0"
            ),
            (
                "[{\"faults\": {\"out\": {\"at\": [[]], \"how\": \"reject\"}}}]", 28,
                "test \"test 1\": \"at\": a key is a number from 0 or a list of them, got an "
                    + "empty list"
            ),
            (
                "[{\"dead_letters\": [{\"key\": [2.0]}]}]", 28,
                "test \"test 1\": \"key\": a key is a number from 0 or a list of them, and item 1 "
                    + "of this list is 2.0, a number with a fraction or an exponent"
            ),
            (
                "[{\"dead_letters\": [{\"key\": [7, -2]}]}]", 31,
                "test \"test 1\": \"key\": a key is a number from 0 or a list of them, and item 2 "
                    + "of this list is -2, which is below 0"
            ),
            (
                "[{\"dead_letters\": [{\"key\": [0, [1]]}]}]", 31,
                "test \"test 1\": \"key\": a key is a number from 0 or a list of them, and item 2 "
                    + "of this list is a list"
            ),
            (
                "[{\"faults\": {\"out\": {\"how\": \"reject\"}}}]", 20,
                "test \"test 1\": a fault without \"at\"; it names the keys of rows, from 0, such "
                    + "as [3]"
            ),
            (
                "[{\"faults\": {\"out\": {\"at\": 0, \"how\": \"crash\", \"times\": 2}}}]", 46,
                "test \"test 1\": \"times\" goes with \"how\": \"retry\""
            ),
            (
                "[{\"dead_letters\": [{\"nod\": \"out\"}]}]", 20,
                "test \"test 1\": unknown key \"nod\"; a dead letter has node, key, attempts, "
                    + "message, row. Did you mean \"node\"?"
            ),
            (
                "[{\"real_sinks\": [\"ou\"]}]", 17,
                "test \"test 1\": there is no node \"ou\". Did you mean \"out\"?"
            ),
        ])
    func mistakes(tests: String, offset: Int, expected: String) {
        #expect(parse(tests).messages == ["1:\(Self.head.count + 1 + offset): error: \(expected)"])
    }
}
