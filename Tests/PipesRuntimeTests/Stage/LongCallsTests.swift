import Logging
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("Calls that take long")
struct LongCallsTests {
    private let calls = LongCalls()
    private let mark = CallMark()
    private let call: Call

    init() {
        let node = NodeContext(
            name: "n", coro: "t.map", inputCount: 1, outputsUsed: [true], concurrency: 1, env: [:],
            logger: Logger(label: "test"), clock: SystemClock.shared)
        call = Call(node: node, outputs: 1)
    }

    @Test("are asked to come back once they have taken a while, until the next one begins")
    func comeBack() {
        let watched = LongCalls.Watched(mark, call, longestWait: 1_000_000)
        calls.add(watched)
        mark.begin(now: 1000)
        _ = calls.look(now: 2000)
        #expect(call.goesOn)
        _ = calls.look(now: 1_001_000)
        #expect(call.isAskedToComeBack)
        call.clearAttention()
        mark.end()
        _ = calls.look(now: 9_000_000)
        #expect(call.goesOn)
        calls.remove(watched)
        mark.begin(now: 9_000_000)
        _ = calls.look(now: 99_000_000)
        #expect(call.goesOn)
    }

    @Test("what is to be looked at stays so")
    func attention() {
        calls.add(LongCalls.Watched(mark, call, longestWait: 1_000_000))
        mark.begin(now: 1000)
        call.noteAttention()
        _ = calls.look(now: 1_001_000)
        #expect(!call.goesOn)
        #expect(!call.isAskedToComeBack)
    }

    @Test("nobody looks while none is made")
    func quiet() {
        calls.add(LongCalls.Watched(mark, call, longestWait: 1_000_000))
        mark.begin(now: 1000)
        #expect(calls.look(now: 2000).isQuiet == false)
        #expect(calls.look(now: 3000).isQuiet == true)
        mark.end()
        mark.begin(now: 4000)
        #expect(calls.look(now: 5000).isQuiet == false)
    }
}
