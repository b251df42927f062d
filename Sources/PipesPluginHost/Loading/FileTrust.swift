import Glibc
import PipesCore

/// Whether code may be loaded from a file: nobody but the user and root may be able to change it.
enum FileTrust {
    /// Why `path` must not be loaded; nil where it may be.
    ///
    /// Looks at the file that the path leads to, at the folder that file is in and, for a link,
    /// at the folder of the link.
    static func refusal(of path: String) -> String? {
        guard let real = realPath(path) else { return String(cString: strerror(errno)) }
        var status = stat()
        guard stat(real.cPath, &status) == 0 else { return String(cString: strerror(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return "it is not a file" }
        if let reason = refusal(status, called: "it") { return reason }
        for folder in Set([folder(of: path), folder(of: real)]).sorted() {
            if let reason = refusal(ofFolder: folder) { return reason }
        }
        return nil
    }

    /// Why nothing in the folder may be loaded; nil where it may be, or where there is no folder.
    static func refusal(ofFolder path: String) -> String? {
        var status = stat()
        guard stat(path.cPath, &status) == 0 else { return nil }
        return refusal(status, called: "its folder \(path)")
    }

    private static func refusal(_ status: stat, called name: String) -> String? {
        if status.st_mode & S_IWOTH != 0 {
            return
                "everybody can write to \(name == "it" ? "the file" : name); take that away with chmod o-w"
        }
        let user = geteuid()
        if status.st_uid != 0, status.st_uid != user {
            return "\(name) belongs to user \(status.st_uid), who is neither root nor the user "
                + "that runs the host (\(user))"
        }
        return nil
    }

    /// The path without links, `.` and `..`; nil (and `errno`) where there is nothing.
    static func realPath(_ path: String) -> String? {
        guard let real = realpath(path.cPath, nil) else { return nil }
        defer { free(real) }
        return String(path: real)
    }

    /// All before the last `/`, or `.` where there is none.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
