import Glibc

/// What a library's debug information says of a function, where it has any. Read by gdb, which knows
/// where distributions keep it apart from the library; without gdb nothing is known.
enum DebugInformation {
    /// The C types of a function, as gdb prints them.
    struct Types: Sendable {
        var result: String
        var parameters: [String]
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
        guard isName, let text = gdb("whatis \(symbol)", library) else { return nil }
        // type = unsigned long (unsigned long, const unsigned char *, unsigned int)
        let prefix = "type = "
        guard text.hasPrefix(prefix), let end = text.lastIndex(of: ")"),
            let start = text.firstIndex(of: "(")
        else { return nil }
        let list = text[text.index(after: start)..<end]
        // A function without debug information is shown as `<text variable, no debug info>`, and
        // what takes a function needs more than a split at commas.
        guard !text.contains("no debug info"), !list.contains("(") else { return nil }
        let result = text[..<start].dropFirst(prefix.count)
        var types = Types(result: String(result).trimmed, parameters: [])
        if list != "void" {
            types.parameters = list.split(separator: ",").map { String($0).trimmed }
        }
        return types
    }

    private static func gdb(_ command: String, _ library: String) -> String? {
        do throws(ChildProcess.StartError) {
            let child = try ChildProcess(
                [
                    "gdb", "-nx", "-batch", "-iex", "set auto-load off", "-iex",
                    "set debuginfod enabled off", "-ex", command, library,
                ], environment: [])
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
                let lines = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
                return lines.last.map(String.init)
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

    private func disagreements(withResult declared: String) -> [String] {
        // What a function returns may be left alone.
        guard let type = result.type, let mine = Form(of: type.cName),
            let their = Form(of: declared), mine != their
        else { return [] }
        return [
            "the function returns \(declared) in the library's debug information, and "
                + "\(type.cName) in the signature"
        ]
    }

    private func disagreements(withParameters types: [String]) -> [String] {
        let declared = "(\(types.joined(separator: ", ")))"
        guard types.count == args.count else {
            let parameters = types.count == 1 ? "1 parameter" : "\(types.count) parameters"
            return [
                "the library's debug information declares \(parameters), \(declared), "
                    + "and the signature has \(args.count)"
            ]
        }
        return zip(args, types).enumerated().compactMap { index, pair in
            let (arg, type) = pair
            guard let mine = Form(of: arg.cType), let their = Form(of: type), mine != their else {
                return nil
            }
            return "parameter \(index + 1) is \(type) in the library's debug information, "
                + "\(declared), and \(arg.cType) in the signature"
        }
    }

    /// How an argument is passed, as far as a name can tell.
    private enum Form {
        case nothing, pointer, single, double, longDouble, integer, structure

        /// nil for a name that can be anything.
        init?(of type: String) {
            let words = type.split(separator: " ").map(String.init)
            if type.contains("*") || type.contains("[") {
                self = .pointer
            } else if words.contains("double") {
                self = words.contains("long") ? .longDouble : .double
            } else if words.contains("float") {
                self = .single
            } else if words.contains("struct") || words.contains("union") {
                self = .structure
            } else if type == "void" {
                self = .nothing
            } else if words.contains(where: Self.integers.contains) {
                self = .integer
            } else {
                return nil
            }
        }

        private static let integers: Set<String> = [
            "char", "short", "int", "long", "unsigned", "signed", "bool", "_Bool", "size_t",
            "ssize_t", "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t",
            "uint64_t", "enum",
        ]
    }
}
