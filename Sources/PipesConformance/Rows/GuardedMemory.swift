import Glibc

/// Bytes that end right before a page that nobody may touch, so that one byte too far is a crash
/// and not luck.
///
/// `@unchecked Sendable`: constant; the pages themselves belong to whoever was given the pointer.
final class GuardedMemory: @unchecked Sendable {
    /// The first of the bytes.
    let start: UnsafeMutableRawPointer
    private let pages: UnsafeMutableRawPointer
    /// Of the pages that may be used, in bytes; the guard follows them.
    private let usableSize: Int

    private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// - Parameters:
    ///   - size: bytes; none is fine, and then the pointer itself leads to the guard.
    ///   - alignment: of `start`; where it does not divide `size` the bytes end that much before
    ///     the guard.
    /// - Returns: nil where there is no memory.
    init?(size: Int, alignment: Int = 1) {
        let page = Self.pageSize
        guard size >= 0, alignment > 0, alignment <= page, size < 1 << 40 else { return nil }
        let rounded = (size + alignment - 1) / alignment * alignment
        usableSize = (rounded + page - 1) / page * page
        let all = usableSize + page
        guard
            let pages = mmap(
                nil, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            pages != MAP_FAILED
        else { return nil }
        self.pages = pages
        guard mprotect(pages + usableSize, page, PROT_NONE) == 0 else {
            munmap(pages, all)
            return nil
        }
        start = pages + usableSize - rounded
    }

    /// From here on a write is a crash.
    func protect() { _ = mprotect(pages, usableSize, PROT_READ) }

    /// From here on a look is a crash. The addresses are never given to anybody else.
    func forbid() { _ = mprotect(pages, usableSize, PROT_NONE) }

    /// The opposite of `forbid`, for reading.
    func permit() { _ = mprotect(pages, usableSize, PROT_READ) }

    /// Gives the pages back.
    func release() { munmap(pages, usableSize + Self.pageSize) }
}
