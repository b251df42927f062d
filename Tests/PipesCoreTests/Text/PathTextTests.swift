import PipesCore
import Testing

@Suite("Paths as texts")
struct PathTextTests {
    private func bytes(of path: String) -> [UInt8] {
        path.cPath.dropLast().map { UInt8(bitPattern: $0) }
    }

    @Test(
        "any bytes come back as they were",
        arguments: [
            Array("plain/p\u{e4}th.json".utf8), [], Array("gr".utf8) + [0xE9] + Array(".json".utf8),
            [0xFF, 0xFE, 0x80], [0xE6, 0x97], [0xE6, 0x97, 0xA5, 0xE6], [0xED, 0xA0, 0x80],
            [0xC0, 0xAF], [0xF0, 0x9F, 0x98, 0x80], [0xF4, 0x90, 0x80, 0x80],
            // U+10FFE9 itself, and its neighbours.
            [0xF4, 0x8F, 0xBF, 0xA9], [0xF4, 0x8F, 0xBE, 0x80, 0xE9], [0xF4, 0x8F, 0xBD, 0xBF],
        ] as [[UInt8]])
    func roundTrip(path: [UInt8]) {
        #expect(bytes(of: String(pathBytes: path)) == path)
        let text = (path + [0]).map { CChar(bitPattern: $0) }
        #expect(bytes(of: String(path: text)) == path)
    }

    @Test("every two bytes come back as they were, and different ones are different texts")
    func pairs() {
        var texts: Set<[Unicode.Scalar]> = []
        for first in UInt8(1)...255 {
            for second in UInt8(1)...255 {
                let text = String(pathBytes: [first, second])
                #expect(bytes(of: text) == [first, second])
                texts.insert(Array(text.unicodeScalars))
            }
        }
        #expect(texts.count == 255 * 255)
    }

    @Test("only bytes that are not UTF-8 become private characters")
    func privateCharacters() {
        let path = String(pathBytes: Array("é".utf8) + [0xE9])
        #expect(Array(path.unicodeScalars) == ["\u{e9}", "\u{10FFE9}"])
        #expect(!path.isText)
        #expect(String(pathBytes: Array("\u{e9}\u{1F600}\u{10FF7F}".utf8)).isText)
        #expect(path.withVisibleBytes == #"é\xe9"#)
        #expect("é".withVisibleBytes == "é")
        #expect(path.withVisibleBytesInJSON == #"é\\xe9"#)
        #expect("é".withVisibleBytesInJSON == "é")
        #expect(path.unicodeScalars.map(\.foreignByte) == [nil, 0xE9])
    }
}
