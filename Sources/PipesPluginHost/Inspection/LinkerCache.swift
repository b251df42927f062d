import Glibc
import PipesCore

/// The libraries that the linker knows by `/etc/ld.so.cache`, which ldconfig makes of the folders in
/// `/etc/ld.so.conf`.
///
/// The form is that of glibc, sysdeps/generic/dl-cache.h: `struct cache_file_new` with its
/// `struct file_entry_new`, alone or behind the older `struct cache_file`. Every number in it may be
/// a lie.
package struct LinkerCache: Sendable {
    /// As it was when it was first asked for.
    package static let ofSystem = LinkerCache(path: "/etc/ld.so.cache")

    /// By name; builds for newer processors are under the same name.
    private var files: [String: [String]] = [:]

    private static let oldMagic = Array("ld.so-1.7.0".utf8)
    private static let magic = Array("glibc-ld.so.cache1.1".utf8)
    private static let largest = 64 << 20

    /// - Parameter path: of the cache; without one, or where it has another form, nothing is known.
    package init(path: String) {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_size <= Self.largest,
            let bytes = ElfSections.read(file, at: 0, size: UInt64(status.st_size)),
            let start = Self.start(in: bytes)
        else { return }
        // The texts count from here.
        let cache = Array(bytes[start...])
        let (headSize, entrySize) = (48, 24)
        guard cache.count >= headSize else { return }
        let count = Int(cache.load(at: 20, as: UInt32.self))
        guard count <= (cache.count - headSize) / entrySize else { return }
        for index in 0..<count {
            let entry = headSize + index * entrySize
            let key = Int(cache.load(at: entry + 4, as: UInt32.self))
            let value = Int(cache.load(at: entry + 8, as: UInt32.self))
            guard let name = ElfSections.text(in: cache, at: key),
                let path = ElfSections.text(in: cache, at: value)
            else { continue }
            files[name, default: []].append(path)
        }
    }

    /// The files that a name stands for; empty for an unknown one.
    package func files(named name: String) -> [String] { files[name] ?? [] }

    private static func start(in bytes: [UInt8]) -> Int? {
        if bytes.starts(with: magic) { return 0 }
        guard bytes.starts(with: oldMagic), bytes.count >= 16 else { return nil }
        // A head of 16 bytes, entries of 12, and what follows stands at a multiple of 8.
        let end = 16 + 12 * Int(bytes.load(at: 12, as: UInt32.self))
        let start = (end + 7) / 8 * 8
        guard start <= bytes.count, bytes[start...].starts(with: magic) else { return nil }
        return start
    }
}
