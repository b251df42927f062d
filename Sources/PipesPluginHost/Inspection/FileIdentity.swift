import Glibc
import PipesCore

/// What tells a file, and the libraries that it needs, from what was there before: where that is
/// the same, what was learned of the file still holds.
package enum FileIdentity {
    /// A line for the file and for each library that it needs, directly or not.
    ///
    /// - Parameters:
    ///   - path: of the file.
    ///   - linkerCache: what the linker knows of libraries.
    /// - Returns: nil where the file is not there.
    package static func lines(
        of path: String, linkerCache: LinkerCache = .ofSystem
    ) -> [String]? {
        guard let real = FileTrust.realPath(path), let own = line(of: real) else { return nil }
        let libraryPath = getenv("LD_LIBRARY_PATH").map { String(path: $0) } ?? ""
        var lines = [own, "LD_LIBRARY_PATH=\(libraryPath)"]
        for library in NeededLibraries(linkerCache).of(path) {
            if library.files.isEmpty { lines.append("\(library.name) is missing") }
            lines += library.files.map { file in
                FileTrust.realPath(file).flatMap { line(of: $0) } ?? "\(file) is missing"
            }
        }
        return lines
    }

    /// The same for the file alone.
    static func line(of path: String) -> String? {
        var status = stat()
        guard stat(path.cPath, &status) == 0 else { return nil }
        // Who writes into a file can set back the first time, and not the second.
        let (written, changed) = (status.st_mtim, status.st_ctim)
        return "\(path) \(status.st_dev) \(status.st_ino) \(status.st_size) "
            + "\(written.tv_sec).\(written.tv_nsec) \(changed.tv_sec).\(changed.tv_nsec)"
    }
}
