public import CPipes
import PipesCore
import PipesRuntime

/// What `coro` strings stand for: loads the plugins and libraries that a graph names, each once,
/// and nothing else.
public final class PluginCatalog: Sendable {
    public let folders: PluginFolders
    /// What it resolves; all else is refused.
    public let allowed: AllowedCoros

    /// The host's table: it lives as long as the process.
    nonisolated(unsafe) private let host: UnsafePointer<pipes_host>
    private let plugins = Locked<[String: Result<LoadedPlugin, CatalogError>]>([:])
    /// By name, what the folders had for each plugin that was asked for, before it was loaded.
    private let found = Locked<[String: Found]>([:])
    /// By path, what was loaded from there, here or in the catalogs before.
    private let files: Locked<[String: LoadedFile]>

    private let scout: PluginInspector?
    /// By name, files of a plugin that the loaded one hides.
    private let hiddenFiles = Locked<[String: [String]]>([:])
    /// By path or soname, why a library must not be loaded; nil for one that may be.
    private let dangers = Locked<[String: String?]>([:])
    /// By library and symbol, why a plain function must not be called; nil for one that may be.
    private let refusals = Locked<[String: String?]>([:])

    /// - Parameters:
    ///   - folders: where it looks for plugins.
    ///   - allowed: what graphs may name.
    ///   - host: handed to every plugin; it must never go away, since plugins are never unloaded.
    ///   - scout: looks at each file before it is loaded, plugin or library of plain functions, so
    ///     that one which crashes or hangs is an error and not the end of this process; nil loads at once.
    public init(
        folders: PluginFolders, allowed: AllowedCoros = .everything,
        host: UnsafePointer<pipes_host>, scout: PluginInspector? = nil
    ) {
        self.folders = folders
        self.allowed = allowed
        self.scout = scout
        self.host = host
        files = Locked([:])
    }

    private init(after former: PluginCatalog) {
        folders = former.folders
        allowed = former.allowed
        host = former.host
        scout = former.scout
        files = Locked(former.files.withLock { $0 })
    }

    /// A catalog that looks at the folders anew: files that were loaded and have changed since are
    /// loaded again, from a copy, since under its old name the linker would give the old code.
    package func renewed() -> PluginCatalog { PluginCatalog(after: self) }

    /// A plugin's file as it was when it was loaded.
    private struct LoadedFile {
        var identity: String
        var plugin: LoadedPlugin
    }

    /// Whether the folders no longer have for each plugin that was asked for what they had then:
    /// another file, the same one with other content, one more, or none.
    package var isOutdated: Bool {
        found.withLock { $0 }.contains { name, before in find(name) != before }
    }

    /// What the folders have for a plugin.
    private struct Found: Equatable {
        var finding: PluginFolders.Finding
        /// Of the file, where there is one.
        var identity: String?
    }

    private func find(_ name: String) -> Found {
        let isName =
            !name.isEmpty
            && name.unicodeScalars.allSatisfy { $0 != "/" && $0.value != 0 }
        guard isName else { return Found(finding: .missing) }
        let finding = folders.find(name)
        guard case .file(let path) = finding else { return Found(finding: finding) }
        return Found(finding: finding, identity: FileIdentity.line(of: path))
    }

    /// Resolves a node's `coro`. Runs the constructors of what it loads, and may block on files.
    ///
    /// - Parameters:
    ///   - coro: `plugin.processor`, or `library:symbol` for a plain function.
    ///   - signature: how to call a plain function; an error for a plugin's processor.
    ///   - graphFolder: what the path of a library is relative to; nil: the working folder.
    /// - Returns: the processor, or all that is wrong.
    public func processor(
        coro: String, signature: String?, graphFolder: String?
    ) -> Result<LoadedProcessor, CatalogRejection> {
        if let refusal = allowed.refusal(of: coro) { return .failure(CatalogRejection([refusal])) }
        if coro.contains(":") {
            return PlainFunctions.processor(
                coro: coro, signature: signature, graphFolder: graphFolder,
                danger: danger(ofLibrary:), refusal: refusal(of:))
        }
        do throws(CatalogError) {
            let processor = try processor(coro)
            if signature == nil { return .success(processor) }
            throw CatalogError(
                .signature(column: nil),
                "\(coro.quoted) is a plugin's processor, which brings its own description; "
                    + "only a plain function (library:symbol) takes a signature. Remove it")
        } catch {
            return .failure(CatalogRejection([error]))
        }
    }

    /// What a user should know of the plugin that a `coro` names: which files it hides.
    func warnings(coro: String) -> [String] {
        guard let dot = coro.firstIndex(of: "."), !coro.contains(":") else { return [] }
        let name = String(coro[..<dot])
        guard case .success(let plugin) = plugin(name) else { return [] }
        let hidden = hiddenFiles.withLock { known in
            if let files = known[name] { return files }
            let files = folders.hidden(by: plugin.file, named: name)
            known[name] = files
            return files
        }
        if hidden.isEmpty { return [] }
        return [
            "plugin \(name) is \(plugin.file), which hides \(hidden.joined(separator: ", ")); "
                + "remove what is not meant"
        ]
    }

    private func danger(ofLibrary path: String) -> String? {
        guard let scout else { return nil }
        return dangers.withLock { dangers in
            if let known = dangers[path] { return known }
            let danger = scout.danger(ofLibrary: path)
            dangers.updateValue(danger, forKey: path)
            return danger
        }
    }

    /// Once for each function: to look into debug information takes a tenth of a second.
    private func refusal(of function: PlainFunctions.Function) -> String? {
        refusals.withLock { refusals in
            let key = "\(function.library):\(function.symbol)"
            if let known = refusals[key] { return known }
            let refusal = function.varargs(looksIntoLibrary: scout != nil)
            refusals.updateValue(refusal, forKey: key)
            return refusal
        }
    }

    /// Loads a plugin by name, or answers what an earlier call came to.
    public func plugin(_ name: String) -> Result<LoadedPlugin, CatalogError> {
        plugins.withLock { plugins in
            if let known = plugins[name] { return known }
            let result: Result<LoadedPlugin, CatalogError>
            do throws(CatalogError) {
                result = .success(try load(name))
            } catch {
                result = .failure(error)
            }
            plugins[name] = result
            return result
        }
    }

    private func processor(_ coro: String) throws(CatalogError) -> LoadedProcessor {
        guard let dot = coro.firstIndex(of: ".") else { throw withoutDot(coro) }
        let pluginName = String(coro[..<dot])
        let name = String(coro[dot...].dropFirst())
        if coro.contains(".so."), coro.hasPrefix("lib") {
            throw CatalogError(
                .coro, "\(coro.quoted) is a library; name its function too, as in \(coro):SYMBOL")
        }
        let plugin = try plugin(pluginName).get()
        let known = plugin.processors
        guard let found = known.first(where: { $0.description.name == name }) else {
            let names = known.map(\.description.name)
            throw CatalogError(
                .coro,
                "no processor \(name.quoted) in plugin \(plugin.name) (\(plugin.file)); it has "
                    + "\(names.listed).\(didYouMean(name, among: names))")
        }
        return found
    }

    private func withoutDot(_ coro: String) -> CatalogError {
        if case .success(let plugin) = plugin(coro) {
            let names = plugin.processors.map(\.description.name)
            return CatalogError(
                .coro,
                "\(coro.quoted) is a plugin; name one of its processors, "
                    + "such as \"\(coro).\(names.first ?? "")\"; it has \(names.listed)")
        }
        return CatalogError(
            .coro,
            "\(coro.quoted) is neither plugin.processor, such as \"strings.reverse\", "
                + "nor library:symbol, such as \"libz.so.1:crc32\"")
    }

    private func load(_ name: String) throws(CatalogError) -> LoadedPlugin {
        let found = find(name)
        self.found.withLock { $0[name] = found }
        let file: String
        switch found.finding {
        case .file(let path): file = path
        case .ambiguous(let first, let second):
            throw CatalogError(
                .coro, "two files for plugin \(name): \(first) and \(second); remove one of them")
        case .refused(let path, let reason):
            throw CatalogError(.coro, "plugin \(name) (\(path)) is not loaded: \(reason)")
        case .ordinary(let path):
            guard let flaw = ElfFile.flaw(of: path) else { throw noPlugin(path) }
            throw CatalogError(.coro, "plugin \(name) (\(path)) can't be used: \(flaw)")
        case .missing: throw missing(name)
        }
        if let report = scout?.report(of: file), report.isDangerous, let reason = report.broken {
            throw CatalogError(.coro, "plugin \(name) (\(file)) can't be used: \(reason)")
        }
        do throws(PluginLoader.Failure) {
            let plugin = try loaded(file, found.identity)
            if plugin.name == name { return plugin }
            throw .broken("it says that its name is \(plugin.name.quoted)")
        } catch {
            switch error {
            case .notAPlugin: throw noPlugin(file)
            case .broken(let reason):
                throw CatalogError(.coro, "plugin \(name) (\(file)) can't be used: \(reason)")
            }
        }
    }

    private func loaded(
        _ file: String, _ identity: String?
    ) throws(PluginLoader.Failure) -> LoadedPlugin {
        let known = files.withLock { $0[file] }
        if let known, known.identity == identity { return known.plugin }
        let plugin: LoadedPlugin
        if known == nil {
            plugin = try PluginLoader.load(file, host: host)
        } else {
            plugin = try PluginCopy.load(file, host: host)
        }
        if let identity {
            files.withLock { $0[file] = LoadedFile(identity: identity, plugin: plugin) }
        }
        return plugin
    }

    private func noPlugin(_ file: String) -> CatalogError {
        CatalogError(
            .coro,
            "\(file) is no plugin: it does not export "
                + "\(PluginLoader.symbolPrefix)\(PIPES_ABI_MAJOR); a plain function of it is "
                + "named with a colon, \(file):SYMBOL")
    }

    private func missing(_ name: String) -> CatalogError {
        let searched = folders.folders.map(\.path).joined(separator: ", ")
        let installed = folders.files().flatMap(\.paths)
            .filter { ElfFile.mayBePlugin($0) }
            .compactMap { PluginFolders.pluginNames(of: $0).first }
        return CatalogError(
            .coro,
            "no plugin \(name.quoted): there is no \(name).so and no lib\(name).so in "
                + "\(searched).\(didYouMean(name, among: installed))")
    }
}
