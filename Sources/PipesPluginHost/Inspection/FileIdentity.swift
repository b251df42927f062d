import Glibc

/// What tells a file, and the libraries that it needs, from what was there before: where that is
/// the same, what was learned of the file still holds.
enum FileIdentity {
    /// More are no plugin's, but a circle or an attack.
    private static let mostLibraries = 500

    /// A line for the file and for each library that it needs, directly or not.
    ///
    /// - Returns: nil where the file is not there.
    static func lines(of path: String) -> [String]? {
        guard let real = FileTrust.realPath(path), let own = line(of: real) else { return nil }
        var lines = [own, "LD_LIBRARY_PATH=\(environment("LD_LIBRARY_PATH"))"]
        var seen: Set<String> = []
        var queue = [real]
        while let file = queue.popLast(), seen.count < mostLibraries {
            let needs = needs(of: file)
            for name in needs.names where seen.insert(name).inserted {
                guard let found = find(name, runPath: needs.runPath, of: file) else {
                    lines.append("\(name) is missing")
                    continue
                }
                lines.append(line(of: found) ?? "\(found) is missing")
                queue.append(found)
            }
        }
        return lines
    }

    /// The same for the file alone.
    static func line(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let time = status.st_mtim
        return "\(path) \(status.st_dev) \(status.st_ino) \(status.st_size) "
            + "\(time.tv_sec).\(time.tv_nsec)"
    }

    // MARK: What a library needs

    private struct Needs {
        var names: [String] = []
        var runPath: [String] = []
    }

    /// The tags of Elf64_Dyn that are looked at (System V ABI, chapter 5).
    private enum Tag {
        static let needed: UInt64 = 1
        static let rpath: UInt64 = 15
        static let runpath: UInt64 = 29
    }

    private static func needs(of path: String) -> Needs {
        var needs = Needs()
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return needs }
        defer { close(file) }
        guard let elf = ElfSections(file), let section = elf.first(ElfSections.dynamicTable),
            let table = elf.bytes(of: section), let texts = elf.texts(of: section)
        else { return needs }
        for at in stride(from: 0, to: table.count / 16 * 16, by: 16) {
            let offset = Int(clamping: table.load(at: at + 8, as: UInt64.self))
            switch table.load(at: at, as: UInt64.self) {
            case Tag.needed:
                if let name = ElfSections.text(in: texts, at: offset) { needs.names.append(name) }
            case Tag.rpath, Tag.runpath:
                let text = ElfSections.text(in: texts, at: offset) ?? ""
                needs.runPath += text.split(separator: ":").map(String.init)
            default: break
            }
        }
        return needs
    }

    /// Where the linker finds a library (ld.so(8)). What it knows from `ld.so.cache` alone is
    /// looked for in the folders that the cache is commonly made of.
    private static func find(_ name: String, runPath: [String], of file: String) -> String? {
        if name.contains("/") { return FileTrust.realPath(name) }
        let origin = FileTrust.folder(of: file)
        var folders = environment("LD_LIBRARY_PATH").split(separator: ":").map(String.init)
        folders += runPath.map { folder in
            for variable in ["$ORIGIN", "${ORIGIN}"] where folder.hasPrefix(variable) {
                return origin + folder.dropFirst(variable.count)
            }
            return folder
        }
        folders += systemFolders
        for folder in folders {
            if let found = FileTrust.realPath("\(folder)/\(name)") { return found }
        }
        return nil
    }

    /// The file that the linker finds for a soname; nil where there is none.
    static func file(ofLibrary name: String) -> String? { find(name, runPath: [], of: "/") }

    private static let systemFolders = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/usr/local/lib", "/lib", "/usr/lib",
    ]

    private static func environment(_ name: String) -> String {
        getenv(name).map { String(cString: $0) } ?? ""
    }
}
