import Glibc
import PipesCore

/// A text that stands in a library's place for the linker of compilers, such as `libm.so`: it names what is
/// to be linked instead (the manual of GNU ld, "Implicit Linker Scripts").
struct LinkerScript {
    let path: String
    /// What the commands GROUP and INPUT name, in their order: paths, names, and `-lNAME`.
    let inputs: [String]

    private static let largest = 1 << 16

    /// - Parameter library: a path with a `/`, or a soname.
    /// - Returns: nil where the linker finds no such text for it.
    init?(ofLibrary library: String) {
        let file = library.contains("/") ? library : NeededLibraries(.ofSystem).file(named: library)
        guard let file else { return nil }
        self.init(path: file)
    }

    init?(path: String) {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size <= Self.largest,
            let bytes = ElfSections.read(file, at: 0, size: UInt64(status.st_size)),
            !bytes.contains(0), let inputs = Self.inputs(in: String(pathBytes: bytes))
        else { return nil }
        self.path = path
        self.inputs = inputs
    }

    /// - Returns: nil where the text has neither GROUP nor INPUT.
    static func inputs(in text: String) -> [String]? {
        var inputs: [String] = []
        var isScript = false
        /// The commands whose parentheses are open, outermost first.
        var commands: [String] = []
        var last = ""
        for word in words(of: text) {
            switch word {
            case "(":
                commands.append(last)
                if last == "GROUP" || last == "INPUT" { isScript = true }
            case ")": _ = commands.popLast()
            case ",", ";": break
            default:
                let isCommand = word == "AS_NEEDED"
                if !isCommand, commands.contains("GROUP") || commands.contains("INPUT") {
                    inputs.append(word)
                }
            }
            last = word
        }
        return isScript ? inputs : nil
    }

    /// Names, quoted or not, and the characters that part them, without comments.
    private static func words(of text: String) -> [String] {
        var words: [String] = []
        var rest = text[...]
        while let next = rest.first {
            if rest.hasPrefix("/*") {
                let end = rest.dropFirst(2).firstRange(of: "*/")
                rest = end.map { rest[$0.upperBound...] } ?? ""
            } else if next == "\"" {
                let name = rest.dropFirst().prefix { $0 != "\"" }
                words.append(String(name))
                rest = rest[name.endIndex...].dropFirst()
            } else if "(),;".contains(next) {
                words.append(String(next))
                rest = rest.dropFirst()
            } else if next.isWhitespace {
                rest = rest.dropFirst()
            } else {
                let name = rest.prefix { !$0.isWhitespace && !"(),;\"".contains($0) }
                words.append(String(name))
                rest = rest[name.endIndex...]
            }
        }
        return words
    }

    // MARK: What it stands for

    /// Why the script can't be loaded, and what to write for the function.
    ///
    /// - Parameters:
    ///   - library: as the graph names it.
    ///   - symbol: of the function.
    func message(library: String, symbol: String) -> String {
        let what =
            "library \(library.quoted) is a linker script (\(path)), a text for the linker of "
            + "compilers, and can't be loaded"
        guard let name = libraryName(for: symbol) else { return what }
        return "\(what); it stands for \(name): write \("\(name):\(symbol)".quoted)"
    }

    /// The library that has the function; where none has, the first one.
    private func libraryName(for symbol: String) -> String? {
        let libraries = inputs.compactMap(library)
        let owner = libraries.first { library in
            ElfFile.exportedSymbols(of: library.file)?.contains { $0.name == symbol } == true
        }
        return (owner ?? libraries.first)?.name
    }

    /// - Returns: nil for an archive, and for what is not there.
    private func library(_ input: String) -> (name: String, file: String)? {
        let name =
            input.hasPrefix("-l") ? "lib\(input.dropFirst(2)).so" : input
        let last = String(name.split(separator: "/").last ?? "")
        guard last.contains(".so") else { return nil }
        let beside = name.contains("/") ? name : "\(FileTrust.folder(of: path))/\(name)"
        let found = access(beside.cPath, R_OK) == 0 ? beside : nil
        // Where the loader finds it by its name alone, that is the better thing to write.
        if let file = NeededLibraries(.ofSystem).file(named: last), isSame(file, found) {
            // What `-lNAME` leads to is a link for compilers, which need not be there where the graph runs.
            return (ElfFile.soname(of: file) ?? last, file)
        }
        return found.map { ($0, $0) }
    }

    private func isSame(_ file: String, _ found: String?) -> Bool {
        guard let found else { return true }
        return FileTrust.realPath(file) == FileTrust.realPath(found)
    }
}
