import PipesPlugin
import Testing

private struct Shout: MapProcessor {
    static let summary = "Repeats a text in upper case."
    @Arg("How many times.") var times = 1
    func map(_ text: String) async throws -> String {
        String(repeating: text.uppercased(), count: times)
    }
}

private struct Plain: MapProcessor {
    static let summary = "Upper case."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true
    static let inputNames = ["words"]
    static let outputName: String? = "loud"
    func map(_ text: String) -> String { text.uppercased() }
}

private struct Numbered: MapProcessor {
    static let summary = "Numbers texts; not concurrent, whatever it says."
    static let concurrent = true
    var count = 0
    mutating func map(_ text: String) -> String {
        count += 1
        return "\(count) \(text)"
    }
}

private struct NumberedLater: MapProcessor {
    static let summary = "Numbers texts, each after giving way to others."
    var count = 0
    mutating func map(_ number: Int) async -> Int {
        let before = count
        for _ in 0..<10 { await Task.yield() }
        count = before + 1
        return 100 * number + count
    }
}

private struct Join2: MapProcessor {
    static let summary = "Two inputs."
    func map(_ a: String, _ b: String) -> String { a + b }
}

private struct Join3: MapProcessor {
    static let summary = "Three inputs of different kinds."
    func map(_ a: String, _ b: Int, _ c: [Bool]?) async -> [String] {
        [a, "\(b)", "\(c.map { "\($0)" } ?? "none")"]
    }
}

private struct Join4: MapProcessor {
    static let summary = "Four inputs."
    func map(_ a: Int, _ b: Int, _ c: Int, _ d: Double) throws -> Double { Double(a + b + c) + d }
}

private struct JoinAny: MapProcessor {
    static let summary = "Any number of inputs."
    func map(_ row: Row) async throws -> Int {
        await Task.yield()
        return try row.indices.reduce(0) { try $0 + row.read($1) }
    }
}

private struct PassOn: MapProcessor {
    static let summary = "Passes values on without a copy."
    func map(_ value: RawValue) -> RawValue { value }
}

private struct Busy: RetryableError, CustomStringConvertible {
    var description: String { "busy" }
}

private struct Refused: Error, CustomStringConvertible {
    var description: String { "refused" }
}

private func fail(_ how: String) throws {
    switch how {
    case "skip": throw Skip()
    case "end": throw EndOfInput()
    case "retry": throw Retry("try later")
    case "busy": throw Busy()
    case "reject": throw Refused()
    case "fatal": throw Fatal("broken")
    case "cancel": throw CancellationError()
    case "convert": throw ConversionError("not a number")
    default: break
    }
}

private struct Failing: MapProcessor {
    static let summary = "Fails as the text says."
    func map(_ how: String) throws -> String? {
        try fail(how)
        return nil
    }
}

private struct FailingLater: MapProcessor {
    static let summary = "Fails as the text says, later."
    func map(_ how: String) async throws -> String? {
        await Task.yield()
        try fail(how)
        return nil
    }
}

/// Ends by cancellation alone.
private struct Waiting: MapProcessor {
    static let summary = "Waits for ever."
    func map(_ text: String) async throws -> String {
        try await Task.sleep(for: .seconds(3600))
        return text
    }
}

/// Calls that are let go when all of them are there.
private actor Meeting {
    // No Mutex, whose order the thread sanitizer does not see.
    private var waiting: [CheckedContinuation<Void, Never>] = []
    static let shared = Meeting()

    func join(of count: Int) async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            guard waiting.count == count else { return }
            for one in waiting { one.resume() }
            waiting = []
        }
    }
}

private struct Meets: MapProcessor {
    static let summary = "Ends when four calls are open at once."
    func map(_ number: Int) async -> Int {
        await Meeting.shared.join(of: 4)
        return number
    }
}

private struct Lifetime: MapProcessor {
    static let summary = "Notes what happens to it."
    var node: Node?
    mutating func open(_ node: Node) throws {
        self.node = node
        let greeting: String? = try node.env("GREETING")
        node.log(.info, "opened \(node.name) with \(greeting ?? "nothing")")
    }
    mutating func close() { node?.log(.info, "closed") }
    func map(_ text: String) -> String {
        node?.count("texts", by: 2)
        return text
    }
}

private struct Unopenable: MapProcessor {
    static let summary = "Never opens."
    mutating func open() throws { throw Refused() }
    func map(_ text: String) -> String { text }
}

@Suite("Map processors")
struct MapProcessorTests {
    private static let processors: [any Processor.Type] = [
        Shout.self, Plain.self, Numbered.self, NumberedLater.self, Join2.self, Join3.self,
        Join4.self, JoinAny.self, PassOn.self, Failing.self, FailingLater.self, Waiting.self,
        Meets.self, Lifetime.self, Unopenable.self,
    ]

    private static var plugin: UnsafePointer<pipes_plugin>? {
        Plugin("maps", version: "1.0.0", processors: processors).descriptor
    }

    private func node(_ name: String, _ args: Value...) throws -> OpenNode {
        try OpenNode(name, of: Self.plugin, args: args)
    }

    @Test("a plain method answers in the call, an async one defers it")
    func plainAndAsync() async throws {
        let plain = try node("plain")
        let shout = try node("shout", .int(2))
        defer {
            plain.close()
            shout.close()
        }
        let now = try await plain.map(.string("hé"))
        #expect(now.status == PIPES_OK && now.value == .string("HÉ") && !now.wasDeferred)
        let later = try await shout.map(.string("hé"))
        #expect(later.status == PIPES_OK && later.value == .string("HÉHÉ") && later.wasDeferred)
    }

    @Test(
        "flags follow from the method and from what is declared",
        arguments: [
            ("shout", PIPES_DEFERS | PIPES_NONBLOCKING),
            ("plain", PIPES_CONCURRENT | PIPES_NONBLOCKING | PIPES_PURE),
            ("numbered", 0), ("join2", 0), ("numberedLater", PIPES_DEFERS | PIPES_NONBLOCKING),
        ])
    func flags(name: String, flags: Int) throws {
        let processor = try #require(
            Self.plugin?.processors.first { String(cString: $0.name) == name })
        #expect(Int(processor.flags) == flags)
        #expect((processor.cancel != nil) == (flags & PIPES_DEFERS != 0))
        #expect(Int(processor.rate) == PIPES_RATE_KEEPS)
    }

    @Test("each parameter is an input, described by its kind")
    func ports() throws {
        func ports(_ name: String) throws -> [String] {
            let processor = try #require(
                Self.plugin?.processors.first { String(cString: $0.name) == name })
            let inputs = UnsafeBufferPointer(
                start: processor.inputs, count: Int(processor.input_count))
            let outputs = UnsafeBufferPointer(
                start: processor.outputs, count: Int(processor.output_count))
            return (Array(inputs) + Array(outputs)).map {
                "\(String(cString: $0.name)) \($0.kind)"
            }
        }
        #expect(try ports("plain") == ["words 4", "loud 4"])
        #expect(try ports("join2") == ["text1 4", "text2 4", "text 4"])
        #expect(try ports("join3") == ["text 4", "number 2", "value 255", "list 6"])
        #expect(try ports("joinAny") == ["number 2"])
    }

    @Test("joined inputs arrive as the parameters, in order")
    func joins() async throws {
        let two = try node("join2")
        #expect(try await two.map(.string("a"), .string("b")).value == .string("ab"))
        two.close()
        let three = try node("join3")
        #expect(
            try await three.map(.string("a"), .int(1), .null).value
                == .list([.string("a"), .string("1"), .string("none")]))
        #expect(
            try await three.map(.string("a"), .int(1), .list([.bool(true)])).value
                == .list([.string("a"), .string("1"), .string("[true]")]))
        three.close()
        let four = try node("join4")
        #expect(try await four.map(.int(1), .int(2), .int(3), .int(4)).value == .float(10))
        four.close()
        let any = try node("joinAny")
        #expect(try await any.map(.int(1), .int(2), .int(3), .int(4), .int(5)).value == .int(15))
        any.close()
    }

    @Test("a row that does not fit the parameters is rejected with input and kinds")
    func mismatches() async throws {
        let plain = try node("plain")
        let two = try node("join2")
        let three = try node("join3")
        defer {
            plain.close()
            two.close()
            three.close()
        }
        let wrong = try await plain.map(.int(1))
        #expect(wrong.status == PIPES_REJECT)
        #expect(wrong.why == "input 1 (words): wanted STRING, got INT")
        #expect(
            try await two.map(.string("a"), .null).why
                == "input 2 (text2): wanted STRING, got NULL")
        #expect(
            try await three.map(.string("a"), .int(1), .list([.int(0)])).why
                == "input 3 (value): item 1: wanted BOOL, got INT")
        #expect(try await two.map(.string("a")).why == "wanted a row of 2 inputs, got 1")
    }

    @Test(
        "what a method throws becomes the status and the text of its row",
        arguments: [
            ("skip", PIPES_SKIP, nil), ("end", PIPES_END, nil),
            ("retry", PIPES_RETRY, "try later"), ("busy", PIPES_RETRY, "busy"),
            ("reject", PIPES_REJECT, "refused"), ("fatal", PIPES_FATAL, "broken"),
            ("cancel", PIPES_CANCELLED, nil), ("convert", PIPES_REJECT, "not a number"),
        ] as [(String, Int, String?)])
    func outcomes(how: String, status: Int, text: String?) async throws {
        for name in ["failing", "failingLater"] {
            let failing = try node(name)
            let answer = try await failing.map(.string(how))
            #expect(answer.status == status)
            #expect(answer.why == text)
            #expect(answer.wasDeferred == (name == "failingLater"))
            failing.close()
        }
    }

    @Test("a nil result is NULL, not a skipped row")
    func null() async throws {
        let failing = try node("failing")
        defer { failing.close() }
        let answer = try await failing.map(.string(""))
        #expect(answer.status == PIPES_OK && answer.value == .null)
    }

    @Test("a mutating method keeps its state from row to row")
    func state() async throws {
        let numbered = try node("numbered")
        defer { numbered.close() }
        #expect(try await numbered.map(.string("a")).value == .string("1 a"))
        #expect(try await numbered.map(.string("b")).value == .string("2 b"))
    }

    @Test("calls of a mutating async method run one after the other, in order")
    func ordered() async throws {
        let numbered = try node("numberedLater")
        defer { numbered.close() }
        // Each map starts its task before it suspends, and child tasks need not start in order:
        // so only the counts are certain, and that none is lost.
        let values = try await withThrowingTaskGroup { group in
            for number in 0..<50 {
                group.addTask { try await numbered.map(.int(number)).value }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let counts = values.compactMap { value in
            if case .int(let number) = value { number % 100 } else { nil }
        }
        #expect(counts.sorted() == Array(1...50))
    }

    @Test("calls of an async method that is not mutating are open at the same time")
    func overlapping() async throws {
        let meets = try node("meets")
        defer { meets.close() }
        try await withThrowingTaskGroup { group in
            for number in 0..<4 {
                group.addTask { try await meets.map(.int(number)).value == .int(number) }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test("cancelling a call cancels its task, even from inside defer")
    func cancellation() async throws {
        let waiting = try node("waiting")
        defer { waiting.close() }
        let cancelled = try await waiting.map(.string("a"), cancelled: .afterwards)
        #expect(cancelled.status == PIPES_CANCELLED)
        let early = try await waiting.map(.string("a"), cancelled: .insideDefer)
        #expect(early.status == PIPES_CANCELLED)
    }

    @Test("a cancel that comes too late changes nothing")
    func lateCancellation() async throws {
        let shout = try node("shout", .int(1))
        defer { shout.close() }
        let answer = try await shout.map(.string("a"))
        shout.processor.cancel?(nil, pipes_ticket(id: 0), nil)
        #expect(answer.value == .string("A"))
    }

    @Test("where memory has run out the row is tried again")
    func memoryLimit() async throws {
        let plain = try node("plain")
        let shout = try node("shout", .int(1))
        for node in [plain, shout] {
            let answer = try await node.map(.string("a"), allocations: 0)
            #expect(answer.status == PIPES_RETRY)
            #expect(answer.why == "no memory for a result")
            node.close()
        }
    }

    @Test("open and close run once, with the node at hand")
    func lifetime() async throws {
        let lifetime = try node("lifetime")
        _ = try await lifetime.map(.string("a"))
        lifetime.close()
        #expect(lifetime.node.noted == ["opened node with hello", "texts 2", "closed"])
    }

    @Test("an open that throws says why and is never closed")
    func failedOpen() {
        #expect {
            try node("unopenable")
        } throws: { error in
            let error = error as? OpenNode.OpenFailed
            return error?.status == PIPES_FATAL && error?.noted == ["refused"]
        }
    }

    @Test("a raw value is passed on as it is")
    func rawValues() async throws {
        let passOn = try node("passOn")
        defer { passOn.close() }
        let value = Value.map([.init("a", .list([.bytes([1, 2])]))])
        #expect(try await passOn.map(value).value == value)
    }
}
