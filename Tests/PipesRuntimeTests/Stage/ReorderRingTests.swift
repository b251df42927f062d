import Testing

@testable import PipesRuntime

@Suite("ReorderRing")
struct ReorderRingTests {
    /// All orders of the numbers below `count`.
    private static func orders(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return orders(count - 1).flatMap { order in
            (0...order.count).map { place in
                order[..<place] + [count - 1] + order[place...]
            }
        }
    }

    @Test(
        "slots leave once each, in order, and as soon as those before them have", arguments: 0..<7)
    func inOrder(count: Int) {
        for order in Self.orders(count) {
            var ring = ReorderRing(count: count)
            while ring.startNext() != nil {}
            var sent: [Int] = []
            var settled: Set<Int> = []
            for slot in order {
                ring.settle(slot)
                settled.insert(slot)
                sent += ring.takeInOrder()
                #expect(sent == Array((0..<count).prefix { settled.contains($0) }))
                #expect(ring.isEmpty == (sent.count == count))
            }
            #expect(ring.isEmpty && ring.left == count)
        }
    }

    @Test("slots are started in order, each once, also while others leave")
    func starting() {
        var ring = ReorderRing(count: 3)
        #expect(ring.startNext() == 0)
        ring.settle(0)
        #expect(ring.takeInOrder() == 0..<1)
        #expect(ring.startNext() == 1 && !ring.isStarted && ring.startNext() == 2)
        #expect(ring.isStarted && ring.startNext() == nil)
        ring.settle(2)
        #expect(ring.takeInOrder().isEmpty)
        ring.settle(1)
        #expect(ring.takeInOrder() == 1..<3 && ring.isEmpty)
    }

    @Test("slots may be started together")
    func startingTogether() {
        var ring = ReorderRing(count: 5)
        #expect(ring.startNext() == 0)
        ring.start(2)
        #expect(ring.startNext() == 3)
        ring.start(1)
        #expect(ring.isStarted && ring.startNext() == nil)
    }
}
