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
        var plumber: Plumber?
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
            StopOrders.pass(state.signalCount, to: state.plumber)
        }
    }

    /// Names the run that is to be stopped, and the table to be taken away before the program ends.
    func hold(for plumber: Plumber, _ progress: RunProgress) {
        let signalCount = state.withLock { state in
            state.plumber = plumber
            state.progress = progress
            return state.signalCount
        }
        StopOrders.pass(signalCount, to: plumber)
    }

    private static func pass(_ signalCount: Int, to plumber: Plumber?) {
        if signalCount > 0 { plumber?.drain() }
        if signalCount > 1 { plumber?.cancel() }
    }
}
