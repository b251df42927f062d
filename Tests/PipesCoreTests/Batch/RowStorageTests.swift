import CPipes
import PipesCore
import Testing

@Suite("The memory of rows")
struct RowStorageTests {
    /// A storage that owns a text, and counts in `released` when it goes.
    private func owner(_ released: UnsafeMutablePointer<Int>) -> RowStorage {
        let storage = RowStorage(capacity: 1)
        storage.adopt(
            release: { $0?.assumingMemoryBound(to: Int.self).pointee += 1 }, context: released)
        return storage
    }

    @Test("stays as long as something points into it, however often it was passed on")
    func ownership() {
        let released = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        released.initialize(to: 0)
        defer { released.deallocate() }
        var last: RowStorage? = owner(released)
        for _ in 0..<10 {
            let next = RowStorage(capacity: 1)
            last.map(next.keepAlive)
            last = next
        }
        #expect(released.pointee == 0)
        last = nil
        #expect(released.pointee == 1)
    }

    @Test("that only passes texts on does not stay for whoever has them next")
    func passing() {
        let released = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        released.initialize(to: 0)
        defer { released.deallocate() }
        let (first, second) = (owner(released), owner(released))
        weak var passing: RowStorage?
        let last = RowStorage(capacity: 1)
        do {
            let joined = RowStorage(capacity: 1)
            joined.keepAlive(first)
            joined.keepAlive(second)
            last.keepAlive(joined)
            passing = joined
        }
        #expect(passing == nil)
        withExtendedLifetime(last) { #expect(released.pointee == 0) }
    }

    @Test("that is still being filled is kept as it is")
    func openStorage() {
        let released = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        released.initialize(to: 0)
        defer { released.deallocate() }
        let last = RowStorage(capacity: 1)
        do {
            let open = RowStorage(capacity: 2)
            open.leaveOpen()
            last.keepAlive(open)
            open.keepAlive(owner(released))
        }
        withExtendedLifetime(last) { #expect(released.pointee == 0) }
    }

    @Test("is given back also where each of 200,000 keeps the one before it")
    func longChain() {
        let released = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        released.initialize(to: 0)
        defer { released.deallocate() }
        var last: RowStorage? = nil
        for _ in 0..<200_000 {
            let next = owner(released)
            last.map(next.keepAlive)
            last = next
        }
        last = nil
        #expect(released.pointee == 200_000)
    }

    @Test("knows the bytes that were taken of it and handed over to it")
    func bytes() throws {
        let storage = RowStorage(capacity: 1)
        #expect(storage.ownedByteCount == 0)
        _ = try #require(storage.allocate(100))
        #expect(storage.ownedByteCount == 104)
        _ = try #require(storage.allocate(1 << 23))
        #expect(storage.ownedByteCount == 104 + (1 << 23))
        storage.adopt(byteCount: 1000, release: { _ in }, context: nil)
        #expect(storage.ownedByteCount == 1104 + (1 << 23))
    }

    @Test("says how many bytes it could not have, until that is forgotten")
    func missingBytes() {
        let storage = RowStorage(capacity: 1)
        #expect(storage.allocate(1 << 50) == nil)
        #expect(storage.missingByteCount == 1 << 50)
        _ = storage.allocate(8)
        #expect(storage.missingByteCount == 1 << 50)
        storage.clearMissing()
        #expect(storage.missingByteCount == nil)
    }
}
