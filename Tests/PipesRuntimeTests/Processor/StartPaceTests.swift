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

    @Test("has those behind a slow one start elsewhere, and then tries again")
    func slow() {
        var pace = StartPace()
        var starts: [Bool] = []
        for _ in 0..<(StartPace.rest + 1) * 3 + 1 {
            starts.append(pace.startsAtOnce())
            if starts.last == true { pace.note(nanoseconds: StartPace.quick + 1) }
        }
        let rest = Array(repeating: false, count: StartPace.rest)
        #expect(starts == [true] + rest + [true] + rest + [true] + rest + [true])
    }
}
