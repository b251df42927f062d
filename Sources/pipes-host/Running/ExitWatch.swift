import ArgumentParser
import CGuard
import Glibc
import PipesCore
import PipesRuntime

/// What happens where a library calls exit while a run is open: the run is stopped, and the
/// program ends as it does after any failure, with the ledger and the report.
enum ExitWatch {
    private struct State {
        var run: LiveRun?
        var progress: RunProgress?
        var graph = ""
        var isTaken = false
    }

    private static let state = Locked(State())
    /// By then a run that was stopped has long ended.
    private static let patience: UInt32 = 30

    /// To be called once all libraries are loaded: what they registered to be called at exit comes
    /// later then.
    static func hold(for run: LiveRun, _ progress: RunProgress, graph: String) {
        state.withLock { $0 = State(run: run, progress: progress, graph: graph) }
        cguard_at_exit { code, node, coro, doing, rowsDone in
            let node = node.map { String(cString: $0) }
            let coro = coro.map { String(cString: $0) }
            ExitWatch.note(
                code, node: node, coro: coro, doing,
                rowsDone: doing == CGUARD_ROW ? rowsDone : nil)
        }
    }

    /// The run is over: exit is the host's own from here on.
    static func release() {
        state.withLock { state in
            if !state.isTaken { state.run = nil }
        }
    }

    /// Ends the program; not by way of exit where a library is inside it.
    static func end(_ code: Int32) -> Never {
        guard state.withLock({ $0.isTaken }) else { exit(code) }
        fflush(nil)
        _exit(code)
    }

    /// In the thread that called exit, which never goes on: libraries may be in use by others.
    private static func note(
        _ code: Int32, node: String?, coro: String?, _ doing: cguard_doing, rowsDone: Int?
    ) {
        let (held, isFirst) = state.withLock { state in
            let isFirst = !state.isTaken
            if state.run != nil { state.isTaken = true }
            return (state, isFirst)
        }
        guard let run = held.run else { return }
        while !isFirst { pause() }
        let who = node.map { "node \($0.quoted) (\(coro ?? ""))" } ?? "a library"
        let failure = "\(who) ended the process: exit(\(code)) was called \(place(doing))"
        if run.abandon(node, rowsDone: rowsDone, failure) {
            sleep(patience)
            held.progress?.close()
            _exit(RunCommand.exitCode(of: .stopped).rawValue)
        }
        held.progress?.close()
        Console.error.print("\(held.graph): error: \(failure)".printable)
        _exit(1)
    }

    private static func place(_ doing: cguard_doing) -> String {
        switch doing {
        case CGUARD_OPEN: "in open"
        case CGUARD_ROW: "in a row"
        case CGUARD_FLUSH: "in flush"
        case CGUARD_CLOSE: "in close"
        default: "in a thread of its own"
        }
    }
}
