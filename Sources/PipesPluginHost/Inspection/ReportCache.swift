import CPipes
import Glibc
import PipesCore

/// What was learned of plugins' files, kept between runs: a file is looked at again when it, a
/// library that it needs or this program has changed. So one that crashes or hangs while it is
/// loaded does it once.
public struct ReportCache: Sendable {
    /// Nobody but the user can write there.
    private let folder: String
    /// Whoever writes entries of another form looks different.
    private let form: String

    /// - Parameter folder: is made where it is not there.
    /// - Returns: nil where there is no folder that can be trusted: then every file is looked at.
    public init?(folder: String) {
        _ = mkdir(folder.cPath, 0o700)
        var status = stat()
        guard stat(folder.cPath, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid(), status.st_mode & (S_IWOTH | S_IWGRP) == 0
        else { return nil }
        self.folder = folder
        let program = FileTrust.realPath("/proc/self/exe") ?? ""
        form = "1 \(PIPES_ABI_MAJOR).\(PIPES_ABI_MINOR) " + (FileIdentity.line(of: program) ?? "")
    }

    /// `pipes-host` in `$XDG_CACHE_HOME`, else in `~/.cache` (XDG Base Directory Specification).
    public static var ofUser: ReportCache? {
        let base: String
        if let folder = getenv("XDG_CACHE_HOME").map({ String(path: $0) }),
            folder.hasPrefix("/")
        {
            base = folder
        } else if let home = getenv("HOME").map({ String(path: $0) }), home.hasPrefix("/") {
            base = home + "/.cache"
        } else {
            return nil
        }
        _ = mkdir(base.cPath, 0o700)
        return ReportCache(folder: base + "/pipes-host")
    }

    /// What is known of a file.
    enum Entry {
        case plugin(PluginReport)
        case ordinary
    }

    /// A file as it is before it is looked at: what is learned is filed under this.
    struct Key {
        fileprivate var entryPath: String
        fileprivate var identity: [Value]
    }

    /// - Returns: nil where the file is not there.
    func key(of path: String) -> Key? {
        guard let lines = FileIdentity.lines(of: path) else { return nil }
        // By the name it was found under: that is what the plugin's own name must fit.
        let name =
            (FileTrust.realPath(FileTrust.folder(of: path)) ?? "") + "/"
            + (path.split(separator: "/").last ?? "")
        return Key(
            entryPath: "\(folder)/\(Self.digest(name)).json",
            identity: ([form, name] + lines).map { .string($0) })
    }

    /// - Parameter path: as messages name the file now.
    /// - Returns: nil where nothing is known, or what is known does not hold any longer.
    func entry(_ key: Key, path: String) -> Entry? {
        guard let bytes = Self.read(key.entryPath),
            case .map(let pairs)? = try? Value(form: Value(json: bytes)), pairs.count == 2,
            pairs[0].value == .list(key.identity)
        else { return nil }
        if pairs[1].value == .null { return .ordinary }
        guard var report = try? PluginReport(pairs[1].value) else { return nil }
        report.file = path
        return .plugin(report)
    }

    /// Files what was learned. Where that fails the file is looked at again next time.
    func keep(_ report: PluginReport?, _ key: Key) {
        var bytes: [UInt8] = []
        Value.map([
            .init("identity", .list(key.identity)), .init("report", report?.value ?? .null),
        ]).appendJSON(to: &bytes)
        // Written beside it and renamed: another run may be reading.
        let draft = "\(key.entryPath).\(getpid())"
        let file = open(
            draft.cPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard file >= 0 else { return }
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        close(file)
        if count != bytes.count || rename(draft.cPath, key.entryPath.cPath) != 0 {
            unlink(draft.cPath)
        }
    }

    /// FNV-1a (Fowler, Noll, Vo), 64 bits: two names with one digest cost time, and no more, since
    /// the entry says whose it is.
    private static func digest(_ name: String) -> String {
        var bits: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { bits = (bits ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(bits, radix: 16)
    }

    private static func read(_ path: String) -> [UInt8]? {
        // What is no file, such as a named pipe, is not waited for.
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid(), status.st_size < 64 << 20
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = Glibc.read(file, &bytes, bytes.count)
        return count == bytes.count ? bytes : nil
    }
}
