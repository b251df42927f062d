import Logging
import PipesCore
import Testing

@testable import PipesRuntime

@Suite("Open calls") struct OpenCallsTests {
    private let start = ContinuousClock.now

    private func call() -> Call {
        let node = NodeContext(
            name: "node", coro: "test.node", inputCount: 1, outputsUsed: [true], concurrency: 1,
            env: [:],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: SystemClock.shared)
        return Call(node: node, outputs: 1)
    }

    @Test("are closed once")
    func closing() {
        var calls = OpenCalls()
        let call = call()
        calls.open(call)
        #expect(calls.count == 1)
        let first = calls.close(call)
        #expect(first == .some(nil))
        let second = calls.close(call)
        #expect(second == nil)
        #expect(calls.isEmpty)
    }

    @Test("past their deadline are asked to stop, once, and then given up")
    func deadline() {
        var calls = OpenCalls()
        let (late, slow) = (call(), call())
        calls.open(late, deadline: start + .seconds(1))
        calls.open(slow, deadline: start + .seconds(5))
        #expect(calls.nextDue == start + .seconds(1))
        #expect(stop(&calls, after: 0.5).isEmpty)
        #expect(stop(&calls, after: 1).map { $0 === late } == [true])
        #expect(stop(&calls, after: 1.5).isEmpty)
        #expect(calls.removeOverdue(now: start + .seconds(2)).isEmpty)
        #expect(calls.nextDue == start + .seconds(3))
        let overdue = calls.removeOverdue(now: start + .seconds(3))
        #expect(overdue.map(\.reason) == [.timeout])
        #expect(overdue.first?.call === late)
        #expect(calls.close(late) == nil)
        #expect(calls.count == 1)
    }

    @Test("that were asked to stop say why when they are closed")
    func reasons() {
        var calls = OpenCalls()
        let (late, cancelled) = (call(), call())
        calls.open(late, deadline: start)
        _ = stop(&calls, after: 1)
        calls.open(cancelled)
        _ = calls.stop(all: true, now: start, grace: .seconds(2))
        #expect(calls.close(late) == .some(.timeout))
        #expect(calls.close(cancelled) == .some(.cancel))
        #expect(calls.removeOverdue(now: start + .seconds(9)).isEmpty)
        #expect(calls.nextDue == nil)
    }

    @Test("are all asked to stop at a cancel, each once, also those that come later")
    func cancelling() {
        var calls = OpenCalls()
        let all = (0..<4).map { _ in call() }
        calls.open(all[0])
        calls.open(all[1], deadline: start + .seconds(100))
        calls.open(all[2], deadline: start + .seconds(1))
        #expect(stop(&calls, after: 1).map { $0 === all[2] } == [true])
        let cancelled = calls.stop(all: true, now: start + .seconds(1), grace: .seconds(2))
        #expect(cancelled.count == 2 && !cancelled.contains { $0 === all[2] })
        #expect(calls.stop(all: true, now: start + .seconds(2), grace: .seconds(2)).isEmpty)
        calls.open(all[3])
        let later = calls.stop(all: true, now: start + .seconds(2), grace: .seconds(2))
        #expect(later.map { $0 === all[3] } == [true])
        #expect(calls.removeOverdue(now: start + .seconds(3)).count == 3)
        #expect(calls.nextDue == start + .seconds(4) && calls.count == 1)
    }

    private func stop(_ calls: inout OpenCalls, after seconds: Double) -> [Call] {
        calls.stop(all: false, now: start + .seconds(seconds), grace: .seconds(2))
    }
}
