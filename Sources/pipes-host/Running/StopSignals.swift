import Glibc
import UnixSignals

/// SIGINT and SIGTERM, counted: the first drains, the second cancels, the third ends the program
/// at once.
struct StopSignals: Sendable {
    private let signals: UnixSignalsSequence

    /// From now on these signals no longer end the program.
    init() async {
        signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    }

    /// Ends when its task is cancelled.
    func forEach(drain: () -> Void, cancel: () -> Void, leave: () -> Void) async {
        var count = 0
        for await _ in signals {
            count += 1
            switch count {
            case 1: drain()
            case 2: cancel()
            default: leave()
            }
        }
    }
}
