import Foundation
import PipesPluginHost
import Testing

@Suite("ChildProcess")
struct ChildProcessTests {
    /// Reads until nobody has the other end of the child's output.
    private static func waitForEnd(of child: ChildProcess) {
        var byte: UInt8 = 0
        while true {
            let count = read(child.output, &byte, 1)
            if count == 0 { break }
            guard count < 0, errno == EAGAIN || errno == EINTR else { continue }
            var polled = pollfd(fd: child.output, events: Int16(POLLIN), revents: 0)
            poll(&polled, 1, 1000)
        }
        child.closeOutput()
        _ = child.waitForEnding()
    }

    @Test("the output of a child ends with it, whoever starts others meanwhile")
    func outputEnds() async throws {
        // Others that live on, and would keep what they were not meant to have.
        let sleepers = Task.detached {
            try (0..<300).map { _ in try ChildProcess(["sleep", "20"]) }
        }
        let slowest = try await Task.detached {
            var slowest = Duration.zero
            for _ in 0..<300 {
                let child = try ChildProcess(["true"])
                let start = ContinuousClock.now
                Self.waitForEnd(of: child)
                slowest = max(slowest, ContinuousClock.now - start)
            }
            return slowest
        }.value
        for child in try await sleepers.value {
            child.kill()
            _ = child.waitForEnding()
            child.closeOutput()
        }
        #expect(slowest < .seconds(10))
    }

    /// Foundation learns of a program's end by a socket that closes, and has both ends of it open for a
    /// while.
    @Test("a child keeps nothing that others have open, whoever starts them")
    func inheritsNothing() async throws {
        let sleepers = Task.detached {
            try (0..<300).map { _ in try ChildProcess(["sleep", "20"]) }
        }
        var slowest = Duration.zero
        for _ in 0..<100 {
            let program = Process()
            program.executableURL = URL(fileURLWithPath: "/bin/true")
            let start = ContinuousClock.now
            // By the clock of whoever hears of it: this task may have to wait for its turn.
            let (ends, end) = AsyncStream<ContinuousClock.Instant>.makeStream()
            program.terminationHandler = { _ in
                end.yield(.now)
                end.finish()
            }
            try program.run()
            for await ended in ends { slowest = max(slowest, ended - start) }
        }
        for child in try await sleepers.value {
            child.kill()
            _ = child.waitForEnding()
            child.closeOutput()
        }
        #expect(slowest < .seconds(10))
    }

    @Test("a child has ended when it has ended itself, and what it left running is killed")
    func leavesNothing() async throws {
        let child = try ChildProcess(["sh", "-c", "sleep 600 & echo $!; exit 3"])
        var output: [UInt8] = []
        var ending: ChildProcess.Ending?
        let deadline = ContinuousClock.now + .seconds(60)
        while ending == nil, .now < deadline {
            ending = child.advance { output += $0 }
            if ending == nil { ChildProcess.wait(for: [child]) }
        }
        child.closeOutput()
        #expect(ending == .exited(code: 3))
        let text = String(decoding: output, as: UTF8.self)
        let left = try #require(Int32(text.trimmingCharacters(in: .newlines)))
        while Self.isRunning(left), .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(!Self.isRunning(left))
    }

    /// One that has ended counts as ended, also where nobody has asked how.
    private static func isRunning(_ process: Int32) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        guard let name = text.lastIndex(of: ")") else { return false }
        return !["Z", "X"].contains(text[name...].dropFirst(2).prefix(1))
    }
}
