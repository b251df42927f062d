import PipesJSON
import Testing

@Suite("JSONPlaces")
struct JSONPlacesTests {
    @Test(
        "lines and columns count from 1, in characters",
        arguments: [
            ("", 0, 1, 1),
            ("abc", 0, 1, 1),
            ("abc", 2, 1, 3),
            ("abc", 99, 1, 4),
            ("a\nbc", 2, 2, 1),
            ("a\r\nbc", 4, 2, 2),
            ("a\rbc", 3, 2, 2),
            ("a\r\r\nb", 4, 3, 1),
            ("\n\n\n", 3, 4, 1),
            ("\tx", 1, 1, 2),
            ("é€🎉x", 9, 1, 4),
            ("\u{FEFF}x", 3, 1, 1),
            ("\u{FEFF}x", 0, 1, 1),
            ("\u{FEFF}\nx", 4, 2, 1),
        ])
    func places(text: String, offset: Int, line: Int, column: Int) {
        let place = JSONPlaces(Array(text.utf8)).place(at: offset)
        #expect(place.line == line)
        #expect(place.column == column)
    }

    @Test("every place of a random text is what counting from its start gives")
    func counted() {
        var random = SplitMix(state: 11)
        let alphabet = ["a", "b", "\n", "\r", "\r\n", "é", "🎉", "\t", "abcdefghijklmnopqrstuvwxyz"]
        for _ in 0..<50 {
            let text = (0..<60).compactMap { _ in alphabet.randomElement(using: &random) }.joined()
            let bytes = Array(text.utf8)
            let places = JSONPlaces(bytes)
            var line = 1
            var column = 1
            var offset = 0
            let scalars = Array(text.unicodeScalars)
            for (index, scalar) in scalars.enumerated() {
                let place = places.place(at: offset)
                #expect(place.line == line && place.column == column)
                offset += UTF8.width(scalar)
                column += 1
                let isCut =
                    scalar == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n"
                if scalar == "\n" || (scalar == "\r" && !isCut) {
                    line += 1
                    column = 1
                }
            }
        }
    }
}
