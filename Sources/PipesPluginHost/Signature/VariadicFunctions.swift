import CFFI

/// Functions with `...`: how their arguments are passed depends on what the caller says of them, which
/// no signature can.
enum VariadicFunctions {
    static let remedy = "name one with fixed arguments, or write a plugin in C that calls it"

    /// Whether the function at `address` is one of the C library that has varargs.
    static func isOfCLibrary(_ symbol: String, at address: UnsafeRawPointer) -> Bool {
        guard names.contains(plain(symbol)), let file = cffi_file_of(address) else { return false }
        let name = String(cString: file).split(separator: "/").last ?? ""
        return libraries.contains { name == $0 || name.hasPrefix("\($0).") }
    }

    /// Before glibc 2.34 some of them were in libraries of their own.
    private static let libraries = ["libc.so", "libpthread.so", "librt.so", "ld-musl"]

    /// `__isoc99_sscanf`, `__printf_chk` and the like are the function under another name.
    private static func plain(_ symbol: String) -> Substring {
        var name = symbol[...]
        let prefixes = ["__isoc99_", "__isoc23_", "__libc_", "_IO_", "__"]
        if let prefix = prefixes.first(where: { name.hasPrefix($0) }) {
            name = name.dropFirst(prefix.count)
        }
        for suffix in ["_chk", "_nocancel"] where name.hasSuffix(suffix) {
            name = name.dropLast(suffix.count)
        }
        return name
    }

    /// All that the headers of glibc 2.36 declare with `...` and its libc.so.6 exports.
    private static let names: Set<Substring> = [
        "argp_error", "argp_failure", "asprintf", "clone", "dprintf", "err", "error",
        "error_at_line", "errx", "execl", "execle", "execlp", "fcntl", "fcntl64", "fprintf",
        "fscanf", "fwprintf", "fwscanf", "ioctl", "makecontext", "mq_open", "mremap",
        "obstack_printf", "open", "open64", "openat", "openat64", "prctl", "printf", "ptrace",
        "scanf", "sem_open", "semctl", "snprintf", "sprintf", "sscanf", "strfmon", "strfmon_l",
        "swprintf", "swscanf", "syscall", "syslog", "ulimit", "warn", "warnx", "wprintf", "wscanf",
    ]
}
