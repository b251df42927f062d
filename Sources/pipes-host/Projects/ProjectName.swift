/// What a plugin project is called: the name of its folder, of its plugin and of a Swift module.
struct ProjectName {
    struct Unfit: Error {
        var reason: String
    }

    /// Words that can't be the name of a module, and modules that a plugin has to do with.
    private static let taken: Set<String> = [
        "any", "as", "async", "await", "break", "case", "catch", "class", "continue", "default",
        "defer", "deinit", "do", "else", "enum", "extension", "fallthrough", "false", "for",
        "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil",
        "operator", "private", "protocol", "public", "repeat", "rethrows", "return", "self",
        "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try",
        "typealias", "var", "where", "while", "cpipes", "foundation", "glibc", "main",
        "pipesplugin", "swift",
    ]
    private static let longest = 64

    let text: String

    init(_ text: String) throws(Unfit) {
        func isLetter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        guard let first = text.utf8.first, isLetter(first),
            text.utf8.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") })
        else {
            throw Unfit(
                reason: "it wants a letter, and then letters, digits and _, such as my_plugin: "
                    + "a graph names the plugin so, and a compiler does too")
        }
        guard text.utf8.count <= Self.longest else {
            throw Unfit(reason: "it is longer than \(Self.longest) characters")
        }
        if Self.taken.contains(text.lowercased()) {
            throw Unfit(reason: "compilers have that word for something else")
        }
        self.text = text
    }
}
