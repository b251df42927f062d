import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("An edge's state") struct EdgeStateTests {
    private func edge(capacity: Int = 4, bytes: Int = 1 << 20) -> EdgeState {
        EdgeState(capacity: capacity, byteCapacity: bytes)
    }

    private func send(_ batch: Batch, over edge: inout EdgeState) -> Bool {
        edge.send(batch, byteCount: batch.byteCount)
    }

    @Test("a full edge suspends its sender, and counts it once")
    func fullEdge() {
        var edge = edge()
        #expect(edge.admit(.numbers(0, count: 9), byteCount: 9 * 24) == 4)
        #expect(!edge.senderWaits)
        #expect(send(.numbers(0, count: 4), over: &edge) == false)
        #expect(edge.admit(.numbers(4, count: 5), byteCount: 5 * 24) == 0)
        #expect(edge.roomOrWait() == 0)
        #expect(edge.senderWaits)
        #expect(edge.waits == 1)
        #expect(edge.depth == 4)
    }

    @Test("taking rows frees room and wakes the sender that waited, once")
    func takingFreesRoom() {
        var edge = edge()
        _ = send(.numbers(0, count: 2), over: &edge)
        _ = send(.numbers(2, count: 2), over: &edge)
        #expect(edge.roomOrWait() == 0)
        guard case .batch(let first, freesRoom: true) = edge.take() else {
            Issue.record("no room was freed")
            return
        }
        #expect(first.settled == Batch.numbers(0, count: 2).settled)
        guard case .batch(_, freesRoom: false) = edge.take() else {
            Issue.record("the sender was woken twice")
            return
        }
        #expect(edge.depth == 0)
        #expect(edge.byteDepth == 0)
    }

    @Test("a reader that found nothing is woken by the next batch, once")
    func readerWakes() {
        var edge = edge()
        guard case .nothingYet = edge.take() else {
            Issue.record("something in an empty edge")
            return
        }
        #expect(edge.readerWaits)
        #expect(send(.numbers(0, count: 1), over: &edge) == true)
        #expect(send(.numbers(1, count: 1), over: &edge) == false)
    }

    @Test("the end comes behind what is queued")
    func end() {
        var edge = edge()
        _ = send(.numbers(0, count: 1), over: &edge)
        _ = edge.finish()
        #expect(!edge.isDrained)
        guard case .batch = edge.take(), case .end = edge.take(), case .end = edge.take() else {
            Issue.record("the end came wrong")
            return
        }
        #expect(edge.isDrained)
    }

    @Test("the end wakes a reader that waits")
    func endWakes() {
        var edge = edge()
        _ = edge.take()
        #expect(edge.finish() == true)
        #expect(edge.finish() == false)
    }

    @Test("settlements without a row take no room, and neighbours are joined")
    func bareSettlements() {
        var edge = edge(capacity: 1)
        _ = send(.numbers(0, count: 1), over: &edge)
        for number in 1...1000 { _ = send(.bare(number, count: 1), over: &edge) }
        _ = send(.bare(1001, count: 5, .fail), over: &edge)
        #expect(edge.depth == 1)
        _ = edge.take()
        guard case .batch(let bare, freesRoom: false) = edge.take() else {
            Issue.record("bare settlements were not one batch")
            return
        }
        #expect(
            bare.runs == [
                KeyRun(first: 1, count: 1000, settlement: .skip),
                KeyRun(first: 1001, count: 5, settlement: .fail),
            ])
        guard case .nothingYet = edge.take() else {
            Issue.record("more than one batch of bare settlements")
            return
        }
    }

    @Test("bytes limit what is admitted")
    func bytes() {
        var edge = edge(capacity: 100, bytes: 100)
        let batch = Batch.numbers(0, count: 10)
        #expect(edge.admit(batch, byteCount: 240) == 4)
        var rest = batch
        let part = rest.removePrefix(items: 4)
        _ = send(part, over: &edge)
        #expect(edge.byteDepth == 96)
        #expect(edge.admit(rest, byteCount: rest.byteCount) == 0)
        #expect(edge.senderWaits)
        #expect(edge.waits == 1)
    }

    @Test("a row larger than the edge comes through alone")
    func oversized() {
        var edge = edge(capacity: 10, bytes: 64)
        let large = Value.string(String(repeating: "x", count: 1000))
        let batch = Batch([.item([0], large), .item([1], large), .item([2], .int(1))])
        #expect(edge.admit(batch, byteCount: batch.byteCount) == 1)
        var rest = batch
        _ = send(rest.removePrefix(items: 1), over: &edge)
        #expect(edge.admit(rest, byteCount: rest.byteCount) == 0)
        _ = edge.take()
        #expect(edge.admit(rest, byteCount: rest.byteCount) == 1)
    }

    @Test("demand only ever shrinks, and each step is news once")
    func demand() {
        var edge = edge()
        #expect(edge.want(.everything) == false)
        #expect(edge.want(.theRest) == true)
        #expect(edge.want(.theRest) == false)
        #expect(edge.want(.everything) == false)
        #expect(edge.demand == .theRest)
        #expect(edge.want(.nothing) == true)
        #expect(edge.want(.theRest) == false)
        #expect(edge.demand == .nothing)
    }

    @Test("the rest is still delivered, nothing is dropped")
    func demandForNothing() {
        var edge = edge(capacity: 1)
        _ = send(.numbers(0, count: 1), over: &edge)
        #expect(edge.roomOrWait() == 0)
        _ = edge.want(.theRest)
        #expect(!edge.senderWaits)
        #expect(edge.depth == 1)
        _ = edge.want(.nothing)
        #expect(edge.depth == 0)
        #expect(edge.room == Int.max)
        _ = send(.numbers(1, count: 1000), over: &edge)
        #expect(edge.depth == 0)
        guard case .end = edge.take() else {
            Issue.record("a reader that wants nothing gets the end")
            return
        }
    }

    @Test("growing lets the sender on")
    func growing() {
        var edge = edge(capacity: 2)
        _ = send(.numbers(0, count: 2), over: &edge)
        #expect(edge.roomOrWait() == 0)
        #expect(edge.grow(by: 3) == true)
        #expect(edge.room == 3)
        #expect(edge.grownBy == 3)
        #expect(edge.grow(by: 1) == false)
    }

    @Test("growing makes room for bytes where these were the limit")
    func growingBytes() {
        var edge = edge(capacity: 100, bytes: 48)
        _ = send(.numbers(0, count: 2), over: &edge)
        #expect(edge.roomOrWait() == 0)
        #expect(edge.grow(by: 1) == true)
        #expect(edge.admit(.numbers(2, count: 1), byteCount: 24) == 1)
    }

    @Test("growing makes room for the next row where that is what does not fit")
    func growingForALargeRow() {
        var edge = edge(capacity: 100, bytes: 100)
        _ = send(.numbers(0, count: 2), over: &edge)
        let large = Batch([.item([2], .string(String(repeating: "x", count: 500)))])
        #expect(edge.admit(large, byteCount: large.byteCount) == 0)
        #expect(edge.grow(by: 1) == true)
        #expect(edge.admit(large, byteCount: large.byteCount) == 1)
    }

    @Test("whatever is sent and taken, nothing is lost and no limit broken")
    func randomUse() async {
        for seed in 0..<UInt64(300) {
            randomUse(seed)
            // Other tests need the threads for their runs.
            await Task.yield()
        }
    }

    private func randomUse(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let capacity = random.int(1...6)
        let bytes = random.int(24...200)
        var edge = edge(capacity: capacity, bytes: bytes)
        var next = 0
        var sent: [Settled] = []
        var taken: [Settled] = []
        for _ in 0..<100 {
            if random.once(in: 3) {
                if case .batch(let batch, _) = edge.take() { taken += batch.settled }
            } else if random.once(in: 4) {
                let batch = Batch.bare(next, count: random.int(1...3))
                sent += batch.settled
                _ = send(batch, over: &edge)
                next += batch.settled.count
            } else {
                let text = Value.string(String(repeating: "x", count: random.int(0...90)))
                var batch = Batch(
                    (next..<next + random.int(1...8)).map { .item([UInt64($0)], text) })
                let admitted = edge.admit(batch, byteCount: batch.byteCount)
                guard admitted > 0 else {
                    #expect(edge.senderWaits)
                    continue
                }
                let part = batch.removePrefix(items: admitted)
                sent += part.settled
                next += part.settled.count
                _ = send(part, over: &edge)
            }
            #expect(edge.depth <= capacity, "seed \(seed)")
            #expect(edge.byteDepth <= bytes || edge.depth == 1, "seed \(seed)")
        }
        _ = edge.finish()
        while case .batch(let batch, _) = edge.take() { taken += batch.settled }
        #expect(taken == sent, "seed \(seed)")
        #expect(edge.peak <= capacity, "seed \(seed)")
        #expect(edge.rows == sent.count { $0.settlement == .item })
    }
}
