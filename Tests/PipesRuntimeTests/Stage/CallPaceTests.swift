import Testing

@testable import PipesRuntime

@Suite("The pace of calls for several rows")
struct CallPaceTests {
    @Test("the first call is for one row, and calls are for more the quicker rows pass")
    func growth() {
        var pace = CallPace(longestWait: 1_000_000)
        #expect(pace.rows == 1)
        for _ in 0..<6 { pace.note(rows: pace.rows, nanoseconds: 1000) }
        #expect(pace.rows == 64)
        #expect(pace.rowsAtOnce == Int.max)
        for _ in 0..<100 { pace.note(rows: pace.rows, nanoseconds: 1000) }
        #expect(pace.rows == CallPace.largest)
        for _ in 0..<100 { pace.note(rows: pace.rows, nanoseconds: 2_000_000) }
        #expect(pace.rows == 1)
        #expect(pace.rowsAtOnce == 1)
    }

    @Test("a call that took far too long is for as many next as are done in time")
    func farTooLong() {
        var pace = CallPace(longestWait: 1_000_000)
        for _ in 0..<10 { pace.note(rows: pace.rows, nanoseconds: 1000) }
        #expect(pace.rows == 1024)
        pace.note(rows: 1000, nanoseconds: 100_000_000)
        #expect(pace.rows == 10)
        pace.note(rows: 0, nanoseconds: 30_000_000)
        #expect(pace.rows == 1)
    }

    @Test("a call that was not for as many rows as it could be says nothing of larger ones")
    func partial() {
        var pace = CallPace(longestWait: 1_000_000)
        for _ in 0..<4 { pace.note(rows: pace.rows, nanoseconds: 1000) }
        pace.note(rows: 3, nanoseconds: 1000)
        pace.note(rows: 16, nanoseconds: 500_000)
        #expect(pace.rows == 16)
        pace.note(rows: 3, nanoseconds: 2_000_000)
        #expect(pace.rows == 1)
    }

    @Test("results that take many bytes are made by few rows at a time")
    func bytes() {
        var pace = CallPace(longestWait: 1_000_000)
        pace.note(rows: 1, nanoseconds: 1000, byteCount: 300, byteShare: 1000)
        #expect(pace.rows == 2)
        pace.note(rows: 2, nanoseconds: 1000, byteCount: 600, byteShare: 1000)
        #expect(pace.rows == 2)
        pace.note(rows: 2, nanoseconds: 1000, byteCount: 5000, byteShare: 1000)
        #expect(pace.rows == 1)
    }

    @Test("what is slow depends on how long a result may wait")
    func longestWait() {
        var pace = CallPace(longestWait: 3_600_000_000_000)
        for _ in 0..<4 { pace.note(rows: pace.rows, nanoseconds: 30_000_000) }
        #expect(pace.rows == 16)
        var sending = SendingPace(byteShare: 1000, longestWait: 3_600_000_000_000)
        sending.note(nanoseconds: 30_000_000, byteCount: 0)
        #expect(!sending.isDue)
    }
}
