import CPipes
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("An emission") struct EmissionTests {
    @Test("brings values into the order of their rows; those of one row keep theirs")
    func order() {
        let emission = Emission(outputs: 1)
        for (row, value) in [(2, 20), (0, 1), (2, 21), (1, 10), (0, 2)] {
            emission.append(pipes_value(Int64(value)), port: 0, row: row)
        }
        let ordered = emission.ordered(0)
        #expect(ordered.map(\.row) == [0, 0, 1, 2, 2])
        #expect(ordered.map(\.value.integer) == [1, 2, 10, 20, 21])
    }

    @Test("agrees with a stable sort, whatever is emitted, and is empty after a reset")
    func random() {
        var random = SeededGenerator(seed: 1)
        let emission = Emission(outputs: 2)
        for _ in 0..<100 {
            var expected: [(row: Int, value: Int64)] = []
            for number in 0..<random.int(0...60) {
                let row = random.int(0...9)
                let port = random.int(0...1)
                emission.append(pipes_value(Int64(number)), port: port, row: row)
                if port == 1 { expected.append((row, Int64(number))) }
            }
            #expect(emission.count(port: 1) == expected.count)
            expected.sort { ($0.row, $0.value) < ($1.row, $1.value) }
            #expect(emission.ordered(1).map(\.value.integer) == expected.map(\.value))
            #expect(emission.rowCount == max(emission.count(port: 0), expected.count))
            emission.reset()
            #expect(emission.count == 0)
            #expect(emission.ordered(1).isEmpty)
        }
    }

    @Test("hands the values of a port over, once")
    func taking() {
        let emission = Emission(outputs: 1)
        #expect(emission.takeValues(0) == nil)
        for number in 0..<100 { emission.append(pipes_value(Int64(number)), port: 0, row: nil) }
        let taken = emission.takeValues(0)
        #expect(taken?.count == 100)
        #expect((0..<100).map { taken?.rows.values[$0].integer ?? -1 } == Array(0..<100))
    }
}
