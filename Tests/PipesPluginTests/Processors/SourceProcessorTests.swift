import PipesPlugin
import Testing

private struct Countdown: SourceProcessor {
    static let summary = "Counts down to zero."
    // One that may block yields what it has after a millisecond.
    static let nonblocking = true
    @Arg("Where to start.") var from = 10
    private var passed = 0
    mutating func next() -> Int? {
        defer { passed += 1 }
        return passed <= from ? from - passed : nil
    }
}

private struct CountdownLater: SourceProcessor {
    static let summary = "Counts down to zero, later."
    @Arg("Where to start.") var from = 10
    private var passed = 0
    mutating func next() async throws -> Int? {
        await Task.yield()
        defer { passed += 1 }
        return passed <= from ? from - passed : nil
    }
}

private struct Breaking: SourceProcessor {
    static let summary = "Two texts, a skipped one, then an error."
    static let nonblocking = true
    private var passed = 0
    mutating func next() throws -> String? {
        passed += 1
        switch passed {
        case 1: return "a"
        case 2: throw Skip()
        case 3: return "b"
        case 4: throw Retry("again")
        default: throw ConversionError("no more")
        }
    }
}

private struct Silent: SourceProcessor {
    static let summary = "Never has a row."
    mutating func next() async throws -> String? {
        try await Task.sleep(for: .seconds(3600))
        return nil
    }
}

/// An iterator is not Sendable; a source may keep one nevertheless.
private struct Streamed: SourceProcessor {
    static let summary = "What a stream brings."
    private var rows = AsyncStream<Int> { stream in
        stream.yield(1)
        stream.yield(2)
        stream.finish()
    }.makeAsyncIterator()
    mutating func next() async -> Int? { await rows.next(isolation: nil) }
}

@Suite("Source processors")
struct SourceProcessorTests {
    private static var plugin: UnsafePointer<pipes_plugin>? {
        Plugin(
            "sources", version: "1.0.0",
            processors: [
                Countdown.self, CountdownLater.self, Breaking.self, Silent.self, Streamed.self,
            ]
        ).descriptor
    }

    @Test("a plain source yields up to the demand, and ends with nil")
    func plain() async throws {
        let node = try OpenNode("countdown", of: Self.plugin, args: [.int(2)])
        defer { node.close() }
        let first = await node.produce(demand: 2)
        #expect(first.emitted == [.int(2), .int(1)] && first.status == PIPES_OK)
        #expect(first.emittedRows == [nil, nil])
        let last = await node.produce(demand: 2)
        #expect(last.emitted == [.int(0)] && last.status == PIPES_END)
    }

    @Test("an async source yields a row for each call")
    func later() async throws {
        let node = try OpenNode("countdownLater", of: Self.plugin, args: [.int(0)])
        defer { node.close() }
        let first = await node.produce(demand: 5)
        #expect(first.emitted == [.int(0)] && first.status == PIPES_OK && first.wasDeferred)
        let last = await node.produce(demand: 5)
        #expect(last.emitted == [] && last.status == PIPES_END)
    }

    @Test("rows that came before an error are not lost with it")
    func errors() async throws {
        let node = try OpenNode("breaking", of: Self.plugin)
        defer { node.close() }
        let rows = await node.produce()
        #expect(rows.emitted == [.string("a"), .string("b")] && rows.status == PIPES_OK)
        let retry = await node.produce()
        #expect(retry.status == PIPES_RETRY && retry.why == "again")
        let fatal = await node.produce()
        #expect(fatal.status == PIPES_FATAL && fatal.why == "no more")
    }

    @Test("a source that is cancelled while it waits has ended")
    func cancellation() async throws {
        let node = try OpenNode("silent", of: Self.plugin)
        defer { node.close() }
        let answer = await node.produce(cancelled: .afterwards)
        #expect(answer.status == PIPES_END && answer.why == nil)
    }

    @Test("a source may iterate over an async sequence")
    func streams() async throws {
        let node = try OpenNode("streamed", of: Self.plugin)
        defer { node.close() }
        #expect(await node.produce().emitted == [.int(1)])
        #expect(await node.produce().emitted == [.int(2)])
        #expect(await node.produce().status == PIPES_END)
    }
}
