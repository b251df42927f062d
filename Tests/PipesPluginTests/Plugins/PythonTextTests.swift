import PipesPlugin
import PythonText
import Testing

@Suite("Values as Python prints them")
struct PythonTextTests {
    @Test(
        "repr of a value",
        arguments: [
            (.string("a"), "'a'"), (.string("it's"), "\"it's\""),
            (.string("it's \"so\""), "'it\\'s \"so\"'"), (.string("\"q\""), "'\"q\"'"),
            (.string("\\\n\r\t"), "'\\\\\\n\\r\\t'"), (.string("\0\u{7F}"), "'\\x00\\x7f'"),
            (.string("é世😀"), "'é世😀'"), (.string("\u{A0}\u{AD}"), "'\\xa0\\xad'"),
            (.string("\u{200B}\u{2028}"), "'\\u200b\\u2028'"),
            (.string("\u{E0001}"), "'\\U000e0001'"),
            (.null, "None"), (.bool(true), "True"), (.bool(false), "False"), (.int(-5), "-5"),
            (.float(1), "1.0"), (.float(1e16), "1e+16"), (.float(-1.2345e16), "-1.2345e+16"),
            (.float(9_999_999_999_999_998), "9999999999999998.0"), (.float(1e22), "1e+22"),
            (.float(1e-5), "1e-05"), (.float(0.0001), "0.0001"), (.float(.infinity), "inf"),
            (.float(.nan), "nan"), (.bytes([97, 39, 0, 255]), "b\"a'\\x00\\xff\""),
            (.list([.int(1), .string("b")]), "[1, 'b']"), (.list([]), "[]"),
            (.map([.init("k", .null), .init("l", .list([]))]), "{'k': None, 'l': []}"),
        ] as [(Value, String)])
    func repr(value: Value, text: String) {
        var written = ""
        PythonText.appendRepr(of: value, to: &written)
        #expect(written == text)
    }

    @Test("random texts look like UUIDs, and differ")
    func randomTexts() throws {
        var random = RandomTexts(seed: -1)
        let texts = (0..<100).map { _ in random.next() }
        #expect(Set(texts).count == 100)
        let form = try Regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        #expect(try texts.allSatisfy { try form.wholeMatch(in: $0) != nil })
    }

    @Test(
        "a text backwards keeps its code points whole",
        arguments: [("", ""), ("abc", "cba"), ("aé世😀\0", "\0😀世éa"), ("e\u{301}x", "x\u{301}e")])
    func backwards(text: String, backwards: String) {
        #expect(Array(text.backwards.utf8) == Array(backwards.utf8))
    }
}
