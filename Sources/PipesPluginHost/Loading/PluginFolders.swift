import Glibc
import PipesCore

/// The folders in which plugins are looked for, first to last (docs/plugin-authors.md,
/// "Finding").
public struct PluginFolders: Sendable {
    /// Where a folder was named.
    public enum Origin: Sendable, Hashable {
        case option
        case environment
        case besideGraph
        case workingFolder
        case besideExecutable
        case installation
    }

    public struct Folder: Sendable, Hashable {
        /// As messages name it: relative to the working folder where it was given so.
        public var path: String
        public var origin: Origin
    }

    /// What came of looking for a plugin.
    enum Finding: Equatable {
        case file(String)
        /// Two files for one plugin in one folder.
        case ambiguous(String, String)
        case refused(file: String, reason: String)
        /// Only libraries of that name that are no plugins, the first of them.
        case ordinary(String)
        case missing
    }

    /// Each folder once, whether it is there or not.
    public let folders: [Folder]

    /// - Parameters:
    ///   - options: the values of `--plugins`.
    ///   - environment: the value of `PIPES_PLUGINS`: folders, separated by colons.
    ///   - graphFolder: the folder of the graph file; nil for a graph built in code.
    ///   - executableFolder: of the running program; nil leaves it and `../lib/pipes` out.
    public init(
        options: [String] = [], environment: String? = nil, graphFolder: String? = nil,
        executableFolder: String? = PluginFolders.executableFolder
    ) {
        var all = options.filter { !$0.isEmpty }.map { Folder(path: $0, origin: .option) }
        for path in (environment ?? "").split(separator: ":") {
            all.append(Folder(path: String(path), origin: .environment))
        }
        if let graphFolder {
            all.append(
                Folder(path: Self.join(graphFolder, "plugins"), origin: .besideGraph))
        }
        all.append(Folder(path: "plugins", origin: .workingFolder))
        if let executableFolder {
            all.append(Folder(path: executableFolder, origin: .besideExecutable))
            all.append(
                Folder(
                    path: Self.join(FileTrust.folder(of: executableFolder), "lib/pipes"),
                    origin: .installation))
        }
        var seen: Set<String> = []
        folders = all.filter { seen.insert(FileTrust.realPath($0.path) ?? $0.path).inserted }
    }

    /// The folder of the running program, without links; nil where the system does not tell.
    public static var executableFolder: String? {
        FileTrust.realPath("/proc/self/exe").map(FileTrust.folder(of:))
    }

    static func join(_ folder: String, _ path: String) -> String {
        if folder.isEmpty || folder == "." { return path }
        return folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)"
    }

    /// Looks for `NAME.so` and `libNAME.so`; of two folders the earlier wins. Libraries that are
    /// no plugins stand in nobody's way.
    func find(_ name: String) -> Finding {
        var ordinary: String?
        for folder in folders {
            let files = ["\(name).so", "lib\(name).so"]
                .map { Self.path(of: $0, in: folder) }
                .filter { access($0.cPath, F_OK) == 0 }
            let plugins = files.filter { ElfFile.mayBePlugin($0) }
            guard let file = plugins.first else {
                ordinary = ordinary ?? files.first
                continue
            }
            if plugins.count > 1 { return .ambiguous(plugins[0], plugins[1]) }
            if let reason = FileTrust.refusal(of: file) {
                return .refused(file: file, reason: reason)
            }
            return .file(file)
        }
        return ordinary.map { .ordinary($0) } ?? .missing
    }

    /// The files of a plugin that are never loaded, since one in an earlier folder is: other files,
    /// and not links to that one.
    func hidden(by file: String, named name: String) -> [String] {
        let own = FileTrust.realPath(file)
        var hidden: [String] = []
        var hasPassed = false
        for folder in folders {
            let files = ["\(name).so", "lib\(name).so"].map { Self.path(of: $0, in: folder) }
            if hasPassed {
                hidden += files.filter { path in
                    access(path.cPath, F_OK) == 0 && FileTrust.realPath(path) != own
                        && ElfFile.mayBePlugin(path)
                }
            }
            if files.contains(file) { hasPassed = true }
        }
        return hidden
    }

    /// Every `.so` in the folders, in the order of search and then of names.
    ///
    /// - Returns: for each folder its files; none for a folder that is not there.
    package func files() -> [(folder: Folder, paths: [String])] {
        folders.map { folder in
            let names = Self.names(in: folder.path).filter { $0.hasSuffix(".so") }.sorted()
            return (folder, names.map { Self.path(of: $0, in: folder) })
        }
    }

    /// The names by which a file can be asked for: `libx.so` is `x` and `libx`.
    static func pluginNames(of path: String) -> [String] {
        let file = path.split(separator: "/").last ?? ""
        let name = file.hasSuffix(".so") ? file.dropLast(3) : file
        guard name.hasPrefix("lib"), name.count > 3 else { return [String(name)] }
        return [String(name.dropFirst(3)), String(name)]
    }

    /// Always with a `/`: dlopen would search the system's folders for a bare name.
    private static func path(of file: String, in folder: Folder) -> String {
        folder.path == "." ? "./\(file)" : join(folder.path, file)
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder.cPath) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(path: $0) }
            }
            names.append(name)
        }
        return names
    }
}
