import Foundation
import Testing

/// Rows that take long, or much memory, in each shape that a processor can have.
@Suite("run, with slow and with large rows")
struct PaceTests {
    private let scratch: Scratch

    init() async throws {
        scratch = try Scratch()
        let checkout = Command.checkout.path
        let built = try await Command.shell(
            "cc -std=gnu11 -O2 -fPIC -shared -I'\(checkout)/include' -o paces.so "
                + "'\(checkout)/Tests/Fixtures/paces.c'", in: scratch.folder
        ).outcome()
        try #require(built.code == 0, "\(built.errors)")
    }

    /// Runs a graph of what stands in `nodes`, one behind the other, its output in the file `seen`.
    private func run(_ nodes: [String], rows: Int) async throws -> (Command.Outcome, [Int]) {
        let names = nodes.indices.map { "n\($0)" }
        let all =
            ["\"inp\": {\"coro\": \"flow.range\", \"args\": {\"end\": \(rows)}}"]
            + zip(names, nodes).map { "\"\($0)\": \($1)" }
            + ["\"out\": {\"coro\": \"io.print\"}"]
        let order = ["inp"] + names + ["out"]
        let edges = zip(order, order.dropFirst()).map { "\"\($0)\": [\"\($1)\"]" }
        try scratch.write(
            """
            {"nodes": {\(all.joined(separator: ", "))}, "graph": {\(edges.joined(separator: ", "))}}
            """, to: "graph.json")
        let outcome = try await Command.shell(
            "pipes-host run graph.json --plugins . --progress never > seen", in: scratch.folder
        ).outcome(within: 300)
        return (outcome, try scratch.read("seen").split(separator: "\n").compactMap { Int($0) })
    }

    // MARK: Slow rows

    @Test(
        "a row that took long is printed before many others have been worked on",
        arguments: [
            [#"{"coro": "paces.lag"}"#],
            [#"{"coro": "paces.lag", "properties": {"concurrency": 4}}"#],
            [#"{"coro": "paces.lag", "properties": {"queue_size": 1000}}"#],
            [#"{"coro": "paces.lag_computing"}"#],
            [#"{"coro": "paces.lag_computing", "properties": {"concurrency": 2}}"#],
            [#"{"coro": "paces.pass"}"#, #"{"coro": "paces.lag_computing"}"#],
            [#"{"coro": "paces.lag_process"}"#],
            [#"{"coro": "paces.lag_process", "properties": {"concurrency": 3}}"#],
            [#"{"coro": "paces.pass"}"#, #"{"coro": "paces.lag_keeping"}"#],
        ])
    func slowRows(_ nodes: [String]) async throws {
        let (outcome, lags) = try await run(nodes, rows: 200)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(lags.count == 200)
        #expect(lags.max() ?? 200 < 50, "\(lags)")
    }

    @Test("rows that get slow in the middle of a batch leave one by one from there on")
    func lateSlowness() async throws {
        let (outcome, lags) = try await run([#"{"coro": "paces.lag_late"}"#], rows: 200)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(lags.count == 200)
        // The hundred quick ones may have waited for the first of the others.
        #expect(lags.dropFirst(110).max() ?? 200 < 50, "\(lags)")
    }

    @Test("a drain prints what a slow node has worked on, and has little left to wait for")
    func drain() async throws {
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "flow.range", "args": {"end": 100000}},
                       "slow": {"coro": "paces.lag"}, "out": {"coro": "io.print"}},
             "graph": {"inp": ["slow"], "slow": ["out"]}}
            """, to: "graph.json")
        let command = try Command.host(
            [
                "run", "graph.json", "--plugins", ".", "--progress", "never", "--report",
                "report.json",
            ],
            in: scratch.folder)
        while command.outputSoFar.isEmpty, !command.hasEnded {
            try await Task.sleep(for: .milliseconds(10))
        }
        command.signal(SIGTERM)
        let outcome = await command.outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        let printed = outcome.output.split(separator: "\n").count
        let nodes = try #require(try scratch.report()["nodes"] as? [String: [String: Any]])
        let slow = try #require(nodes["slow"])
        #expect(slow["in"] as? Int == printed)
        #expect(slow["out"] as? Int == printed)
        #expect(slow["failed"] as? Int == 0)
    }

    // MARK: Large rows

    /// What the run may take, in KiB: 160 MB.
    private static let mostMemory = 160_000_000 / 1024

    @Test(
        "rows of 8 MiB never take more memory together than the edges hold",
        arguments: [
            #"{"coro": "paces.make"}"#,
            #"{"coro": "paces.make", "properties": {"concurrency": 4}}"#,
            #"{"coro": "paces.make_map"}"#,
            #"{"coro": "paces.make_adopted"}"#,
            #"{"coro": "paces.make_computing"}"#,
            #"{"coro": "paces.make_process"}"#,
            #"{"coro": "paces.make_process", "properties": {"concurrency": 2}}"#,
            #"{"coro": "paces.make_tensor"}"#,
            #"{"coro": "paces.make_later"}"#,
            #"{"coro": "paces.make_later", "properties": {"concurrency": 4}}"#,
            #"{"coro": "paces.make_later", "properties": {"concurrency": 4, "ordered": false}}"#,
            #"{"coro": "paces.adopt_later"}"#,
        ])
    func largeRows(_ node: String) async throws {
        let (outcome, peaks) = try await run([node, #"{"coro": "paces.peak"}"#], rows: 60)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(peaks.count == 60)
        #expect(peaks.last ?? 0 > 8 << 10)
        #expect(peaks.last ?? Int.max < Self.mostMemory)
    }

    @Test(
        "nor do those that closures of a program make",
        arguments: ["plain", "async", "sleeping"])
    func largeClosures(_ kind: String) async throws {
        let outcome = try await Command(
            Command.products.appendingPathComponent("closures"), ["large", kind, "200"],
            in: scratch.folder
        ).outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        let peak = try #require(Int(outcome.output.dropLast()))
        #expect(peak > 8 << 10 && peak < Self.mostMemory)
    }

    @Test("a source of large rows is asked for few at a time")
    func largeSource() async throws {
        try scratch.write(
            """
            {"nodes": {"inp": {"coro": "paces.make_source"}, "peak": {"coro": "paces.peak"},
                       "out": {"coro": "io.print"}},
             "graph": {"inp": ["peak"], "peak": ["out"]}}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--plugins", ".", "--progress", "never"], in: scratch.folder
        ).outcome()
        #expect(outcome.code == 0, "\(outcome.errors)")
        let peaks = outcome.output.split(separator: "\n").compactMap { Int($0) }
        #expect(peaks.count == 60)
        #expect(peaks.last ?? Int.max < Self.mostMemory)
    }

    // MARK: Many rows at once

    /// It was 40 times as long in this build as long as the time grew with the square.
    @Test("20,000 closures that sleep take not much longer than a task group that does")
    func sleepingClosures() async throws {
        let outcome = try await Command(
            Command.products.appendingPathComponent("closures"), ["sleeping", "20000"],
            in: scratch.folder
        ).outcome(within: 300)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let ratio = try #require(Double(outcome.output.dropLast()))
        #expect(ratio < 10)
    }

    // MARK: Memory that can't be had

    @Test("a row whose memory can't be had says how many bytes it wanted, and no other row does")
    func missingMemory() async throws {
        try scratch.write(
            """
            {"name": "hunger",
             "nodes": {"inp": {"coro": "flow.range", "args": {"end": 5}},
                       "eat": {"coro": "paces.hungry"}, "out": {"coro": "io.print"}},
             "graph": {"inp": ["eat"], "eat": ["out"]}, "dead_letter": "letters.jsonl"}
            """, to: "graph.json")
        let outcome = try await Command.host(
            ["run", "graph.json", "--plugins", ".", "--progress", "never"], in: scratch.folder
        ).outcome()
        #expect(outcome.output == "0\n1\n4\n")
        #expect(outcome.code == 2)
        let letters = try scratch.read("letters.jsonl").replacing(
            #/"time":"[^"]*"/#, with: #""time":"T""#)
        #expect(
            letters == """
                {"time":"T","graph":"hunger","node":"eat","key":[2],"attempts":1,\
                "message":"could not get 1125899906842624 bytes of memory","row":[2]}
                {"time":"T","graph":"hunger","node":"eat","key":[3],"attempts":1,\
                "message":"answered REJECT without an explanation","row":[3]}

                """)
    }
}
