import CFFI

/// What the parts of a signature mean together: everything that would read or write out of
/// bounds, or that has no meaning, is refused before the first call.
struct SignatureChecker {
    /// Of a buffer, in bytes: as far as `grow` goes.
    static let largestSize = 256 << 20
    static let largestInput = 63

    typealias PlacedArg = SignatureParser.Placed<Signature.Arg>

    private let parsed: SignatureParser.Parsed
    private var errors: [SignatureError] = []

    /// - Returns: every mistake, in the order of columns.
    static func errors(in parsed: SignatureParser.Parsed) -> [SignatureError] {
        var checker = SignatureChecker(parsed: parsed)
        checker.checkCount()
        checker.checkNames()
        checker.checkInputs()
        checker.checkLengths()
        checker.checkBuffer()
        checker.checkNumber()
        checker.checkRules()
        return checker.errors.sorted { $0.column < $1.column }
    }

    private init(parsed: SignatureParser.Parsed) {
        self.parsed = parsed
    }

    private mutating func report(_ column: Int, _ message: String) {
        errors.append(SignatureError(column: column, message: message))
    }

    private mutating func checkCount() {
        let limit = Int(CFFI_MAX_ARGS)
        guard parsed.args.count > limit else { return }
        report(parsed.args[limit].column, "a function takes at most \(limit) arguments here")
    }

    private mutating func checkNames() {
        var seen: Set<String> = []
        for arg in parsed.args {
            switch arg.part {
            case .null: continue
            case .scalar(nil, let type, let fallback):
                if fallback == nil {
                    report(
                        arg.column,
                        "\(type.rawValue) has neither a name nor a default; write "
                            + "NAME:\(type.rawValue) for a node arg, or \(type.rawValue)=VALUE")
                }
                continue
            default: break
            }
            if !seen.insert(Self.identity(of: arg)).inserted {
                report(arg.column, "a second \"\(arg.name)\"; each name stands for one argument")
            }
        }
    }

    /// `in.ptr` and `in0.ptr` are one name.
    private static func identity(of arg: PlacedArg) -> String {
        switch arg.part {
        case .inPointer(let input, _): "in\(input).ptr"
        case .inLength(let input, _): "in\(input).len"
        case .inText(let input): "in\(input).cstr"
        case .inScalar(let input, _): "in\(input)"
        default: arg.name
        }
    }

    /// The joined inputs are numbered without a gap, and each goes in as one kind of thing.
    private mutating func checkInputs() {
        var takenAs: [Int: (isScalar: Bool, name: String)] = [:]
        for arg in parsed.args {
            guard let input = arg.part.input else { continue }
            if input > Self.largestInput {
                report(
                    arg.column,
                    "\"\(arg.name)\" is beyond in\(Self.largestInput), the last input there can be")
                continue
            }
            let isScalar = if case .inScalar = arg.part { true } else { false }
            if let earlier = takenAs[input], earlier.isScalar != isScalar {
                report(
                    arg.column,
                    "\"\(arg.name)\" takes the input for \(isScalar ? "a number" : "bytes or text"), "
                        + "and \"\(earlier.name)\" for \(isScalar ? "bytes or text" : "a number")")
            }
            takenAs[input] = takenAs[input] ?? (isScalar, arg.name)
        }
        for arg in parsed.args {
            guard let input = arg.part.input, (1...Self.largestInput).contains(input),
                takenAs[input - 1] == nil
            else { continue }
            report(
                arg.column,
                "\"\(arg.name)\" without in\(input - 1): the joined inputs are in0, in1, in2 ...")
        }
    }

    private mutating func checkLengths() {
        var pointers: [Int: Int?] = [:]
        var lengths: Set<Int> = []
        for arg in parsed.args {
            if case .inPointer(let input, let size) = arg.part {
                pointers.updateValue(size, forKey: input)
            }
            if case .inLength(let input, _) = arg.part { lengths.insert(input) }
        }
        for arg in parsed.args {
            switch arg.part {
            case .inPointer(let input, nil) where !lengths.contains(input):
                let word = arg.name.dropLast(".ptr".count)
                report(
                    arg.column,
                    "\(arg.name) without a length would be read out of bounds; add \(word).len:TYPE, "
                        + "give it a fixed size as in \(arg.name)[16], or write \(word).cstr for a text "
                        + "that ends with a NUL")
            case .inLength(let input, let type):
                let word = arg.name.dropLast(".len".count)
                guard let size = pointers[input] else {
                    report(arg.column, "\(arg.name) is the length of \(word).ptr, which is missing")
                    continue
                }
                if let size, let range = type.range, !range.contains(Int64(size)) {
                    report(
                        arg.column, "the size \(size) of \(word).ptr does not fit \(type.rawValue)")
                }
            default: break
            }
        }
    }

    private mutating func checkBuffer() {
        var pointer: PlacedArg?
        var capacity: PlacedArg?
        var length: PlacedArg?
        for arg in parsed.args {
            switch arg.part {
            case .outPointer: pointer = pointer ?? arg
            case .outCapacity: capacity = capacity ?? arg
            case .outLength: length = length ?? arg
            default: break
            }
        }
        let result = parsed.result
        let returnsLength = if case .outLength = result.part { true } else { false }
        guard let pointer, case .outPointer(let size) = pointer.part else {
            for arg in [capacity, length] {
                guard let arg else { continue }
                report(arg.column, "\(arg.name) is about out.ptr, which is missing")
            }
            if returnsLength {
                report(result.column, "the result out.len is about out.ptr, which is missing")
            }
            return
        }
        if size == nil, capacity == nil, length == nil {
            report(
                pointer.column,
                "out.ptr without a capacity would be written out of bounds; add out.cap:TYPE or "
                    + "out.len:*TYPE, or give it a fixed size as in out.ptr[32]")
        } else if size == nil, length == nil, !returnsLength {
            report(
                pointer.column,
                "nothing says how much of out.ptr is written; add out.len:*TYPE, return "
                    + "out.len:TYPE, or give it a fixed size as in out.ptr[32]")
        }
        if returnsLength, let length {
            report(
                length.column,
                "out.len is an argument and the result; write status:TYPE for a result that is no length"
            )
        }
        checkSize(size, fits: [capacity, length])
        checkResult(beside: "out.ptr")
    }

    /// A fixed size must be sayable in the types of the capacity and the length.
    private mutating func checkSize(_ size: Int?, fits args: [PlacedArg?]) {
        guard let size else { return }
        for case let arg? in args {
            switch arg.part {
            case .outCapacity(let type), .outLength(let type):
                guard let range = type.range, !range.contains(Int64(size)) else { continue }
                report(arg.column, "the size \(size) of out.ptr does not fit \(type.rawValue)")
            default: break
            }
        }
    }

    /// What a row yields is left where `out.ptr` or `out` points, or is returned, never two of them.
    private mutating func checkResult(beside output: String) {
        let result = parsed.result
        switch result.part {
        case .void, .outLength, .status: return
        case .freedText:
            report(
                result.column,
                "a row has one value, and this function has two: cstr.free and \(output)")
        case .value(let type):
            let length = output == "out" ? "" : " or out.len:\(type.rawValue)"
            let remedy =
                type.isInteger ? "write status:\(type.rawValue)\(length)" : "write void"
            report(
                result.column,
                "a row has one value, and this function has two: \(type.rawValue) and \(output); "
                    + "\(remedy) where \(output) is meant")
        }
    }

    private mutating func checkNumber() {
        let number = parsed.args.first {
            if case .outNumber = $0.part { true } else { false }
        }
        guard let number else { return }
        let buffer = parsed.args.first {
            if case .outPointer = $0.part { true } else { false }
        }
        guard let buffer else { return checkResult(beside: "out") }
        let second = max(number.column, buffer.column)
        report(
            second,
            "a row has one value, and this function has two: out.ptr and out; write null for one "
                + "that may be left out")
    }

    private mutating func checkRules() {
        let type = parsed.result.part.type
        let isFixed = !parsed.args.contains { arg in
            if case .outPointer(nil) = arg.part { true } else { false }
        }
        for rule in parsed.rules {
            guard let type, let range = type == .bool ? 0...1 : type.range else {
                report(
                    rule.column,
                    "\"\(rule.name)\" compares an integer, and the result is "
                        + (type?.rawValue ?? "void"))
                continue
            }
            if !range.contains(rule.part.operand) {
                report(
                    rule.column,
                    "\(rule.part.operand) is no \(type.rawValue), so \"\(rule.name)\" decides nothing"
                )
            } else if !rule.part.holds(forAnyOf: range) {
                report(
                    rule.column,
                    "no \(type.rawValue) is \(rule.part.comparison.rawValue) \(rule.part.operand), "
                        + "so \"\(rule.name)\" decides nothing")
            }
            let twin = parsed.rules.first {
                $0.part.comparison == rule.part.comparison && $0.part.operand == rule.part.operand
            }
            if let twin, twin.column < rule.column {
                report(
                    rule.column,
                    "\"\(rule.name)\" is for the same numbers as \"\(twin.name)\" before it")
            }
            if rule.part.outcome == .grow, isFixed {
                report(
                    rule.column,
                    "\"grow\" enlarges out.ptr, which is missing or has a fixed size")
            }
        }
    }
}

extension Signature.Rule {
    /// - Parameter range: one that has the operand.
    fileprivate func holds(forAnyOf range: ClosedRange<Int64>) -> Bool {
        switch comparison {
        case .less: operand > range.lowerBound
        case .greater: operand < range.upperBound
        case .equal, .lessOrEqual, .greaterOrEqual: true
        case .notEqual: range.lowerBound < range.upperBound
        }
    }
}

extension Signature {
    /// Reads a signature and refuses every one that could not be called safely.
    ///
    /// - Returns: the signature, or nil where there are errors; the errors in the order of
    ///   columns. What breaks the grammar hides what comes after it.
    public static func read(_ text: String) -> (signature: Signature?, errors: [SignatureError]) {
        let parsed: SignatureParser.Parsed
        do {
            parsed = try SignatureParser.parse(text)
        } catch {
            return (nil, [error])
        }
        let errors = SignatureChecker.errors(in: parsed)
        guard errors.isEmpty else { return (nil, errors) }
        var signature = Signature()
        signature.args = parsed.args.map(\.part)
        signature.result = parsed.result.part
        signature.rules = parsed.rules.map(\.part)
        signature.explainsErrno = parsed.explainsErrno
        signature.isPure = parsed.isPure
        signature.isBlocking = parsed.saysBlocking || !parsed.isPure
        return (signature, [])
    }

    /// - Throws: the first mistake in the signature.
    public init(_ text: String) throws(SignatureError) {
        let (signature, errors) = Signature.read(text)
        guard let signature else {
            throw errors.first ?? SignatureError(column: 1, message: "the signature is empty")
        }
        self = signature
    }
}
