import Glibc

/// Bytes between two pages that nobody may touch, right at one of them, so that one byte too far is a
/// crash and not luck.
///
/// `@unchecked Sendable`: constant; the pages themselves belong to whoever was given the pointer.
final class GuardedMemory: @unchecked Sendable {
    /// Where among the pages the bytes lie.
    enum Side: Sendable {
        /// A byte behind the last one is a crash.
        case atEnd
        /// A byte in front of the first one is a crash.
        case atStart
    }

    /// The first of the bytes.
    let start: UnsafeMutableRawPointer
    /// Those that may be used; one guard is in front of them and one behind.
    private let pages: UnsafeMutableRawPointer
    private let usableSize: Int

    private static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    /// How far from the bytes nobody may touch anything: an index that is wrong by far is found, too.
    private static let guardSize = 512 << 10

    /// - Parameters:
    ///   - size: bytes; none is fine, and then the pointer itself leads to the guard.
    ///   - alignment: of `start`; where it does not divide `size` the bytes end that much before
    ///     the guard.
    ///   - side: at which guard they lie.
    /// - Returns: nil where there is no memory.
    init?(size: Int, alignment: Int = 1, side: Side = .atEnd) {
        let page = Self.pageSize
        guard size >= 0, alignment > 0, alignment <= page, size < 1 << 40 else { return nil }
        let rounded = (size + alignment - 1) / alignment * alignment
        usableSize = (rounded + page - 1) / page * page
        let all = usableSize + 2 * Self.guardSize
        guard
            let front = mmap(nil, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            front != MAP_FAILED
        else { return nil }
        pages = front + Self.guardSize
        guard usableSize == 0 || mprotect(pages, usableSize, PROT_READ | PROT_WRITE) == 0 else {
            munmap(front, all)
            return nil
        }
        start = side == .atEnd ? pages + usableSize - rounded : pages
    }

    /// From here on a write is a crash.
    func protect() { _ = mprotect(pages, usableSize, PROT_READ) }

    /// From here on a look is a crash, and the bytes are lost. The addresses are never given to
    /// anybody else.
    func forbid() {
        _ = mprotect(pages, usableSize, PROT_NONE)
        madvise(pages, usableSize, MADV_DONTNEED)
    }

    /// Gives the pages back.
    func release() {
        munmap(pages - Self.guardSize, usableSize + 2 * Self.guardSize)
    }
}
