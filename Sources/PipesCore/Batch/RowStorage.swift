public import CPipes
import Glibc

/// The memory behind the rows of a batch: their values, the arena that texts and items lie in,
/// what was handed over by plugins, and the other storages that values point into.
///
/// Written by one node while it fills it; immutable and shared by reference once its batch was
/// sent. Everything is given back when the last batch that refers to it is gone.
///
/// `@unchecked Sendable`: there is one writer until the batch is sent (the call it belongs to),
/// and only readers afterwards. For the same reason the compiler's own checks of exclusive access
/// have nothing to find here, and are off: they would cost more than the access. They are by module,
/// so what others change is behind functions.
public final class RowStorage: @unchecked Sendable {
    /// Values in each row: 1 on every edge, k in a joined row.
    public let width: Int
    /// Rows that `values` has room for.
    public let capacity: Int
    /// Whether something may still be allocated here while others read what there is.
    @exclusivity(unchecked) private var staysOpen = false
    /// `capacity * width` values, row by row, all initialised.
    public let values: UnsafeMutablePointer<pipes_value>

    /// The kind of every value that is an item, where whoever filled the storage made sure of it.
    public var knownKind: Kind? {
        get { storedKind }
        set { storedKind = newValue }
    }
    @exclusivity(unchecked) private var storedKind: Kind?

    @exclusivity(unchecked) private var nextChunkSize = RowStorage.usualFirstChunkSize
    /// nil where nothing but numbers, and texts of one other storage, lie in it: most storages have
    /// to be made and given back quickly.
    @exclusivity(unchecked) private var owned: Owned?
    /// The first of the storages that values here point into.
    @exclusivity(unchecked) private var owner: RowStorage?

    /// The free bytes of the arena's newest chunk.
    @exclusivity(unchecked) private var next: UnsafeMutablePointer<CChar>?
    @exclusivity(unchecked) private var end: UnsafeMutablePointer<CChar>?

    /// The size of what could not be had when it was last asked for; nil where all could.
    @exclusivity(unchecked) public private(set) var missingByteCount: Int?

    private static let usualFirstChunkSize = 16 << 10
    private static let largestChunkSize = 1 << 20
    /// Pages are at least as large.
    private static let mappingAlignment = 4096

    private struct Adoption {
        var release: @convention(c) (UnsafeMutableRawPointer?) -> Void
        var context: UnsafeMutableRawPointer?
    }

    private final class Owned {
        @exclusivity(unchecked) var chunks: [UnsafeMutableRawPointer] = []
        /// Chunks of a mapping of their own.
        @exclusivity(unchecked) var mappings: [UnsafeMutableRawBufferPointer] = []
        @exclusivity(unchecked) var adoptions: [Adoption] = []
        /// Of chunks, their free bytes included, and of what was adopted.
        @exclusivity(unchecked) var byteCount = 0
        @exclusivity(unchecked) var otherOwners: [RowStorage] = []

        var isMemory: Bool { !chunks.isEmpty || !mappings.isEmpty || !adoptions.isEmpty }

        deinit {
            for chunk in chunks { free(chunk) }
            for mapping in mappings { munmap(mapping.baseAddress, mapping.count) }
            for adoption in adoptions { adoption.release(adoption.context) }
        }
    }

    /// - Parameters:
    ///   - capacity: in rows.
    ///   - width: values in each row.
    ///   - firstChunkSize: bytes that the arena takes at first; nil: enough for many rows.
    public init(capacity: Int, width: Int = 1, firstChunkSize: Int? = nil) {
        if let firstChunkSize { nextChunkSize = firstChunkSize }
        self.width = width
        self.capacity = capacity
        values = ValueMemory.take(capacity * width)
        RowStorage.initialize(values, count: capacity * width)
    }

    /// Room for results that are each written before they are read.
    public init(uninitialized capacity: Int) {
        width = 1
        self.capacity = capacity
        values = ValueMemory.take(capacity)
    }

    /// Takes over values that were initialised elsewhere, in memory that `ValueMemory` gave out for
    /// `capacity` of them.
    public init(taking values: UnsafeMutablePointer<pipes_value>, capacity: Int) {
        width = 1
        self.capacity = capacity
        self.values = values
    }

    deinit {
        ValueMemory.giveBack(values, count: capacity * width)
        releaseOwners()
    }

    /// Owners may be a chain as long as the graph; each giving back the next would take as deep a
    /// stack.
    private func releaseOwners() {
        guard var last = owner.take() else { return }
        while isKnownUniquelyReferenced(&last), let next = last.owner.take() { last = next }
    }

    /// NULL is all zeros. Said so in one go: value by value takes as long as a cheap processor.
    private static func initialize(_ values: UnsafeMutablePointer<pipes_value>, count: Int) {
        memset(values, 0, count * MemoryLayout<pipes_value>.stride)
    }

    /// Has a plugin take from the arena by itself.
    public func lendArena(to call: UnsafeMutablePointer<pipes_call>) {
        call.pointee.next = next
        call.pointee.end = end
    }

    /// Notes what the plugin took.
    public func takeArenaBack(from call: UnsafeMutablePointer<pipes_call>) {
        next = call.pointee.next
        end = call.pointee.end
    }

    /// Bytes that it took or was handed over, without the values themselves.
    public var ownedByteCount: Int {
        guard let owned else { return 0 }
        guard let next, let end else { return owned.byteCount }
        return owned.byteCount - (end - next)
    }

    /// Forgets what could not be had.
    public func clearMissing() { missingByteCount = nil }

    /// Bytes of the arena, valid as long as this storage.
    /// - Returns: nil where `alignment` is no power of two or the memory can't be had.
    public func allocate(_ size: Int, alignment: Int = 8) -> UnsafeMutableRawPointer? {
        guard size >= 0, alignment > 0, alignment & (alignment - 1) == 0,
            alignment <= 1 << 16, size <= Int.max - alignment - 8
        else { return nil }
        // As pipes_alloc does: never nothing, and what follows stays 8-byte aligned.
        let rounded = (max(size, 1) + 7) & ~7
        if let start = fit(rounded, alignment) { return start }
        if rounded + alignment > nextChunkSize / 2 {
            // A chunk of its own, so that the rest of the current one stays in use.
            return addChunk(rounded, alignment: max(alignment, 16), for: size)
        }
        guard let chunk = addChunk(nextChunkSize, alignment: 16, for: size) else { return nil }
        next = chunk.assumingMemoryBound(to: CChar.self)
        end = next.map { $0 + nextChunkSize }
        nextChunkSize = min(nextChunkSize * 2, RowStorage.largestChunkSize)
        return fit(rounded, alignment)
    }

    /// - Parameter wanted: bytes that it is for.
    private func addChunk(
        _ size: Int, alignment: Int, for wanted: Int
    ) -> UnsafeMutableRawPointer? {
        let isMapped =
            size > RowStorage.largestChunkSize && alignment <= RowStorage.mappingAlignment
        let chunk =
            isMapped ? RowStorage.map(size) : RowStorage.chunk(size, alignment: alignment)
        guard let chunk else {
            missingByteCount = wanted
            return nil
        }
        let owned = makeOwned()
        if isMapped {
            owned.mappings.append(UnsafeMutableRawBufferPointer(start: chunk, count: size))
        } else {
            owned.chunks.append(chunk)
        }
        owned.byteCount += size
        return chunk
    }

    /// Large chunks go back to the system at once: malloc would keep some for each thread that ever
    /// had one, and the limits of edges would say little of what a run takes.
    private static func map(_ size: Int) -> UnsafeMutableRawPointer? {
        let start = mmap(
            nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        return start == MAP_FAILED ? nil : start
    }

    private func fit(_ size: Int, _ alignment: Int) -> UnsafeMutableRawPointer? {
        guard let next, let end else { return nil }
        let start = UnsafeMutableRawPointer(next).alignedUp(toMultipleOf: alignment)
        guard UnsafeMutableRawPointer(end) - start >= size else { return nil }
        self.next = (start + size).assumingMemoryBound(to: CChar.self)
        return start
    }

    /// Unlike `UnsafeMutableRawPointer.allocate`, answers nil where memory can't be had: the size
    /// comes from a plugin.
    private static func chunk(_ size: Int, alignment: Int) -> UnsafeMutableRawPointer? {
        var start: UnsafeMutableRawPointer?
        return posix_memalign(&start, alignment, size) == 0 ? start : nil
    }

    /// Takes memory over.
    /// - Parameters:
    ///   - byteCount: what it takes, as its maker says.
    ///   - release: runs once, with `context`, when this storage goes.
    ///   - context: what `release` is given.
    public func adopt(
        byteCount: Int = 0,
        release: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void,
        context: UnsafeMutableRawPointer?
    ) {
        let owned = makeOwned()
        owned.adoptions.append(Adoption(release: release, context: context))
        let (sum, overflow) = owned.byteCount.addingReportingOverflow(max(0, byteCount))
        if !overflow { owned.byteCount = sum }
    }

    /// From now on another thread may allocate here at any moment.
    public func leaveOpen() { staysOpen = true }

    /// Keeps what `other` owns as long as this storage, since values here point there.
    public func keepAlive(_ other: RowStorage) {
        guard other !== self else { return }
        // What it owns may change at any moment.
        if other.staysOpen { return keep(other) }
        // A storage that only passes texts on need not stay for that: its own memory is wanted.
        if let owned = other.owned {
            if owned.isMemory { return keep(other) }
            for owner in owned.otherOwners { keep(owner) }
        }
        if let owner = other.owner { keep(owner) }
    }

    private func keep(_ other: RowStorage) {
        guard let owner else {
            self.owner = other
            return
        }
        guard owner !== other, owned?.otherOwners.last !== other else { return }
        makeOwned().otherOwners.append(other)
    }

    private func makeOwned() -> Owned {
        if let owned { return owned }
        let new = Owned()
        owned = new
        return new
    }
}
