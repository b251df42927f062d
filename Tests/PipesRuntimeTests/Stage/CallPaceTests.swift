import Testing

@testable import PipesRuntime

@Suite("The pace of calls for several rows")
struct CallPaceTests {
    @Test("a call is for more rows the quicker they pass, and for one where each takes long")
    func growth() {
        var pace = CallPace()
        for nanoseconds in [1000, 1000, 1000] {
            pace.note(rows: pace.rows, nanoseconds: nanoseconds)
        }
        #expect(pace.rows == 128)
        for _ in 0..<100 { pace.note(rows: pace.rows, nanoseconds: 1000) }
        #expect(pace.rows == CallPace.largest)
        for _ in 0..<100 { pace.note(rows: pace.rows, nanoseconds: 2_000_000) }
        #expect(pace.rows == 1)
    }

    @Test("a call that was not for as many rows as it could be says nothing of larger ones")
    func partial() {
        var pace = CallPace()
        pace.note(rows: 3, nanoseconds: 1000)
        pace.note(rows: 16, nanoseconds: 500_000)
        #expect(pace.rows == 16)
        pace.note(rows: 3, nanoseconds: 2_000_000)
        #expect(pace.rows == 8)
    }
}
