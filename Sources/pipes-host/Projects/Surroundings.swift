import Glibc
import Pipes
import PipesCore
import PipesPluginHost

/// What a plugin project needs of pipes-host, and where it is: beside an installed program, or in
/// the checkout that it was built in.
struct Surroundings {
    /// The folder of this program, without links.
    private let programFolder: String
    private let environment: [String: String]

    /// Holds `pipes.pc`; nil where there is none near this program.
    let pkgConfigFolder: String?
    /// The package that a plugin in Swift depends on; nil where there is none near this program.
    let packageFolder: String?

    init(programFolder: String, environment: [String: String]) {
        self.programFolder = programFolder
        self.environment = environment
        var pkgConfigFolder: String?
        var packageFolder: String?
        let prefix = Self.parent(of: programFolder)
        if Self.exists("\(prefix)/lib/pkgconfig/pipes.pc") {
            pkgConfigFolder = "\(prefix)/lib/pkgconfig"
        }
        if Self.exists("\(prefix)/share/pipes-host/PipesPlugin/Package.swift") {
            packageFolder = "\(prefix)/share/pipes-host/PipesPlugin"
        }
        if let checkout = Self.checkout(above: programFolder) {
            pkgConfigFolder = pkgConfigFolder ?? "\(checkout)/Packaging/pkgconfig"
            packageFolder = packageFolder ?? "\(checkout)/Packaging/PipesPlugin"
        }
        self.pkgConfigFolder = pkgConfigFolder
        self.packageFolder = packageFolder
    }

    /// Those of this program.
    static var current: Surroundings {
        Surroundings(
            programFolder: PluginFolders.executableFolder ?? "/",
            environment: ProcessVariables.all)
    }

    /// What to type first so that a shell finds this program; nothing where it does.
    var commandsForProgram: [String] {
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        let programs = folders.map { folder -> String in "\(folder)/pipes-host" }
        let first = programs.first { access($0.cPath, X_OK) == 0 }
        if let first, Self.isSame(first, "/proc/self/exe") { return [] }
        return ["export PATH=\(Self.shellWord(programFolder)):\"$PATH\""]
    }

    /// What to type first so that pkg-config finds `pipes`; nothing where it does.
    var commandsForHeader: [String] {
        let known = (environment["PKG_CONFIG_PATH"] ?? "").split(separator: ":").map(String.init)
        guard let folder = pkgConfigFolder, !(known + Self.usualFolders).contains(folder) else {
            return []
        }
        let others = known.isEmpty ? "" : ":\"$PKG_CONFIG_PATH\""
        return ["export PKG_CONFIG_PATH=\(Self.shellWord(folder))\(others)"]
    }

    /// What pkg-config looks into by itself on most systems.
    private static let usualFolders = ["/usr/lib/pkgconfig", "/usr/local/lib/pkgconfig"]

    /// A checkout has its build, and so this program, inside.
    private static func checkout(above folder: String) -> String? {
        var folder = folder
        while folder != "/" {
            folder = parent(of: folder)
            if exists("\(folder)/Packaging/pkgconfig/pipes.pc") { return folder }
        }
        return nil
    }

    private static func parent(of folder: String) -> String {
        guard let slash = folder.lastIndex(of: "/"), slash > folder.startIndex else { return "/" }
        return String(folder[..<slash])
    }

    private static func exists(_ path: String) -> Bool {
        access(path.cPath, R_OK) == 0
    }

    private static func isSame(_ first: String, _ second: String) -> Bool {
        var (one, other) = (stat(), stat())
        guard stat(first.cPath, &one) == 0, stat(second.cPath, &other) == 0 else { return false }
        return one.st_ino == other.st_ino && one.st_dev == other.st_dev
    }

    /// As it is where a shell takes it so, in quotes otherwise.
    private static func shellWord(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"):
                true
            default: false
            }
        }
        if isPlain { return text }
        return "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: #"'\''"#) + "'"
    }
}
