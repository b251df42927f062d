import Glibc
import PipesRuntime

/// Bytes that a plugin is given where the check is not about their ends: what it writes behind them
/// by mistake hits nobody, so that one mistake does not make all checks impossible.
struct RoomyMemory {
    let start: UnsafeMutableRawPointer
    /// Bytes that were mapped from `start` on; 0: it lies on the heap.
    private let mappedSize: Int

    /// Behind the bytes.
    private static let room = 512 << 10
    /// All that may be mapped at once: beyond it bytes come from the heap.
    private static let mostMapped = 8 << 30
    private static let mapped = Locked(0)
    /// What is not written must not look as if it was.
    private static let filler: Int32 = 0xA5

    /// - Returns: nil where there is no memory.
    init?(size: Int, alignment: Int) {
        let all = size + Self.room
        let fits = Self.mapped.withLock { mapped in
            guard mapped + all <= Self.mostMapped else { return false }
            mapped += all
            return true
        }
        if fits, alignment <= Int(sysconf(Int32(_SC_PAGESIZE))),
            let start = mmap(
                nil, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0), start != MAP_FAILED
        {
            self.start = start
            mappedSize = all
        } else {
            if fits { Self.mapped.withLock { $0 -= all } }
            var block: UnsafeMutableRawPointer?
            guard posix_memalign(&block, max(16, alignment), max(1, size)) == 0, let block else {
                return nil
            }
            start = block
            mappedSize = 0
        }
        memset(start, Self.filler, size)
    }

    func release() {
        guard mappedSize > 0 else { return free(start) }
        munmap(start, mappedSize)
        Self.mapped.withLock { $0 -= mappedSize }
    }
}
