import Glibc
public import PipesCore

/// A plain function and a signature, as `inspect` shows them.
public struct InspectedFunction: Sendable {
    public let description: ProcessorDescription
    /// How the signature is understood: what the function returns, and then each parameter.
    public let words: [String]
    /// Where the library's debug information disagrees, and whether the function has varargs, which no
    /// signature can be right for.
    public let disagreements: [String]
    /// Whether the function is known to have varargs.
    public let hasVarargs: Bool
    /// Whether the library has debug information of the function, and something to read it with.
    public let hasDebugInformation: Bool

    /// All of it, as a MAP: what `inspect --json` prints.
    public var value: Value {
        .map([
            .init("processor", description.report),
            .init("call", .list(words.map { .string($0) })),
            .init("hasDebugInformation", .bool(hasDebugInformation)),
            .init("hasVarargs", .bool(hasVarargs)),
            .init("disagreements", .list(disagreements.map { .string($0) })),
        ])
    }

    /// Loads the library into this process, as `check` and `run` do.
    ///
    /// - Parameters:
    ///   - coro: `library:symbol`; a path is relative to the working folder.
    ///   - text: the signature, as in a graph file.
    ///   - scout: looks at the library before it is loaded; nil does not.
    /// - Throws: all that is wrong with the coro and the signature.
    public init(
        coro: String, signature text: String, scout: PluginInspector? = nil
    ) throws(CatalogRejection) {
        var variadic: String?
        let processor = try PlainFunctions.processor(
            coro: coro, signature: text, graphFolder: nil,
            danger: { scout?.danger(ofLibrary: $0) },
            refusal: {
                variadic = $0.varargs(looksIntoLibrary: false)
                return nil
            }
        ).get()
        guard let signature = processor.bridged?.signature, let colon = coro.lastIndex(of: ":")
        else { throw CatalogRejection([CatalogError(.coro, "\(coro.quoted) is no function")]) }
        description = processor.description
        let symbol = String(coro[coro.index(after: colon)...])
        let types = Library.loadedFile(processor.file).flatMap {
            DebugInformation.types(of: symbol, in: $0)
        }
        words = signature.words(callbacks: types.map { signature.callbacks(in: $0) } ?? [:])
        hasDebugInformation = types != nil
        hasVarargs = variadic != nil || types?.hasVarargs == true
        let disagreements = types.map { signature.disagreements(with: $0) } ?? []
        // Where there is debug information, it says so in more words.
        let isTold = types?.hasVarargs == true
        self.disagreements = disagreements + (isTold ? [] : [variadic].compactMap(\.self))
    }
}

extension Library {
    /// The file of a library that is loaded, by its soname or path.
    static func loadedFile(_ name: String) -> String? {
        if name.contains("/") { return FileTrust.realPath(name) }
        let file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        // libz.so.1 is a link to libz.so.1.2.13, which is what is mapped.
        let stem = name.split(separator: ".").first.map(String.init) ?? name
        let lines = String(pathBytes: bytes).split(separator: "\n")
        for line in lines {
            guard let slash = line.firstIndex(of: "/") else { continue }
            let path = line[slash...]
            guard let last = path.split(separator: "/").last, last.hasPrefix(stem + ".so") else {
                continue
            }
            let folder = FileTrust.folder(of: String(path))
            if FileTrust.realPath("\(folder)/\(name)") == String(path) { return String(path) }
        }
        return nil
    }
}
