import PipesCore

/// Reads the grammar of docs/plain-functions.md. What the parts mean together is for `SignatureChecker`.
struct SignatureParser {
    /// A part and where it begins.
    struct Placed<Part> {
        var part: Part
        var column: Int
        /// What the user called it, for messages: `in.len`, `level`.
        var name: String
    }

    struct Parsed {
        var args: [Placed<Signature.Arg>] = []
        var result = Placed(part: Signature.Result.void, column: 1, name: "void")
        var rules: [Placed<Signature.Rule>] = []
        var explainsErrno = false
        var isPure = false
        var saysBlocking = false
    }

    private var scanner: SignatureScanner
    private var parsed = Parsed()

    private init(_ text: String) {
        scanner = SignatureScanner(text)
    }

    static func parse(_ text: String) throws(SignatureError) -> Parsed {
        var parser = SignatureParser(text)
        try parser.parseSignature()
        return parser.parsed
    }

    private mutating func parseSignature() throws(SignatureError) {
        scanner.skipSpaces()
        guard scanner.take("(") else {
            throw error("a signature begins with \"(\", such as \"(in.ptr, in.len:size) -> int\"")
        }
        scanner.skipSpaces()
        if !scanner.take(")") {
            repeat { try parseArg() } while try takeComma()
        }
        scanner.skipSpaces()
        guard scanner.take("->") else {
            throw error(
                "\"->\" and the result are missing after the arguments; "
                    + "a function without a result says \"-> void\"")
        }
        try parseResult()
        scanner.skipSpaces()
        while !scanner.isAtEnd {
            try parseAttribute()
            scanner.skipSpaces()
        }
    }

    private mutating func takeComma() throws(SignatureError) -> Bool {
        scanner.skipSpaces()
        if scanner.take(",") { return true }
        if scanner.take(")") { return false }
        let column = scanner.column
        if scanner.take("*") { throw Self.pointer(at: column) }
        throw error("\",\" or \")\" is missing before \(scanner.nextForMessage)")
    }

    // MARK: Arguments

    private mutating func parseArg() throws(SignatureError) {
        scanner.skipSpaces()
        let column = scanner.column
        if scanner.take("...") {
            throw SignatureError(
                column: column,
                message: "a function with varargs can't be called; name one with fixed arguments")
        }
        if scanner.take("{") { throw Self.structure(at: column) }
        if scanner.take("(") { throw Self.callback(at: column) }
        if scanner.take("*") { throw Self.pointer(at: column) }
        let word = scanner.takeWord()
        if word.isEmpty {
            throw error(
                "an argument is missing before \(scanner.nextForMessage), "
                    + "such as in.ptr, in.len:size or level:int=6")
        }
        if word == "struct" || word == "union" { throw Self.structure(at: column) }
        let (arg, name): (Signature.Arg, String)
        if let input = Self.input(of: word) {
            (arg, name) = try parseInput(input, called: word)
        } else if word == "out" {
            (arg, name) = try parseOutput()
        } else if word == "null" {
            (arg, name) = (.null, "null")
        } else {
            (arg, name) = try parseScalar(word, at: column)
        }
        parsed.args.append(Placed(part: arg, column: column, name: name))
    }

    /// 0 for `in` and `in0`, 1 for `in1`; nil for other words.
    private static func input(of word: String) -> Int? {
        guard word.hasPrefix("in") else { return nil }
        let digits = word.dropFirst(2)
        if digits.isEmpty { return 0 }
        guard digits.allSatisfy({ $0.isNumber }) else { return nil }
        // One that no Int can say is beyond the last input too.
        return Int(digits) ?? Int.max
    }

    private mutating func parseInput(
        _ input: Int, called word: String
    ) throws(SignatureError) -> (Signature.Arg, String) {
        scanner.skipSpaces()
        if scanner.take(":") {
            let type = try parseType()
            if type == .cstr { return (.inText(input: input), word) }
            return (.inScalar(input: input, type: type), word)
        }
        guard scanner.take(".") else {
            throw error(
                "\"\(word)\" does not say how the row goes in; write \(word).ptr with "
                    + "\(word).len:TYPE, \(word).cstr or \(word):TYPE")
        }
        let column = scanner.column
        let part = scanner.takeWord()
        switch part {
        case "ptr": return (.inPointer(input: input, size: try parseSize()), "\(word).ptr")
        case "len":
            let type = try parseIntegerType(after: "\(word).len", pointed: false)
            return (.inLength(input: input, type: type), "\(word).len")
        case "cstr": return (.inText(input: input), "\(word).cstr")
        default:
            throw Self.unknown(
                "\"\(word).\(part)\" is no argument", part, among: ["ptr", "len", "cstr"],
                before: "\(word).", at: column)
        }
    }

    private mutating func parseOutput() throws(SignatureError) -> (Signature.Arg, String) {
        scanner.skipSpaces()
        if scanner.take(":") { return (.outNumber(type: try parseNumberType()), "out") }
        guard scanner.take(".") else {
            throw error(
                "\"out\" is out:*TYPE, out.ptr, out.cap:TYPE or out.len:*TYPE; a scalar needs "
                    + "another name")
        }
        let column = scanner.column
        let part = scanner.takeWord()
        switch part {
        case "ptr": return (.outPointer(size: try parseSize()), "out.ptr")
        case "cap":
            let type = try parseIntegerType(after: "out.cap", pointed: false)
            return (.outCapacity(type: type), "out.cap")
        case "len":
            let type = try parseIntegerType(after: "out.len", pointed: true)
            return (.outLength(type: type), "out.len")
        default:
            throw Self.unknown(
                "\"out.\(part)\" is no argument", part, among: ["ptr", "cap", "len"],
                before: "out.", at: column)
        }
    }

    /// Of the number that is left where `out` points: `"*" type`.
    private mutating func parseNumberType() throws(SignatureError) -> ScalarType {
        scanner.skipSpaces()
        let start = scanner.column
        let isPointer = scanner.take("*")
        scanner.skipSpaces()
        let column = scanner.column
        let type = try parseType()
        guard isPointer else {
            throw SignatureError(
                column: start,
                message:
                    "the function leaves its number where out points: write out:*\(type.rawValue); "
                    + "a number that it returns is the result, -> \(type.rawValue)")
        }
        guard type != .cstr else {
            throw SignatureError(
                column: column,
                message:
                    "out:*TYPE is room for a number, and cstr is a text; write int, f64 or such")
        }
        return type
    }

    /// `[ name ":" ] type [ "=" literal ]`, the first word taken.
    private mutating func parseScalar(
        _ word: String, at column: Int
    ) throws(SignatureError) -> (Signature.Arg, String) {
        scanner.skipSpaces()
        var name: String?
        let type: ScalarType
        if scanner.take(":") {
            name = word
            type = try parseType()
        } else {
            type = try Self.type(word, at: column)
        }
        scanner.skipSpaces()
        guard scanner.take("=") else {
            return (.scalar(name: name, type: type, fallback: nil), name ?? word)
        }
        let fallback = try parseLiteral(of: type)
        return (.scalar(name: name, type: type, fallback: fallback), name ?? word)
    }

    // MARK: Result and attributes

    private mutating func parseResult() throws(SignatureError) {
        scanner.skipSpaces()
        let column = scanner.column
        let word = scanner.takeWord()
        var result: Signature.Result
        switch word {
        case "":
            throw error("the result is missing, such as int, cstr, out.len:size or void")
        case "void": result = .void
        case "struct", "union": throw Self.structure(at: column)
        case "status":
            result = .status(try parseIntegerType(after: "status", pointed: false))
        case "out":
            guard scanner.take(".len") else {
                throw SignatureError(
                    column: column,
                    message: "of \"out\" only out.len:TYPE can be a result; what a function "
                        + "writes into out.ptr is the row's value anyway")
            }
            result = .outLength(try parseIntegerType(after: "out.len", pointed: false))
        default:
            result = .value(try Self.type(word, at: column, others: ["void", "status", "out.len"]))
        }
        if result == .value(.cstr), scanner.take(".") {
            let column = scanner.column
            let part = scanner.takeWord()
            guard part == "free" else {
                throw SignatureError(
                    column: column,
                    message: "\"cstr.\(part)\" is no result; write cstr or cstr.free")
            }
            result = .freedText
        }
        let end = scanner.column
        if scanner.take("*") { throw Self.pointer(at: end) }
        parsed.result = Placed(part: result, column: column, name: word)
    }

    private mutating func parseAttribute() throws(SignatureError) {
        let column = scanner.column
        let word = scanner.takeWord()
        switch word {
        case "pure": parsed.isPure = true
        case "blocking": parsed.saysBlocking = true
        case "errno": parsed.explainsErrno = true
        default:
            guard let outcome = Signature.Rule.Outcome(rawValue: word) else {
                if word.isEmpty {
                    throw error(
                        "\(scanner.nextForMessage) belongs to nothing; after the result "
                            + "come ok, fail, grow, retry, errno, pure and blocking")
                }
                throw Self.unknown(
                    "unknown attribute \"\(word)\"", word,
                    among: ["ok", "fail", "grow", "retry", "errno", "pure", "blocking"],
                    before: "", at: column)
            }
            let rule = try parseRule(outcome)
            parsed.rules.append(Placed(part: rule, column: column, name: word))
        }
    }

    private mutating func parseRule(
        _ outcome: Signature.Rule.Outcome
    ) throws(SignatureError) -> Signature.Rule {
        scanner.skipSpaces()
        // The longer ones first: "<=" begins with "<".
        let comparisons = Signature.Rule.Comparison.allCases.sorted {
            $0.rawValue.count > $1.rawValue.count
        }
        guard let comparison = comparisons.first(where: { scanner.take($0.rawValue) }) else {
            throw error(
                "\"\(outcome.rawValue)\" needs one of = != < <= > >= and an integer, "
                    + "such as \(outcome.rawValue)=0")
        }
        scanner.skipSpaces()
        let column = scanner.column
        let minus = scanner.take("-") ? "-" : ""
        let digits = scanner.takeDigits()
        guard !digits.isEmpty else {
            throw error("an integer is missing after \"\(outcome.rawValue)\(comparison.rawValue)\"")
        }
        guard let operand = Int64(minus + digits) else {
            throw SignatureError(column: column, message: "\(minus)\(digits) is beyond INT")
        }
        return Signature.Rule(outcome: outcome, comparison: comparison, operand: operand)
    }

    // MARK: Types, sizes, literals

    private mutating func parseType() throws(SignatureError) -> ScalarType {
        scanner.skipSpaces()
        let column = scanner.column
        if scanner.take("*") { throw Self.pointer(at: column) }
        if scanner.take("(") { throw Self.callback(at: column) }
        if scanner.take("{") { throw Self.structure(at: column) }
        let word = scanner.takeWord()
        guard !word.isEmpty else {
            throw error("a type is missing before \(scanner.nextForMessage), such as int or size")
        }
        if word == "struct" || word == "union" { throw Self.structure(at: column) }
        return try Self.type(word, at: column)
    }

    private mutating func parseIntegerType(
        after name: String, pointed: Bool
    ) throws(SignatureError) -> ScalarType {
        scanner.skipSpaces()
        guard scanner.take(":") else {
            throw error("\(name) needs its type, such as \(name):\(pointed ? "*" : "")size")
        }
        scanner.skipSpaces()
        if pointed, !scanner.take("*") {
            throw error(
                "the function writes out.len through a pointer: write out.len:*TYPE; "
                    + "a length that it returns is the result out.len:TYPE, a size that it is told out.cap:TYPE"
            )
        }
        scanner.skipSpaces()
        let column = scanner.column
        let type = try parseType()
        guard type.isInteger else {
            throw SignatureError(
                column: column,
                message: "\(name) is an integer; \(type.rawValue) is none. Write int, size or such")
        }
        return type
    }

    private static func type(
        _ word: String, at column: Int, others: [String] = []
    ) throws(SignatureError) -> ScalarType {
        if let type = ScalarType(rawValue: word) { return type }
        if let known = ScalarType.otherNames[word] {
            throw SignatureError(
                column: column, message: "unknown type \"\(word)\"; here it is called \(known)")
        }
        if word == "const" || word == "void" { throw pointer(at: column) }
        throw unknown(
            "unknown type \"\(word)\"", word, among: ScalarType.allCases.map(\.rawValue) + others,
            before: "", at: column)
    }

    private mutating func parseSize() throws(SignatureError) -> Int? {
        guard scanner.take("[") else { return nil }
        scanner.skipSpaces()
        let column = scanner.column
        let digits = scanner.takeDigits()
        scanner.skipSpaces()
        guard !digits.isEmpty, scanner.take("]") else {
            throw SignatureError(
                column: column, message: "a size is a number of bytes in brackets, such as [32]")
        }
        guard let size = Int(digits), size <= SignatureChecker.largestSize else {
            throw SignatureError(
                column: column,
                message:
                    "a size of \(digits) bytes is above the limit of \(SignatureChecker.largestSize)"
            )
        }
        guard size > 0 else {
            throw SignatureError(column: column, message: "a size of 0 bytes holds nothing")
        }
        return size
    }

    private mutating func parseLiteral(of type: ScalarType) throws(SignatureError) -> Value {
        scanner.skipSpaces()
        let column = scanner.column
        if scanner.next == "\"" {
            guard let quoted = scanner.takeQuoted() else {
                throw SignatureError(column: column, message: "the closing quote is missing")
            }
            guard let text = Literal.text(quoted) else {
                throw SignatureError(
                    column: column,
                    message: "\(quoted) has an escape that JSON does not know; it knows "
                        + #"\" \\ \/ \b \f \n \r \t and \uXXXX"#)
            }
            return try Literal.check(text, written: "a text", of: type, at: column)
        }
        let word = scanner.take {
            $0 == "-" || $0 == "+" || $0 == "." || $0 == "_" || $0.isLetter || $0.isNumber
        }
        guard let value = Literal.value(word) else {
            if Literal.isBeyondFloat(word) {
                throw SignatureError(
                    column: column,
                    message:
                        "the number \(word) is beyond the range of a FLOAT, which ends at 1.8e308")
            }
            throw SignatureError(
                column: column,
                message: word.isEmpty
                    ? "the default is missing after \"=\""
                    : "\"\(word)\" is no default; write a number, true, false or a text in double quotes"
            )
        }
        return try Literal.check(value, written: word, of: type, at: column)
    }
}

extension SignatureParser {
    private func error(_ message: String) -> SignatureError {
        SignatureError(column: scanner.column, message: message)
    }

    private static func structure(at column: Int) -> SignatureError {
        SignatureError(
            column: column,
            message: "structs by value can't be passed; write a small C function that takes its "
                + "fields one by one")
    }

    private static func callback(at column: Int) -> SignatureError {
        SignatureError(
            column: column,
            message: "callbacks can't be passed; write null for one that may be left out, or a "
                + "plugin in C")
    }

    private static func pointer(at column: Int) -> SignatureError {
        SignatureError(
            column: column,
            message: "a pointer is written as what it is for: in.ptr, in.cstr, out.ptr, "
                + "out.len:*TYPE, out:*TYPE, null or cstr")
    }

    private static func unknown(
        _ what: String, _ word: String, among known: [String], before prefix: String, at column: Int
    ) -> SignatureError {
        if let nearest = nearestName(to: word, among: known) {
            return SignatureError(
                column: column, message: "\(what). Did you mean \"\(prefix)\(nearest)\"?")
        }
        let list = known.map { prefix + $0 }.joined(separator: ", ")
        return SignatureError(column: column, message: "\(what); there are \(list)")
    }
}
