import ArgumentParser
import Glibc
import PipesCore
import PipesRuntime
import UnixSignals

/// What signals ask of a run: the first drains it, the second cancels it, the third ends the program
/// at once. They are heard from the start; what comes before there is a run holds for it.
final class StopOrders: Sendable {
    private struct State {
        var signalCount = 0
        var run: LiveRun?
        var progress: RunProgress?
    }

    private let state = Locked(State())

    /// Ends when its task is cancelled.
    func heed(_ signals: StopSignals) async {
        for await _ in signals.arrivals {
            let state = state.withLock { state in
                state.signalCount += 1
                return state
            }
            if state.signalCount > 2 {
                state.progress?.close()
                _exit(RunCommand.exitCode(of: .cancelled).rawValue)
            }
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
