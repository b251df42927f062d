import PipesPlugin
import Testing

private struct Refused: Error, CustomStringConvertible {
    var description: String { "refused" }
}

private func check(_ text: String) throws {
    switch text {
    case "skip": throw Skip()
    case "end": throw EndOfInput()
    case "retry": throw Retry("later")
    case "refuse": throw Refused()
    case "fatal": throw Fatal("broken")
    default: break
    }
}

private struct Words: SplitProcessor {
    static let summary = "The words of a text."
    static let concurrent = true
    func split(_ text: String) throws -> [Substring] {
        try check(text)
        return text.split(separator: " ")
    }
}

private struct WordsLater: SplitProcessor {
    static let summary = "The words of a text and how many, later."
    var rows = 0
    mutating func split(_ text: String, _ mark: Int) async throws -> [String] {
        await Task.yield()
        try check(text)
        rows += 1
        return text.split(separator: " ").map { "\($0) \(mark) \(rows)" }
    }
}

private struct Pairs: AggregateProcessor {
    static let summary = "Texts two by two."
    static let holds = Holds.rows(2)
    private var kept: [String] = []
    mutating func add(_ text: String) throws {
        try check(text)
        kept.append(text)
    }
    mutating func ready() -> [[String]] {
        guard kept.count == 2 else { return [] }
        defer { kept = [] }
        return [kept]
    }
    func finish() -> [[String]] { kept.isEmpty ? [] : [kept] }
}

private struct SumLater: AggregateProcessor {
    static let summary = "A sum, later."
    private var sum = 0
    mutating func add(_ number: Int) { sum += number }
    func finish() async throws -> [Int] {
        await Task.yield()
        return [sum]
    }
}

private struct Collect: SinkProcessor {
    static let summary = "Keeps texts, and logs them at a flush."
    private var node: Node?
    private var kept: [String] = []
    mutating func open(_ node: Node) { self.node = node }
    mutating func take(_ text: String) throws {
        try check(text)
        kept.append(text)
    }
    mutating func flush() throws {
        defer { kept = [] }
        node?.log(.info, kept.joined(separator: ","))
        if kept.contains("full") { throw Fatal("the disk is full") }
    }
}

private struct CollectAny: SinkProcessor {
    static let summary = "Logs rows of any number of inputs, later."
    private var node: Node?
    mutating func open(_ node: Node) { self.node = node }
    mutating func take(_ row: Row) async throws {
        await Task.yield()
        let texts = try row.indices.map { try row.read($0, as: String.self) }
        node?.log(.info, texts.joined(separator: "+"))
    }
}

private struct Sleepy: SinkProcessor {
    static let summary = "Waits at the second row."
    private var isFirst = true
    mutating func take(_ text: String) async throws {
        if !isFirst { try await Task.sleep(for: .seconds(3600)) }
        isFirst = false
    }
}

@Suite("Processors of batches")
struct BatchProcessorTests {
    private static var plugin: UnsafePointer<pipes_plugin>? {
        Plugin(
            "batches", version: "1.0.0",
            processors: [
                Words.self, WordsLater.self, Pairs.self, SumLater.self, Collect.self,
                CollectAny.self, Sleepy.self,
            ]
        ).descriptor
    }

    private func rows(_ texts: String...) -> [[Value]] { texts.map { [.string($0)] } }

    @Test("a split emits each part with its row, and settles rows that fail by themselves")
    func split() async throws {
        let node = try OpenNode("words", of: Self.plugin)
        defer { node.close() }
        var batch = rows("a b", "", "refuse", "c", "retry", "skip")
        batch.append([.int(1)])
        let answer = try await node.process(batch)
        #expect(answer.status == PIPES_OK)
        #expect(answer.emitted == [.string("a"), .string("b"), .string("c")])
        #expect(answer.emittedRows == [0, 0, 3])
        #expect(
            answer.settled == [
                2: .init(status: PIPES_REJECT, text: "refused"),
                4: .init(status: PIPES_RETRY, text: "later"),
                5: .init(status: PIPES_SKIP, text: ""),
                6: .init(
                    status: PIPES_REJECT, text: "input 1 (text): wanted STRING, got INT"),
            ])
    }

    @Test("an async split of joined rows defers the batch")
    func splitLater() async throws {
        let node = try OpenNode("wordsLater", of: Self.plugin)
        defer { node.close() }
        let answer = try await node.process([
            [.string("a b"), .int(7)], [.string("refuse"), .int(8)], [.string("c"), .int(9)],
        ])
        #expect(answer.wasDeferred && answer.status == PIPES_OK)
        #expect(answer.emitted == [.string("a 7 1"), .string("b 7 1"), .string("c 9 2")])
        #expect(answer.emittedRows == [0, 0, 2])
        #expect(answer.settled == [1: .init(status: PIPES_REJECT, text: "refused")])
    }

    @Test("an aggregate emits what is ready after a row, and the rest at the end, without rows")
    func aggregate() async throws {
        let node = try OpenNode("pairs", of: Self.plugin)
        defer { node.close() }
        let first = try await node.process(rows("a", "refuse", "b", "c"))
        #expect(first.emitted == [.list([.string("a"), .string("b")])])
        #expect(first.emittedRows == [nil])
        #expect(first.settled == [1: .init(status: PIPES_REJECT, text: "refused")])
        let rest = await node.flush()
        #expect(rest.emitted == [.list([.string("c")])] && rest.status == PIPES_OK)
    }

    @Test("an async finish defers the flush")
    func aggregateLater() async throws {
        let node = try OpenNode("sumLater", of: Self.plugin)
        defer { node.close() }
        _ = try await node.process([[.int(1)], [.int(2)]])
        let answer = await node.flush()
        #expect(answer.emitted == [.int(3)] && answer.wasDeferred)
    }

    @Test("shapes, rates and what is held are described")
    func descriptions() throws {
        let plugin = try #require(Self.plugin)
        let described = plugin.processors.map { processor in
            let holds = processor.holds.map { String(cString: $0) } ?? "none"
            return "\(String(cString: processor.name)) \(processor.rate) \(holds) "
                + "\(processor.flush != nil) \(processor.flags)"
        }
        #expect(
            described == [
                "words 2 none false 1", "wordsLater 2 none false 6", "pairs 3 2 true 0",
                "sumLater 3 all true 6", "collect 2 none false 16", "collectAny 2 none false 22",
                "sleepy 2 none false 22",
            ])
    }

    @Test("a sink flushes once for each batch")
    func sink() async throws {
        let node = try OpenNode("collect", of: Self.plugin)
        defer { node.close() }
        let answer = try await node.process(rows("a", "skip", "b"))
        #expect(answer.status == PIPES_OK && answer.emitted == [])
        #expect(answer.settled == [1: .init(status: PIPES_SKIP, text: "")])
        _ = try await node.process(rows("c"))
        #expect(node.node.noted == ["a,b", "c"])
    }

    @Test("a sink that wants no more flushes what it took and skips the rest")
    func endOfInput() async throws {
        let node = try OpenNode("collect", of: Self.plugin)
        defer { node.close() }
        let answer = try await node.process(rows("a", "end", "b"))
        #expect(answer.status == PIPES_END)
        #expect(
            answer.settled == [
                1: .init(status: PIPES_SKIP, text: ""), 2: .init(status: PIPES_SKIP, text: ""),
            ])
        #expect(node.node.noted == ["a"])
    }

    @Test("a fatal error, of a row or of a flush, is the whole call's")
    func fatal() async throws {
        let node = try OpenNode("collect", of: Self.plugin)
        defer { node.close() }
        let row = try await node.process(rows("a", "fatal"))
        #expect(row.status == PIPES_FATAL && row.why == "broken")
        let flush = try await node.process(rows("full"))
        #expect(flush.status == PIPES_FATAL && flush.why == "the disk is full")
    }

    @Test("an async sink of any number of inputs takes rows in order")
    func sinkLater() async throws {
        let node = try OpenNode("collectAny", of: Self.plugin)
        defer { node.close() }
        let answer = try await node.process([
            [.string("a"), .string("b")], [.string("c"), .int(1)], [.string("d"), .string("e")],
        ])
        #expect(answer.wasDeferred && answer.status == PIPES_OK)
        #expect(
            answer.settled == [
                1: .init(status: PIPES_REJECT, text: "input 2: wanted STRING, got INT")
            ])
        #expect(node.node.noted == ["a+b", "d+e"])
    }

    @Test("rows that a cancelled batch did not reach are settled as cancelled")
    func cancellation() async throws {
        let node = try OpenNode("sleepy", of: Self.plugin)
        defer { node.close() }
        let answer = try await node.process(rows("a", "b", "c"), cancelled: .afterwards)
        #expect(answer.status == PIPES_OK)
        #expect(
            answer.settled == [
                1: .init(status: PIPES_CANCELLED, text: ""),
                2: .init(status: PIPES_CANCELLED, text: ""),
            ])
    }
}
