import Glibc
import PipesCore
import PipesPluginHost
import PipesRuntime
import PipesTesting

/// Runs one test in a process of its own, so that a crash is a line in the report and no test can
/// change what another one sees.
struct TestProcess {
    let file: String
    /// The values of `--plugins`.
    let plugins: [String]
    /// Of the test in the file.
    let index: Int
    let test: GraphTest
    let timeLimit: Duration

    func result() -> GraphTestResult {
        let start = ContinuousClock.now
        var result: GraphTestResult
        do throws(ChildProcess.StartError) {
            // With the files of this process: the graph may be one that a shell names by a
            // descriptor.
            let child = try ChildProcess(
                command, errors: STDERR_FILENO, inheritsDescriptors: true)
            result = self.result(of: child)
        } catch {
            result = failed(.refused, "its process could not be started: \(error.reason)")
        }
        result.seconds = (ContinuousClock.now - start).seconds
        return result
    }

    private var command: [String] {
        // Behind "--" a file may have any name.
        ["/proc/self/exe", TestCaseCommand.name] + plugins.flatMap { ["--plugins", $0] }
            + ["--", file, String(index)]
    }

    private func result(of child: ChildProcess) -> GraphTestResult {
        defer { child.closeOutput() }
        let deadline = ContinuousClock.now + timeLimit
        var text: [UInt8] = []
        var ending: ChildProcess.Ending?
        while true {
            ending = child.advance { text += $0 }
            if ending != nil || .now >= deadline { break }
            ChildProcess.wait(for: [child])
        }
        switch ending {
        case nil:
            child.kill()
            _ = child.waitForEnding()
            return failed(
                .cancelled, "it took longer than \(timeLimit) and was ended; see --time-limit")
        case .exited(code: 0):
            if let value = try? Value(json: text), let result = TestJSON.result(of: value) {
                return result
            }
            return failed(.crashed, "its process ended without a result")
        case .exited(let code):
            return failed(.crashed, "its process ended with exit code \(code)")
        case .signalled(let signal):
            let name = strsignal(signal).map { String(cString: $0) } ?? "unknown"
            return crashed("its process died of signal \(signal) (\(name))")
        }
    }

    /// A crash is what some tests are about.
    private func crashed(_ message: String) -> GraphTestResult {
        if test.status == .crashed {
            return GraphTestResult(
                name: test.name, place: test.place, status: .crashed, failures: [], seconds: 0)
        }
        return failed(.crashed, message)
    }

    private func failed(_ status: GraphTest.Status, _ message: String) -> GraphTestResult {
        GraphTestResult(
            name: test.name, place: test.place, status: status,
            failures: [TestFailure(at: test.place, message)], seconds: 0)
    }
}
