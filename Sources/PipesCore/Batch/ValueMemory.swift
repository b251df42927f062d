public import CPipes
import Glibc

/// Memory for the values of batches. Most batches are of one size, and what one is done with serves
/// the next: the newest is given out first, since the processor's cache still holds it.
public enum ValueMemory {
    /// Values in a block that is kept for reuse; smaller requests get one of these, too.
    private static let blockSize = 256
    private static let largeBlockSize = 1024

    // At most 384 KiB each.
    private static let blocks = Pool(atMost: 64)
    private static let largeBlocks = Pool(atMost: 16)

    /// Memory for `count` values, not initialised, to be given back with the same count.
    public static func take(_ count: Int) -> UnsafeMutablePointer<pipes_value> {
        guard let (pool, size) = pool(for: count) else {
            return .allocate(capacity: max(1, count))
        }
        return pool.take() ?? .allocate(capacity: size)
    }

    public static func giveBack(_ values: UnsafeMutablePointer<pipes_value>, count: Int) {
        guard let (pool, _) = pool(for: count), pool.giveBack(values) else {
            return values.deallocate()
        }
    }

    /// - Returns: nil also for a single row, as sources bring that wait for them.
    private static func pool(for count: Int) -> (Pool, size: Int)? {
        switch count {
        case 17...blockSize: (blocks, blockSize)
        case blockSize + 1...largeBlockSize: (largeBlocks, largeBlockSize)
        default: nil
        }
    }

    /// Three pointers and no object, since a reference would be counted for every batch.
    ///
    /// `@unchecked Sendable`: everything is only touched under `lock`.
    private struct Pool: @unchecked Sendable {
        private let largestCount: Int
        private let lock: UnsafeMutablePointer<pthread_mutex_t>
        private let blocks: UnsafeMutablePointer<UnsafeMutablePointer<pipes_value>>
        private let count: UnsafeMutablePointer<Int>

        init(atMost largestCount: Int) {
            self.largestCount = largestCount
            lock = .allocate(capacity: 1)
            lock.initialize(to: pthread_mutex_t())
            pthread_mutex_init(lock, nil)
            blocks = .allocate(capacity: largestCount)
            count = .allocate(capacity: 1)
            count.initialize(to: 0)
        }

        // Lives as long as the process: it is a global.

        func take() -> UnsafeMutablePointer<pipes_value>? {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            guard count.pointee > 0 else { return nil }
            count.pointee -= 1
            return blocks[count.pointee]
        }

        /// - Returns: false where there are enough.
        func giveBack(_ block: UnsafeMutablePointer<pipes_value>) -> Bool {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            guard count.pointee < largestCount else { return false }
            blocks[count.pointee] = block
            count.pointee += 1
            return true
        }
    }
}
