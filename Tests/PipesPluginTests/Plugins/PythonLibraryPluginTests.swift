import PipesPlugin
import Testing

@Suite("The plugins of the Python library")
struct PythonLibraryPluginTests {
    private func open(_ coro: String, _ args: [Value] = []) throws -> OpenNode {
        let parts = coro.split(separator: ".").map(String.init)
        return try OpenNode(parts[1], of: BuiltPlugin.load(parts[0]), args: args)
    }

    @Test(
        "reverse takes any number of inputs and reverses the first",
        arguments: [("StringFuncs.reverse", []), ("StringFunc.reverse", [.string("0ms")])]
            as [(String, [Value])])
    func reverse(coro: String, args: [Value]) async throws {
        let node = try open(coro, args)
        defer { node.close() }
        #expect(try await node.map(.string("aé😀")).value == .string("😀éa"))
        #expect(try await node.map(.string("ab"), .string("cd")).value == .string("ba"))
        #expect(try await node.map(.string("ab"), .int(1), .null).value == .string("ba"))
        let rejected = try await node.map(.int(1), .string("ab"))
        #expect(rejected.status == PIPES_REJECT)
        #expect(rejected.why == "input 1: wanted STRING, got INT")
    }

    @Test("StringFunc.reverse waits 0, 1, 2 ... steps for its first, second, third row")
    func waits() async throws {
        let patient = try open("StringFunc.reverse", [.string("1h")])
        #expect(try await patient.map(.string("ab")).value == .string("ba"))
        patient.close()
        let node = try open("StringFunc.reverse", [.string("20ms")])
        defer { node.close() }
        for row in 0..<3 {
            let start = ContinuousClock.now
            _ = try await node.map(.string("ab"))
            #expect(.now - start >= .milliseconds(20) * row)
        }
    }

    @Test(
        "a step that is not a duration fails open",
        arguments: ["", "1", "ms", "1.ms", "-1s", "1e9h"])
    func badStep(step: String) throws {
        #expect {
            try open("StringFunc.reverse", [.string(step)])
        } throws: { error in
            (error as? OpenNode.OpenFailed)?.noted == [
                "step: \"\(step)\" is not a duration; write a number and ns, us, ms, s, m or h, such "
                    + "as \"10ms\""
            ]
        }
    }

    @Test("append_reverse is the first text reversed, and then the second one")
    func appendReverse() async throws {
        let node = try open("StringFunc.append_reverse")
        defer { node.close() }
        #expect(try await node.map(.string("ab"), .string("cd")).value == .string("badc"))
    }

    @Test("tolower lowers the first of one or two texts, toupper takes one")
    func cases() async throws {
        let lower = try open("StringFunc.tolower")
        defer { lower.close() }
        #expect(try await lower.map(.string("AÉ")).value == .string("aé"))
        #expect(try await lower.map(.string("AÉ"), .string("B")).value == .string("aé"))
        let upper = try open("StringFunc.toupper")
        defer { upper.close() }
        #expect(try await upper.map(.string("aé")).value == .string("AÉ"))
    }
}
