import PipesCore

/// A run whose graph can be replaced while it goes on. The new graph is opened beside the old one
/// and takes over between two rows: sources pause, what is in flight is finished, and nodes that
/// are the same in both go on with their processors where they are.
package final class LiveRun: Sendable {
    /// Why a graph did not take over. The one before goes on.
    package enum Refusal: Error {
        /// What could not be opened.
        case failure(GraphFailure)
        case reason(String)
        /// The run has ended, or is about to.
        case over
    }

    private struct State {
        var plumber: Plumber
        var current: Run?
        /// What is to follow the current run.
        var next: (run: Run, plumber: Plumber)?
        var order = RunControl.Order.run
        var isOver = false
        /// How often a graph has taken over.
        var successions = 0
    }

    private let state: Locked<State>
    /// Rings when a graph has taken over, or will not any more.
    private let tookOver = Doorbell()

    /// - Parameter plumber: made with `isReplaceable`.
    package init(_ plumber: Plumber) {
        state = Locked(State(plumber: plumber))
    }

    /// Runs to the end of the last graph. Cancelling the task cancels the run.
    /// - Throws: what could not be opened; nothing has run then.
    package func run() async throws(GraphFailure) -> RunReport {
        let first = state.withLock { $0.plumber }.makeRun()
        setCurrent(first)
        let result: Result<RunReport, GraphFailure> = await withTaskCancellationHandler {
            do throws(GraphFailure) {
                try await first.open()
            } catch {
                self.endUnopened()
                return .failure(error)
            }
            return .success(await self.finish(first))
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    /// Nothing has run, and nothing can take over.
    private func endUnopened() {
        let next = state.withLock { state in
            state.isOver = true
            return state.next?.run
        }
        next?.closeFresh()
        tookOver.ring()
    }

    private func finish(_ first: Run) async -> RunReport {
        var run = first
        while true {
            var report = await run.finish()
            let (next, isHandedOver) = state.withLock { state in
                let isHandedOver = run.isHandedOver
                if state.next == nil || !isHandedOver { state.isOver = true }
                return (state.next?.run, isHandedOver)
            }
            guard let next else { return report }
            guard isHandedOver else {
                next.closeAll()
                run.closeAll()
                report = run.report
                tookOver.ring()
                return report
            }
            next.takeOver(run)
            state.withLock { state in
                state.plumber = state.next?.plumber ?? state.plumber
                state.next = nil
                state.successions += 1
            }
            setCurrent(next)
            tookOver.ring()
            run = next
        }
    }

    private func setCurrent(_ run: Run) {
        let order = state.withLock { state in
            state.current = run
            return state.order
        }
        if order == .drain { run.drain() }
        if order == .cancel { run.cancel() }
    }

    /// Opens another graph and has it take over. One at a time.
    /// - Returns: once it has.
    /// - Throws: `Refusal`; the graph before goes on then.
    package func replace(with plumber: Plumber) async throws(Refusal) {
        let successions = state.withLock { $0.successions }
        while true {
            let (run, before) = state.withLock { ($0.isOver ? nil : $0.current, $0.plumber.graph) }
            guard let run else { throw .over }
            if let reason = before.reasonToStay(
                insteadOf: plumber.graph, ended: run.ended)
            {
                throw .reason(reason)
            }
            let (next, ended) = plumber.makeSuccessor(of: run)
            do throws(GraphFailure) {
                try await next.open()
            } catch {
                throw .failure(error)
            }
            let isTaken = state.withLock { state in
                guard !state.isOver, state.order == .run else { return false }
                state.next = (next, plumber)
                return true
            }
            guard isTaken else {
                next.closeFresh()
                throw .over
            }
            if run.handOver(to: next, ended: ended) { break }
            // Another node has ended while this was looked at.
            state.withLock { $0.next = nil }
            next.closeFresh()
        }
        await tookOver.wait()
        // It may have ended meanwhile; that is no reason to say that it never ran.
        if state.withLock({ $0.successions }) == successions { throw .over }
    }

    /// A processor's call will not return, since its library ends the process. To be called in
    /// the thread of that call.
    /// - Parameter rowsDone: of the call, where it is a map's.
    /// - Returns: whether the run ends by itself, as stopped; false where nothing has run, and all
    ///   that was opened has been closed.
    package func abandon(_ node: String?, rowsDone: Int?, _ failure: String) -> Bool {
        guard let run = state.withLock({ $0.current }) else { return false }
        if run.hasStarted {
            run.abandon(node, rowsDone: rowsDone, failure)
            return true
        }
        run.endOpening()
        return false
    }

    package func drain() { raise(.drain)?.drain() }
    package func cancel() { raise(.cancel)?.cancel() }

    private func raise(_ order: RunControl.Order) -> Run? {
        state.withLock { state in
            state.order = max(state.order, order)
            return state.current
        }
    }

    /// The ledger at this moment; nil before the run. Between two graphs the run is not over.
    package var report: RunReport? {
        let (run, isOver) = state.withLock { ($0.current, $0.isOver) }
        guard var report = run?.report else { return nil }
        if !isOver { report.status = .running }
        return report
    }
}
