import Testing

@testable import PipesRuntime

@Suite("When what is done is sent on")
struct SendingPaceTests {
    @Test("before the next call would have it wait for more than a millisecond")
    func time() {
        var pace = SendingPace(byteShare: 1000, longestWait: 1_000_000)
        pace.note(nanoseconds: 300_000, byteCount: 0)
        #expect(!pace.isDue)
        pace.note(nanoseconds: 300_000, byteCount: 0)
        #expect(!pace.isDue)
        pace.note(nanoseconds: 300_000, byteCount: 0)
        #expect(pace.isDue)
        pace.noteSent()
        pace.note(nanoseconds: 30_000_000, byteCount: 0)
        #expect(pace.isDue)
    }

    @Test("a result that came at once does not wait where a row before it took long")
    func mixed() {
        var pace = SendingPace(byteShare: 1000, longestWait: 1_000_000)
        pace.note(nanoseconds: 30_000_000, byteCount: 0)
        pace.noteSent()
        pace.note(nanoseconds: 10, byteCount: 0)
        #expect(pace.isDue)
        for _ in 0..<10 { pace.note(nanoseconds: 10, byteCount: 0) }
        #expect(!pace.isDue)
    }

    @Test("once it takes its share of the bytes that the edges hold")
    func bytes() {
        var pace = SendingPace(byteShare: 1000, longestWait: 1_000_000)
        pace.note(nanoseconds: 10, byteCount: 999)
        #expect(!pace.isDue)
        pace.note(nanoseconds: 10, byteCount: 1000)
        #expect(pace.isDue)
        pace.noteSent()
        #expect(!pace.isDue)
    }
}
