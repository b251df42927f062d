import Testing

@testable import PipesRuntime

@Suite("What is due") struct DueQueueTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test("is taken by the time it is due, and by its order where that is the same")
    func order() {
        var queue = DueQueue<String>()
        for (name, due) in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2)] {
            _ = queue.add(name, at: at(due))
        }
        #expect(queue.nextDue == at(1))
        let early = queue.popDue(at(0))
        #expect(early == nil)
        var taken: [String] = []
        while let next = queue.popDue(at(2)) { taken.append(next) }
        #expect(taken == ["a", "b1", "b2"])
        #expect(queue.nextDue == at(3) && queue.count == 1)
        let last = queue.popFirst()
        #expect(last == "c" && queue.isEmpty && queue.nextDue == nil)
    }

    @Test("is what was not removed, whichever that is")
    func removing() {
        var random = SeededGenerator(seed: 7)
        var queue = DueQueue<Int>()
        var ids: [Int: UInt64] = [:]
        for number in 0..<1000 { ids[number] = queue.add(number, at: at(number)) }
        for number in 0..<1000 where random.int(0...9) > 0 {
            let id = ids.removeValue(forKey: number) ?? 0
            let removed = queue.remove(id)
            #expect(removed == number)
            #expect(queue.nextDue == ids.keys.min().map(at))
        }
        var taken: [Int] = []
        while let next = queue.popDue(at(1000)) { taken.append(next) }
        #expect(taken == ids.keys.sorted())
        let again = queue.remove(1)
        #expect(again == nil)
    }
}
