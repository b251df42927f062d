import Foundation
import Testing

/// Commands that are interrupted while a child of theirs is at work on a plugin.
@Suite("An interrupted command")
struct InterruptTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(
            at: scratch.folder.appendingPathComponent("tmp"), withIntermediateDirectories: true)
    }

    /// Builds a plugin in the scratch folder.
    private func build(_ name: String, _ behaviour: String = "") async throws {
        let checkout = Command.checkout.path
        let outcome = try await Command.shell(
            "cc -std=gnu11 -fPIC -shared -I\(checkout)/include -DNAME='\"\(name)\"' \(behaviour) "
                + "-o \(name).so \(checkout)/Tests/Fixtures/badplugins/constructor.c",
            in: scratch.folder
        ).outcome()
        try #require(outcome.code == 0, "\(outcome.errors)")
    }

    private func start(_ arguments: [String]) throws -> Command {
        let folder = scratch.folder.path
        return try Command.host(
            arguments,
            environment: [
                "XDG_CACHE_HOME": "\(folder)/cache", "TMPDIR": "\(folder)/tmp",
                "PIPES_TEST_PID": "\(folder)/pid",
            ], in: scratch.folder)
    }

    private func names(in folder: String) -> [String] {
        let path = scratch.folder.appendingPathComponent(folder).path
        return (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    /// Whether it comes true within a while.
    private func comesTrue(_ condition: () -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition() {
            guard .now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// The child that hangs, as the plugin in it told.
    private func hangingChild() async throws -> Int32 {
        var child: Int32?
        _ = try await comesTrue {
            let text = (try? scratch.read("pid")) ?? ""
            if text.hasSuffix("\n") { child = Int32(text.dropLast()) }
            return child != nil
        }
        return try #require(child)
    }

    /// One that has ended counts as ended, also where nobody has asked how.
    private func isRunning(_ process: Int32) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        guard let name = text.lastIndex(of: ")") else { return false }
        return !["Z", "X"].contains(text[name...].dropFirst(2).prefix(1))
    }

    private static let graph = """
        {"nodes": {"inp": {"coro": "strings.random", "args": {"num": 1}},
         "f": {"coro": "stuck.same", "examples": [{"in": ["a"], "out": "a"}]},
         "out": {"coro": "io.print"}},
         "graph": {"inp": ["f"], "f": ["out"]},
         "tests": [{"name": "one", "expect": {"out": {"count": 1}}}]}
        """

    @Test(
        "leaves no child and no folder behind",
        arguments: [
            ("plugins --plugins .", SIGINT), ("plugins --plugins .", SIGKILL),
            ("validate stuck.so --only statuses", SIGINT),
            ("validate stuck.so --only statuses", SIGTERM),
            ("validate stuck.so --only statuses", SIGKILL),
            ("check graph.json --plugins .", SIGINT), ("test graph.json --plugins .", SIGKILL),
        ])
    func leavesNothing(_ command: String, _ signal: Int32) async throws {
        try await build("stuck", command.hasPrefix("plugins") ? "-DHANGS" : "-DHANGS_IN_MAP")
        try scratch.write(Self.graph, to: "graph.json")
        let host = try start(command.split(separator: " ").map(String.init))
        let child = try await hangingChild()
        #expect(isRunning(child))
        host.signal(signal)
        #expect(try await comesTrue { !isRunning(child) })
        // A test that failed is not to leave what it failed about.
        if isRunning(child) { kill(child, SIGKILL) }
        #expect(try await comesTrue { names(in: "tmp").isEmpty })
        #expect(await host.outcome().code == 128 + signal)
    }

    @Test("plugins keeps what it has learned by then")
    func keepsWhatItKnows() async throws {
        try await build("fine")
        try await build("stuck", "-DHANGS")
        let host = try start(["plugins", "--plugins", "."])
        let child = try await hangingChild()
        #expect(try await comesTrue { !names(in: "cache/pipes-host").isEmpty })
        // Not only when it was done with the one that hangs.
        #expect(isRunning(child))
        host.signal(SIGKILL)
        #expect(await host.outcome().code == 128 + SIGKILL)
    }
}
