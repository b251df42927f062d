import CGuard
import Glibc

/// SIGINT, SIGTERM and SIGHUP. A thread waits for them; they are blocked in all others, so they
/// come whatever a library makes of them.
enum StopSignals {
    /// Enough for what is done in the thread.
    private static let stackSize = 512 << 10

    /// From now on each of them is heeded, one at a time. To be called before there is another
    /// thread.
    static func heed() {
        cguard_hold_signals()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, stackSize)
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, &attributes,
            { _ in
                while true { StopOrders.ofProcess.heed(cguard_next_signal()) }
            }, nil)
        guard failure == 0 else { Program.endForWantOfMemory() }
        pthread_detach(thread)
    }
}
