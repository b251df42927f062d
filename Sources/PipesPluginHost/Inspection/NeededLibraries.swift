import Glibc
import PipesCore

/// Finds the libraries that a file needs, directly or not, where the linker of glibc finds them
/// (ld.so(8); elf/dl-load.c, `_dl_map_object`).
struct NeededLibraries {
    /// More are no plugin's, but a circle or an attack.
    private static let most = 500

    private let linkerCache: LinkerCache
    /// Of `LD_LIBRARY_PATH`.
    private let libraryPath: [String]
    private static let program = Needs(of: FileTrust.realPath("/proc/self/exe") ?? "")

    init(_ linkerCache: LinkerCache) {
        self.linkerCache = linkerCache
        let path = getenv("LD_LIBRARY_PATH").map { String(path: $0) } ?? ""
        libraryPath = path.split { $0 == ":" || $0 == ";" }.map(String.init)
    }

    /// One that is needed.
    struct Library {
        var name: String
        /// Where it is: several where some are for newer processors; none where it is missing.
        var files: [String]
    }

    /// In the order in which the linker loads them.
    func of(_ path: String) -> [Library] {
        var libraries: [Library] = []
        var seen: Set<String> = []
        // What the program brings along holds for all that it loads.
        var loaded = [(file: path, inherited: Self.program.oldPath)]
        var next = 0
        while next < loaded.count, seen.count < Self.most {
            let (file, inherited) = loaded[next]
            next += 1
            let needs = Needs(of: file)
            let folders = folders(needs, inherited: inherited)
            for name in needs.names where seen.insert(name).inserted {
                let found = find(name, in: folders)
                libraries.append(Library(name: name, files: found))
                loaded += found.map { ($0, needs.oldPath + inherited) }
            }
        }
        return libraries
    }

    /// The file that this program gets for a name without a path; nil where there is none.
    func file(named name: String) -> String? {
        // Behind those for newer processors, of which this may be none.
        find(name, in: folders(Self.program, inherited: [])).last
    }

    private func folders(_ needs: Needs, inherited: [String]) -> [String] {
        // For who has the new kind of path none of the old kind is looked into.
        let old = needs.path == nil ? needs.oldPath + inherited : []
        return old + libraryPath + (needs.path ?? [])
    }

    private func find(_ name: String, in folders: [String]) -> [String] {
        if name.contains("/") { return [name].filter(ElfFile.isForThisMachine) }
        return Self.first(name, in: folders)
            ?? linkerCache.files(named: name).filter(ElfFile.isForThisMachine).nilIfEmpty
            ?? Self.first(name, in: Self.systemFolders) ?? []
    }

    private static func first(_ name: String, in folders: [String]) -> [String]? {
        for folder in folders {
            let variants = access("\(folder)/glibc-hwcaps".cPath, F_OK) == 0 ? processors : []
            let found =
                (variants.map { "\(folder)/glibc-hwcaps/\($0)/\(name)" } + ["\(folder)/\(name)"])
                .filter(ElfFile.isForThisMachine)
            if !found.isEmpty { return found }
        }
        return nil
    }

    /// Of which of them this machine has one is not asked: all that are there count.
    private static let processors = ["x86-64-v4", "x86-64-v3", "x86-64-v2"]

    private static let systemFolders = [
        "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
    ]

    /// What a file says of what it needs.
    private struct Needs {
        var names: [String] = []
        /// `DT_RPATH`: holds for what it needs, and for what that needs in turn.
        var oldPath: [String] = []
        /// `DT_RUNPATH`: holds for what it needs itself.
        var path: [String]?

        /// The tags of Elf64_Dyn that are looked at (System V ABI, chapter 5).
        private enum Tag {
            static let needed: UInt64 = 1
            static let rpath: UInt64 = 15
            static let runpath: UInt64 = 29
        }

        init(of path: String) {
            let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard file >= 0 else { return }
            defer { close(file) }
            guard let elf = ElfSections(file), let section = elf.first(ElfSections.dynamicTable),
                let table = elf.bytes(of: section), let texts = elf.texts(of: section)
            else { return }
            let origin = FileTrust.folder(of: path)
            for at in stride(from: 0, to: table.count / 16 * 16, by: 16) {
                let offset = Int(clamping: table.load(at: at + 8, as: UInt64.self))
                let text = ElfSections.text(in: texts, at: offset) ?? ""
                switch table.load(at: at, as: UInt64.self) {
                case Tag.needed: names.append(Self.expanded(text[...], origin))
                case Tag.rpath:
                    oldPath = text.split(separator: ":").map { Self.expanded($0, origin) }
                case Tag.runpath:
                    self.path = text.split(separator: ":").map { Self.expanded($0, origin) }
                default: break
                }
            }
            if self.path != nil { oldPath = [] }
        }

        private static func expanded(_ text: Substring, _ origin: String) -> String {
            for variable in ["$ORIGIN", "${ORIGIN}"] where text.hasPrefix(variable) {
                return origin + text.dropFirst(variable.count)
            }
            return String(text)
        }
    }
}

extension Array {
    fileprivate var nilIfEmpty: Self? { isEmpty ? nil : self }
}
