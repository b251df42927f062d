import Glibc
import UnixSignals

/// SIGINT and SIGTERM.
struct StopSignals: Sendable {
    /// Those that are heard since the program started.
    @TaskLocal static var early: StopSignals?

    /// Each as it comes; ends when the task that waits is cancelled.
    let arrivals: UnixSignalsSequence

    /// From now on these signals no longer end the program.
    init() async {
        arrivals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    }
}
