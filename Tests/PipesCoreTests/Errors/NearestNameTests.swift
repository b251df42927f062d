import PipesCore
import Testing

@Suite("nearestName")
struct NearestNameTests {
    @Test(
        "the name that was probably meant is found",
        arguments: [
            ("revrse", ["upper", "reverse", "lower"], "reverse"),
            ("nmu", ["seed", "num"], "num"),
            ("Reverse", ["revers", "reverse"], "reverse"),
            ("queuesize", ["queue_bytes", "queue_size"], "queue_size"),
            ("agregate_inputs", ["aggregate_inputs", "ordered"], "aggregate_inputs"),
            ("number", ["seed", "num"], "num"),
            ("sep", ["separator"], "separator"),
            ("inp", ["out", "rev", "crc"], nil),
            ("upper", ["lower"], nil),
            ("a", ["b", "c"], nil),
            ("A", ["b", "a"], "a"),
            ("", ["b", "a"], nil),
            ("x", [], nil),
            (String(repeating: "x", count: 100_000), ["x"], nil),
        ] as [(String, [String], String?)])
    func nearest(name: String, candidates: [String], expected: String?) {
        #expect(nearestName(to: name, among: candidates) == expected)
    }
}

@Suite("quoted")
struct QuotingTests {
    @Test(
        "a name stays on one line, whatever is in it",
        arguments: [
            ("rev", "\"rev\""), ("a\"b\nc", "\"a\\\"b\\nc\""), ("", "\"\""), ("é", "\"é\""),
            (String(repeating: "é", count: 201), "\"\(String(repeating: "é", count: 200))...\""),
        ])
    func quoted(name: String, expected: String) {
        #expect(name.quoted == expected)
    }

    @Test("a list of very many names is cut")
    func listed() {
        #expect(["a", "b"].listed == "a, b")
        #expect((1...20).map(String.init).listed.hasSuffix("19, 20"))
        #expect((1...21).map(String.init).listed.hasSuffix("20, ..."))
    }
}
