import Testing

@testable import PipesRuntime

@Suite("The pace of closures") struct StartPaceTests {
    @Test("has them start at once as long as that is quick")
    func quick() {
        var pace = StartPace()
        for _ in 0..<1000 {
            let starts = pace.startsAtOnce()
            #expect(starts)
            pace.note(nanoseconds: StartPace.quick)
        }
    }

    /// How many rows start elsewhere before each of the next slow ones.
    private func rests(_ count: Int, _ pace: inout StartPace) -> [Int] {
        (0..<count).map { _ in
            pace.note(nanoseconds: StartPace.quick + 1)
            var rest = 0
            while !pace.startsAtOnce() { rest += 1 }
            return rest
        }
    }

    @Test("has those behind a slow one start elsewhere, more each time, and then tries again")
    func slow() {
        var pace = StartPace()
        #expect(rests(7, &pace) == [15, 31, 63, 127, 255, 255, 255])
        pace.note(nanoseconds: StartPace.quick)
        #expect(rests(2, &pace) == [15, 31])
    }
}
