import PipesJSON
import Testing

@Suite("JSONWriter")
struct JSONWriterTests {
    @Test("commas and colons stand where they belong")
    func compact() {
        #expect(written(isPretty: false) == #"{"a":[1,[],{}],"b":{"c":null,"d":true}}"#)
    }

    @Test("a pretty text has a line for each key and element")
    func pretty() {
        #expect(
            written(isPretty: true) == """
                {
                  "a": [
                    1,
                    [],
                    {}
                  ],
                  "b": {
                    "c": null,
                    "d": true
                  }
                }
                """)
    }

    @Test(
        "strings are escaped as far as they must be",
        arguments: [
            (Array("plain text, longer than a word".utf8), "plain text, longer than a word"),
            (
                Array("\"\\/\u{8}\u{C}\n\r\t\0\u{1F}\u{7F}".utf8),
                "\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7F}"
            ),
            (Array("é€🎉".utf8), "é€🎉"),
            ([0x61, 0xFF, 0x62, 0xC3], "a\u{FFFD}b\u{FFFD}"),
            ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),
        ] as [([UInt8], String)])
    func strings(bytes: [UInt8], inQuotes: String) {
        var writer = JSONWriter()
        bytes.withUnsafeBufferPointer { writer.string($0) }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "\"\(inQuotes)\"")
    }

    @Test(
        "integers are written whole",
        arguments: [
            (0, "0"), (-1, "-1"), (1_234_567_890, "1234567890"),
            (Int64.max, "9223372036854775807"), (Int64.min, "-9223372036854775808"),
        ])
    func integers(integer: Int64, text: String) {
        var writer = JSONWriter()
        writer.integer(integer)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test(
        "reals are the shortest that read back, and still reals",
        arguments: [
            (3, "3.0"), (-0.0, "-0.0"), (0.1, "0.1"), (1e20, "1e+20"),
            (.leastNonzeroMagnitude, "5e-324"),
            (100_000, "100000.0"), (.nan, "null"), (.infinity, "null"), (-.infinity, "null"),
        ])
    func reals(real: Double, text: String) {
        var writer = JSONWriter()
        writer.real(real)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test("random reals read back as they were")
    func realsReadBack() throws {
        var random = SplitMix(state: 3)
        for _ in 0..<2000 {
            let real = Double(bitPattern: random.next())
            guard real.isFinite else { continue }
            var writer = JSONWriter()
            writer.real(real)
            try writer.bytes.withUnsafeBufferPointer { buffer in
                var reader = JSONReader(buffer)
                guard case .real(let read)? = try reader.next() else {
                    Issue.record("\(real) is no longer a real")
                    return
                }
                #expect(read.bitPattern == real.bitPattern)
            }
        }
    }

    @Test("a writer can be used again, behind what is already there")
    func reuse() {
        var writer = JSONWriter(appendingTo: Array("x ".utf8))
        writer.beginArray()
        writer.integer(1)
        #expect(writer.bytes == Array("x [1".utf8))
        writer.reset()
        writer.bool(false)
        #expect(writer.bytes == Array("false".utf8))
    }

    private func written(isPretty: Bool) -> String {
        var writer = JSONWriter(isPretty: isPretty)
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.integer(1)
        writer.beginArray()
        writer.endArray()
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        writer.key("b")
        writer.beginObject()
        writer.key("c")
        writer.null()
        writer.key("d")
        writer.bool(true)
        writer.endObject()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
