import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("The pace of a reader")
struct ReaderPaceTests {
    /// Takes all that is let in, `count` times, each row `nanoseconds` of work.
    private func taken(_ count: Int, each nanoseconds: Int) -> [Int] {
        var pace = ReaderPace()
        var now = 0
        return (0..<count).map { _ in
            let rows = pace.rows
            pace.noteTaking(rows, now: now)
            now += rows * nanoseconds
            return rows
        }
    }

    @Test("few rows are let in first, and more and more while the reader is quick")
    func quick() { #expect(taken(6, each: 1000) == [8, 8, 16, 16, 32, 32]) }

    @Test("a slow reader is given what it works off in a quarter of a second, and one row at least")
    func slow() {
        #expect(taken(4, each: 30_000_000) == [8, 8, 8, 8])
        #expect(taken(4, each: 60_000_000) == [8, 8, 4, 4])
        #expect(taken(4, each: 10_000_000_000) == [8, 8, 1, 1])
    }

    @Test("the time that a reader has nothing to do does not count")
    func idle() {
        var pace = ReaderPace()
        for turn in 0..<5 {
            let now = turn * 10_000_000_000
            pace.noteTaking(pace.rows, now: now)
            pace.noteTaking(0, now: now + 1000)
        }
        #expect(pace.rows == 256)
    }

    @Test("a reader that gets slow has fewer let in at once")
    func change() {
        var pace = ReaderPace()
        pace.noteTaking(1000, now: 0)
        pace.noteTaking(1000, now: 1000)
        #expect(pace.rows == 2000)
        pace.noteTaking(1, now: 1000 + 10_000_000_000)
        #expect(pace.rows == 25)
    }
}

@Suite("An edge that follows its reader")
struct FollowingEdgeTests {
    private func edge(capacity: Int = 1024, leastRoom: Int = 1) -> EdgeState {
        EdgeState(
            capacity: capacity, byteCapacity: 1 << 20, followsReader: true, leastRoom: leastRoom)
    }

    private func send(_ first: Int, _ count: Int, over edge: inout EdgeState) {
        let batch = Batch.numbers(first, count: count)
        _ = edge.send(batch, byteCount: batch.byteCount)
    }

    @Test("holds what its reader works off soon, and never more than its capacity")
    func limits() {
        var edge = edge(capacity: 20)
        #expect(edge.room == 8)
        send(0, 8, over: &edge)
        #expect(edge.roomOrWait() == 0)
        _ = edge.take(now: 0)
        _ = edge.take(now: 10)
        #expect(edge.room == 16)
        send(8, 16, over: &edge)
        _ = edge.take(now: 20)
        _ = edge.take(now: 30)
        #expect(edge.room == 20)
        #expect(edge.capacity == 20)
        send(24, 20, over: &edge)
        _ = edge.take(atMost: 1, now: 40)
        _ = edge.take(atMost: 1, now: 100_000_040)
        #expect(edge.rowLimit == 2)
    }

    @Test("lets in what another branch may hold back, whatever the pace")
    func leastRoom() {
        let edge = edge(leastRoom: 100)
        #expect(edge.room == 100)
    }

    @Test("wakes a sender that waits where it stops following, or grows")
    func stops() {
        var edge = edge(capacity: 20)
        send(0, 8, over: &edge)
        #expect(edge.roomOrWait() == 0)
        #expect(edge.stopFollowingReader() == true)
        #expect(edge.room == 12)
        #expect(edge.stopFollowingReader() == false)
        var other = self.edge(capacity: 20)
        send(0, 8, over: &other)
        #expect(other.roomOrWait() == 0)
        #expect(other.grow(by: 2) == true)
        #expect(other.room == 14)
    }

    @Test("gives a reader no more rows of a batch than it wants, and keeps the others in order")
    func parts() {
        var edge = EdgeState(capacity: 10, byteCapacity: 1 << 20)
        send(0, 10, over: &edge)
        var taken: [[Settled]] = []
        while case .batch(let batch, _) = edge.take(atMost: 4) { taken.append(batch.settled) }
        #expect(taken.map(\.count) == [4, 4, 2])
        #expect(taken.flatMap { $0 } == Batch.numbers(0, count: 10).settled)
        #expect(edge.depth == 0)
        #expect(edge.byteDepth == 0)
    }
}
