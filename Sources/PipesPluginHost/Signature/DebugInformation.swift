import Glibc
import PipesCore

/// What a library's debug information says of a function, where it has any. Read by gdb, which knows
/// where distributions keep it apart from the library; without gdb nothing is known.
enum DebugInformation {
    /// The C types of a function.
    struct Types: Sendable {
        var result: CType
        var parameters: [CType]
        /// Whether `...` follows the parameters.
        var hasVarargs: Bool

        /// As C writes them: `(int, ...)`.
        var list: String {
            "(\((parameters.map(\.name) + (hasVarargs ? ["..."] : [])).joined(separator: ", ")))"
        }
    }

    /// A type as gdb prints it.
    struct CType: Sendable {
        /// As it was declared, such as `size_t *`.
        var name: String
        /// Without typedefs, such as `unsigned long *`; of a structure without what is in it.
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
            let declaration = type(inAnswer: answer).flatMap(Declaration.init)
        else { return nil }
        // All of them are resolved in one go: gdb takes long to start.
        let names = [declaration.result] + declaration.parameters
        guard let bases = gdb(names.map { "ptype \($0)" }, library) else { return nil }
        let types = zip(names, bases).map { name, answer in
            CType(name: name, base: type(inAnswer: answer) ?? name)
        }
        return types.first.map {
            Types(
                result: $0, parameters: Array(types.dropFirst()),
                hasVarargs: declaration.hasVarargs)
        }
    }

    /// Whether the library itself says that the function has varargs. Where debug information is apart
    /// from the library nobody looks for it: what is asked each time a graph is read must not take long.
    static func saysVarargs(of symbol: String, in library: String) -> Bool {
        let file = open(library.cPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard let elf = ElfSections(file), elf.contains(".debug_info") else { return false }
        return types(of: symbol, in: library)?.hasVarargs == true
    }

    /// What follows `type = ` in an answer, without what stands in the braces of a structure or an enum:
    /// `const struct tm *`.
    private static func type(inAnswer answer: String) -> String? {
        guard let start = answer.firstRange(of: "type = ") else { return nil }
        var text = String(answer[start.upperBound...])
        if let brace = text.firstIndex(of: "{"), let end = text.lastIndex(of: "}") {
            text.replaceSubrange(brace...end, with: "")
        }
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.split(separator: " ").joined(separator: " ")
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
