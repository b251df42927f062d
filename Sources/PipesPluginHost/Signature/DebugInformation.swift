import Glibc

/// What a library's debug information says of a function, where it has any. Read by gdb, which knows
/// where distributions keep it apart from the library; without gdb nothing is known.
enum DebugInformation {
    /// The C types of a function.
    struct Types: Sendable {
        var result: CType
        var parameters: [CType]
    }

    /// A type as gdb prints it.
    struct CType: Sendable {
        /// As it was declared, such as `size_t *`.
        var name: String
        /// Without typedefs, such as `unsigned long *`; of a structure only how it begins.
        var base: String
    }

    /// - Parameters:
    ///   - symbol: of the function.
    ///   - library: a path.
    /// - Returns: nil where there is no debug information of the function, or no gdb.
    static func types(of symbol: String, in library: String) -> Types? {
        let isName = symbol.unicodeScalars.allSatisfy {
            $0 == "_"
                || $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
        }
        guard isName, let answer = gdb(["whatis \(symbol)"], library)?.first,
            let (result, parameters) = names(inDeclaration: answer)
        else { return nil }
        // All of them are resolved in one go: gdb takes long to start.
        let names = [result] + parameters
        guard let bases = gdb(names.map { "ptype \($0)" }, library) else { return nil }
        let types = zip(names, bases).map { name, answer in
            CType(name: name, base: type(inAnswer: answer) ?? name)
        }
        return types.first.map { Types(result: $0, parameters: Array(types.dropFirst())) }
    }

    /// What follows `type = ` in an answer, up to the end of the line.
    private static func type(inAnswer answer: String) -> String? {
        let prefix = "type = "
        let line = answer.split(whereSeparator: \.isNewline).first { $0.hasPrefix(prefix) }
        return line.map { String($0.dropFirst(prefix.count)).trimmed }
    }

    /// Takes `unsigned long (unsigned long, const unsigned char *)` apart.
    private static func names(
        inDeclaration answer: String
    ) -> (result: String, parameters: [String])? {
        guard let text = type(inAnswer: answer), let end = text.lastIndex(of: ")"),
            let start = text.firstIndex(of: "(")
        else { return nil }
        let list = text[text.index(after: start)..<end]
        let result = String(text[..<start]).trimmed
        // A function without debug information is shown as `<text variable, no debug info>`, and
        // what takes a function needs more than a split at commas. Of one that was written in
        // assembly, or that chooses another when it is loaded, gdb knows no types and says `void`.
        guard !text.contains("no debug info"), !list.contains("("), !list.isEmpty,
            result != "void" || list != "void"
        else { return nil }
        if list == "void" { return (result, []) }
        return (result, list.split(separator: ",").map { String($0).trimmed })
    }

    /// What gdb answers to each of some commands.
    private static func gdb(_ commands: [String], _ library: String) -> [String]? {
        let separator = "\u{1}"
        let echoing = commands.flatMap { ["-ex", "echo \\001", "-ex", $0] }
        guard let output = gdb(arguments: echoing, library) else { return nil }
        let answers = output.split(separator: separator, omittingEmptySubsequences: false)
            .dropFirst().map(String.init)
        return answers.count == commands.count ? answers : nil
    }

    private static func gdb(arguments: [String], _ library: String) -> String? {
        do throws(ChildProcess.StartError) {
            let child = try ChildProcess(
                [
                    "gdb", "-nx", "-batch", "-iex", "set auto-load off", "-iex",
                    "set debuginfod enabled off",
                ] + arguments + [library], environment: [])
            defer { child.closeOutput() }
            return output(of: child)
        } catch {
            return nil
        }
    }

    private static func output(of child: ChildProcess) -> String? {
        let deadline = ContinuousClock.now + .seconds(10)
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while ContinuousClock.now < deadline, text.count < 1 << 16 {
            let count = read(child.output, &chunk, chunk.count)
            if count > 0 {
                text += chunk[..<count]
            } else if count == 0 {
                _ = child.waitForEnding()
                return String(decoding: text, as: UTF8.self)
            } else if errno == EAGAIN {
                var polled = pollfd(fd: child.output, events: Int16(POLLIN), revents: 0)
                poll(&polled, 1, 50)
            } else if errno != EINTR {
                break
            }
        }
        child.kill()
        _ = child.waitForEnding()
        return nil
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension Signature {
    /// Where the signature and the debug information of the function disagree, in words; empty where
    /// they agree as far as can be told.
    func disagreements(with types: DebugInformation.Types) -> [String] {
        disagreements(withResult: types.result)
            + disagreements(withParameters: types.parameters)
    }

    private func disagreements(withResult declared: DebugInformation.CType) -> [String] {
        // What a function returns may be left alone.
        guard let type = result.type, let their = PassedForm(of: declared.base),
            !PassedForm(of: type).agrees(with: their)
        else { return [] }
        return [
            "the function returns \(declared.name) in the library's debug information, and "
                + "\(type.cName) in the signature"
        ]
    }

    private func disagreements(withParameters types: [DebugInformation.CType]) -> [String] {
        let declared = "(\(types.map(\.name).joined(separator: ", ")))"
        guard types.count == args.count else {
            let parameters = types.count == 1 ? "1 parameter" : "\(types.count) parameters"
            return [
                "the library's debug information declares \(parameters), \(declared), "
                    + "and the signature has \(args.count)"
            ]
        }
        return zip(args, types).enumerated().compactMap { index, pair in
            let (arg, type) = pair
            guard let their = PassedForm(of: type.base),
                !PassedForm(of: arg).agrees(with: their)
            else { return nil }
            return "parameter \(index + 1) is \(type.name) in the library's debug information, "
                + "\(declared), and \(arg.cType) in the signature"
        }
    }
}

/// How a value is passed, as far as its type tells.
private indirect enum PassedForm: Equatable {
    case nothing, single, double, longDouble, boolean, structure
    /// Its size in bytes. `char` may have a sign, and so may an enum.
    case integer(Int, isSigned: Bool?)
    /// nil: to anything.
    case pointer(to: PassedForm?)

    /// - Parameter base: a C type without typedefs, as gdb prints it; nil for one that can be anything.
    init?(of base: String) {
        let words = base.split(separator: " ").map(String.init)
            .filter { !["const", "volatile", "restrict"].contains($0) }
        let type = words.joined(separator: " ")
        if type.hasSuffix("*") || type.hasSuffix("]") {
            let target = type.prefix { $0 != "[" }
            self = .pointer(
                to: PassedForm(of: String(target.dropLast(target.hasSuffix("*") ? 1 : 0))))
        } else if words.contains("struct") || words.contains("union") || words.contains("class") {
            self = .structure
        } else if words.first == "enum" {
            self = .integer(4, isSigned: nil)
        } else if words.contains("double") {
            self = words.contains("long") ? .longDouble : .double
        } else if words == ["float"] {
            self = .single
        } else if words == ["void"] {
            self = .nothing
        } else if words == ["_Bool"] || words == ["bool"] {
            self = .boolean
        } else {
            let isUnsigned = words.contains("unsigned")
            if words.contains("char") {
                let saysSign = isUnsigned || words.contains("signed")
                self = .integer(1, isSigned: saysSign ? !isUnsigned : nil)
            } else if words.contains("short") {
                self = .integer(2, isSigned: !isUnsigned)
            } else if words.contains("long") {
                self = .integer(8, isSigned: !isUnsigned)
            } else if words.contains("int") || isUnsigned {
                self = .integer(4, isSigned: !isUnsigned)
            } else {
                return nil
            }
        }
    }

    init(of type: ScalarType) {
        self =
            switch type {
            case .i8: .integer(1, isSigned: true)
            case .u8: .integer(1, isSigned: false)
            case .i16: .integer(2, isSigned: true)
            case .u16: .integer(2, isSigned: false)
            case .i32, .int: .integer(4, isSigned: true)
            case .u32, .uint: .integer(4, isSigned: false)
            case .i64, .isize, .long: .integer(8, isSigned: true)
            case .u64, .usize, .ulong, .size: .integer(8, isSigned: false)
            case .f32: .single
            case .f64: .double
            case .bool: .boolean
            case .cstr: Self.text
            }
    }

    init(of arg: Signature.Arg) {
        self =
            switch arg {
            case .inPointer, .outPointer, .null: .pointer(to: nil)
            case .inText: Self.text
            case .outLength(let type), .outNumber(let type): .pointer(to: PassedForm(of: type))
            case .inLength(_, let type), .inScalar(_, let type), .outCapacity(let type),
                .scalar(_, let type, _):
                PassedForm(of: type)
            }
    }

    private static let text = PassedForm.pointer(to: .integer(1, isSigned: nil))

    /// Whether what is passed as one can be taken as the other.
    func agrees(with other: PassedForm) -> Bool {
        switch (self, other) {
        case (.integer(let size, let isSigned), .integer(let otherSize, let isOtherSigned)):
            size == otherSize
                && (isSigned == nil || isOtherSigned == nil || isSigned == isOtherSigned)
        case (.pointer(let target?), .pointer(let otherTarget?)):
            otherTarget == .nothing || target.agrees(with: otherTarget)
        case (.pointer, .pointer): true
        default: self == other
        }
    }
}
