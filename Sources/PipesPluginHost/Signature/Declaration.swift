/// A function's type as C writes it, taken apart: `unsigned long (unsigned long, const char *)`.
struct Declaration: Equatable {
    var result: String
    var parameters: [String]
    /// Whether `...` follows the parameters.
    var hasVarargs = false

    /// - Parameter text: as gdb prints the type of a function.
    /// - Returns: nil where it says nothing of the parameters: for a function without debug information or
    ///   without a prototype, and for one that was written in assembly or chooses another when it is
    ///   loaded, of which gdb says `void (void)`.
    init?(_ text: String) {
        guard !text.contains("no debug info"), text.hasSuffix(")"),
            let start = Self.start(ofListEnding: text.dropLast())
        else { return nil }
        var list = text[start...].dropFirst().dropLast()
        var result = text[..<start].trimmed
        // A function that returns a pointer to another is declared around that one:
        // void (*(int, void (*)(int)))(int).
        if result.hasSuffix(")"), let inner = result.firstRange(of: "(*(") {
            let innerStart = result.index(before: inner.upperBound)
            guard let end = Self.end(ofListFrom: result[innerStart...]) else { return nil }
            let outer = "(\(list))"
            list = result[innerStart..<end].dropFirst()
            result = "\(result[..<inner.lowerBound])(*)\(outer)"
        }
        guard !list.isEmpty, result != "void" || list != "void" else { return nil }
        self.result = result
        parameters = list == "void" ? [] : Self.split(list)
        if parameters.last == "..." {
            parameters.removeLast()
            hasVarargs = true
        }
    }

    /// Where the parenthesis opens that is closed behind `text`.
    private static func start(ofListEnding text: Substring) -> String.Index? {
        var depth = 1
        for index in text.indices.reversed() {
            if text[index] == ")" { depth += 1 }
            if text[index] == "(" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    /// Where the parenthesis closes that opens at the start of `text`.
    private static func end(ofListFrom text: Substring) -> String.Index? {
        var depth = 0
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    /// At the commas that stand in no parentheses of their own.
    private static func split(_ list: Substring) -> [String] {
        var parts: [String] = [""]
        var depth = 0
        for character in list {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts.map { $0[...].trimmed }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
