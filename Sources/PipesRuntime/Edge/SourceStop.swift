import Synchronization

/// Stops a source when the last of its readers wants no more of it, also where it is waiting inside
/// a call for what may never come.
final class SourceStop: Sendable {
    private struct State {
        var eagerReaders: Int
        var stop: @Sendable () -> Void = {}
    }

    private let state: Locked<State>

    /// - Parameter readers: edges that leave the source.
    init(readers: Int) {
        state = Locked(State(eagerReaders: readers))
    }

    /// Says how the source is stopped: from any thread, at most once.
    func whenNobodyIsLeft(_ stop: @escaping @Sendable () -> Void) {
        state.withLock { $0.stop = stop }
    }

    /// A reader that wanted everything until now wants less.
    func oneReaderLess() {
        let stop: (@Sendable () -> Void)? = state.withLock { state in
            state.eagerReaders -= 1
            return state.eagerReaders == 0 ? state.stop : nil
        }
        stop?()
    }
}
