import ArgumentParser
import CGuard
import Glibc
import PipesCore
import PipesRuntime

/// What signals ask of a run: the first drains it, the second cancels it, the third ends the program
/// at once. They are heard from the start; what comes before there is a run holds for it. Another
/// command ends by the first.
final class StopOrders: Sendable {
    private struct State {
        var isForRun = false
        var signalCount = 0
        var run: LiveRun?
        var progress: RunProgress?
    }

    static let ofProcess = StopOrders()

    private let state = Locked(State())

    /// Says that what signals stop is a run.
    func expectRun() { state.withLock { $0.isForRun = true } }

    /// Called for each signal.
    func heed(_ signal: Int32) {
        let state = state.withLock { state in
            state.signalCount += 1
            return state
        }
        guard state.isForRun else { cguard_end_by(signal) }
        if state.signalCount > 2 {
            state.progress?.close()
            _exit(RunCommand.exitCode(of: .cancelled).rawValue)
        }
        // A processor that is interrupted may take its time; the next signal is heard meanwhile.
        Task(executorPreference: BlockingThreads.shared) {
            StopOrders.pass(state.signalCount, to: state.run)
        }
    }

    /// Names the run that is to be stopped, and the table to be taken away before the program ends.
    func hold(for run: LiveRun, _ progress: RunProgress) {
        let signalCount = state.withLock { state in
            state.run = run
            state.progress = progress
            return state.signalCount
        }
        StopOrders.pass(signalCount, to: run)
    }

    private static func pass(_ signalCount: Int, to run: LiveRun?) {
        if signalCount > 0 { run?.drain() }
        if signalCount > 1 { run?.cancel() }
    }
}
