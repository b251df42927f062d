/// A place in the text of a signature, and the small steps by which a parser moves on.
struct SignatureScanner {
    private let characters: [Character]
    private var position = 0

    init(_ text: String) {
        characters = Array(text)
    }

    /// Of the next character, from 1.
    var column: Int { position + 1 }

    var isAtEnd: Bool { position == characters.count }

    var next: Character? { isAtEnd ? nil : characters[position] }

    /// The next character as messages quote it.
    var nextForMessage: String {
        guard let next else { return "the end" }
        return "\"\(next)\""
    }

    mutating func skipSpaces() {
        while let next, next.isWhitespace { position += 1 }
    }

    /// Takes `text` if it stands here, without spaces before it.
    mutating func take(_ text: String) -> Bool {
        let wanted = Array(text)
        guard characters[position...].starts(with: wanted) else { return false }
        position += wanted.count
        return true
    }

    /// Takes as many characters as `belongs` accepts, perhaps none.
    mutating func take(while belongs: (Character) -> Bool) -> String {
        let start = position
        while let next, belongs(next) { position += 1 }
        return String(characters[start..<position])
    }

    /// A name, type or keyword: ASCII letters, digits and `_`, no digit first; empty where none
    /// stands here.
    mutating func takeWord() -> String {
        guard let next, !next.isNumber else { return "" }
        return take { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
    }

    mutating func takeDigits() -> String {
        take { $0.isASCII && $0.isNumber }
    }

    /// A text in double quotes as it is written, quotes included; nil where the closing one is
    /// missing.
    mutating func takeQuoted() -> String? {
        let start = position
        guard take("\"") else { return nil }
        while let character = next {
            position += 1
            if character == "\"" { return String(characters[start..<position]) }
            if character == "\\", !isAtEnd { position += 1 }
        }
        return nil
    }
}
