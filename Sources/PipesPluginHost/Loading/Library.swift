import CFFI
import CGuard
import Glibc
import PipesCore

/// A shared library that has been loaded, for good: it is never unloaded, so what it exports
/// stays where it is.
///
/// `@unchecked Sendable`: a handle is only passed to dlsym, which every thread may call.
struct Library: @unchecked Sendable {
    /// As it was opened.
    let path: String
    private let handle: UnsafeMutableRawPointer

    /// - Parameter path: with a `/` a file; otherwise a soname that the linker looks for.
    /// - Throws: `LinkerError` with the linker's own reason.
    init(path: String) throws(LinkerError) {
        guard let handle = dlopen(path.cPath, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw LinkerError(about: path)
        }
        cguard_look_at_signals(nil, path)
        self.path = path
        self.handle = handle
    }

    /// - Throws: `LinkerError` where the library, and what it depends on, has no such symbol.
    func address(of symbol: String) throws(LinkerError) -> UnsafeRawPointer {
        _ = dlerror()
        guard let address = dlsym(handle, symbol) else { throw LinkerError(about: path) }
        return UnsafeRawPointer(address)
    }

    /// The address of a symbol that this library itself exports; nil for one that it only has
    /// from a library it depends on.
    func ownAddress(of symbol: String) -> UnsafeRawPointer? {
        cffi_own_symbol(handle, symbol)
    }
}

/// Why the linker refused.
struct LinkerError: Error, Hashable {
    var reason: String

    /// Takes the linker's last message, without the path at its front that messages name anyway.
    fileprivate init(about path: String) {
        guard let text = dlerror() else {
            reason = "the linker does not say why"
            return
        }
        reason = String(path: text)
        for prefix in ["\(path): ", (FileTrust.realPath(path) ?? path) + ": "]
        where reason.hasPrefix(prefix) {
            reason.removeFirst(prefix.count)
        }
        // Where it found a soname.
        if reason.hasPrefix("/"), let end = reason.firstRange(of: "/\(path): ") {
            reason.removeSubrange(..<end.upperBound)
        }
    }
}
