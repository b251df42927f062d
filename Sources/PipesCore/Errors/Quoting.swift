import PipesJSON

extension String {
    /// In quotes for a message of one line: line ends and other control characters are escaped,
    /// and what is very long is cut.
    package var quoted: String {
        let longest = 200
        var text = self
        // Counting bytes first keeps this cheap for the names that are met.
        if text.utf8.count > longest, text.unicodeScalars.count > longest {
            text = String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest))) + "..."
        }
        var bytes: [UInt8] = []
        text.withUTF8 { JSONWriter.appendString($0, to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Sequence where Element == String {
    /// The names one after the other, for a message: `a, b, c`; of very many the first twenty.
    package var listed: String {
        let names = Array(prefix(21))
        let shown = names.prefix(20).joined(separator: ", ")
        return names.count > 20 ? shown + ", ..." : shown
    }
}
