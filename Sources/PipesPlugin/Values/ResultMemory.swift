public import CPipes

/// Where a call's results live: freed by the host with the batch they belong to.
///
/// Belongs to the thread, or the task, that is inside the call; not to be kept.
public struct ResultMemory {
    @usableFromInline let call: UnsafeMutablePointer<pipes_call>

    @inlinable
    public init(_ call: UnsafeMutablePointer<pipes_call>) {
        self.call = call
    }

    /// Uninitialized bytes, aligned to 8.
    ///
    /// - Throws: `OutOfMemory` where the memory can't be had.
    @inlinable
    public func allocate(byteCount: Int) throws -> UnsafeMutableRawPointer {
        guard byteCount >= 0, let start = pipes_alloc(call, byteCount) else { throw OutOfMemory() }
        return start
    }

    /// Room for `count` values of a trivial type whose alignment is at most 8.
    ///
    /// - Throws: `OutOfMemory` where the memory can't be had.
    @inlinable
    public func allocate<T>(
        _ type: T.Type, count: Int
    ) throws -> UnsafeMutablePointer<T> {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
        guard !overflow else { throw OutOfMemory() }
        return try allocate(byteCount: byteCount).bindMemory(to: type, capacity: count)
    }

    /// A copy of `source`.
    @inlinable
    public func copy(_ source: UnsafeRawBufferPointer) throws -> UnsafeRawPointer {
        let start = try allocate(byteCount: source.count)
        if let base = source.baseAddress {
            start.copyMemory(from: base, byteCount: source.count)
        }
        return UnsafeRawPointer(start)
    }
}

/// The memory for a result can't be had: the row is tried again under its retry policy. The host adds
/// how many bytes were wanted.
public struct OutOfMemory: RetryableError, CustomStringConvertible {
    public init() {}
    public var description: String { "no memory for a result" }
}
