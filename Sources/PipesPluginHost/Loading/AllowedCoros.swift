import PipesCore

/// Which `coro` strings a catalog resolves. What it does not allow is refused by name, before any
/// folder is looked into and any file is opened.
public struct AllowedCoros: Sendable {
    /// nil: all of them.
    private let names: Set<String>?
    /// Whether functions of libraries (`library:symbol`) may be called at all.
    public let plainFunctions: Bool

    /// All plugins that the folders have, and every function of every library: for graphs that the
    /// program's own authors write.
    public static let everything = AllowedCoros(names: nil, plainFunctions: true)

    /// All plugins that the folders have, and no plain functions.
    public static let allPlugins = AllowedCoros(names: nil, plainFunctions: false)

    /// - Parameters:
    ///   - names: plugins (`strings`) with all their processors, single processors
    ///     (`strings.reverse`), and single functions (`libz.so.1:crc32`).
    ///   - plainFunctions: whether those among `names` that are functions may be called. A function
    ///     can do whatever the process can, so it is asked for by itself.
    public init(_ names: [String], plainFunctions: Bool = false) {
        self.init(names: Set(names), plainFunctions: plainFunctions)
    }

    private init(names: Set<String>?, plainFunctions: Bool) {
        self.names = names
        self.plainFunctions = plainFunctions
    }

    /// Why a coro is refused; nil where it is allowed.
    func refusal(of coro: String) -> CatalogError? {
        if coro.contains(":"), !plainFunctions {
            return CatalogError(
                .coro,
                "\(coro.quoted) is a plain function, and this program allows none in a graph. Use "
                    + "a plugin's processor")
        }
        guard let names, !allows(coro, names) else { return nil }
        let known = names.filter { plainFunctions || !$0.contains(":") }.sorted()
        let others = known.isEmpty ? "none" : known.listed
        return CatalogError(
            .coro,
            "\(coro.quoted) is not allowed in this program, which allows \(others)."
                + didYouMean(coro, among: known))
    }

    private func allows(_ coro: String, _ names: Set<String>) -> Bool {
        if names.contains(coro) { return true }
        guard !coro.contains(":"), let dot = coro.firstIndex(of: ".") else { return false }
        return names.contains(String(coro[..<dot]))
    }
}
