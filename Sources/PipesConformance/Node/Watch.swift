import Glibc
import PipesRuntime

/// Looks at how long calls of the plugin take, from a thread of its own: one that blocks is told to
/// come back, and one that does not is given up with the whole check.
///
/// `@unchecked Sendable`: the state is only touched under `lock`, which is held while the plugin is
/// interrupted, too: so an interrupt never overlaps with close.
final class Watch: @unchecked Sendable {
    private struct Entry {
        var label: String
        var deadline: ContinuousClock.Instant
        var tell: @Sendable () -> Void
        var toldAt: ContinuousClock.Instant?
    }

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var entries: [Int: Entry] = [:]
    private var last = 0
    private let giveUp: @Sendable (_ label: String) -> Never

    /// How long a call may take to come back once it was told.
    static let limit = Duration.seconds(5)

    /// - Parameter giveUp: says that a call did not come back, and ends the process.
    init(giveUp: @escaping @Sendable (_ label: String) -> Never) {
        self.giveUp = giveUp
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
        let thread = SystemThread { [self] in
            while true {
                usleep(10_000)
                look()
            }
        }
        thread.detach()
    }

    /// Runs a call of the plugin.
    ///
    /// - Parameters:
    ///   - patience: until `tell` is called, again and again, from another thread.
    func during<Result>(
        _ label: String, patience: Duration, tell: @escaping @Sendable () -> Void,
        _ body: () -> Result
    ) -> Result {
        pthread_mutex_lock(lock)
        last += 1
        let number = last
        entries[number] = Entry(label: label, deadline: .now + patience, tell: tell)
        pthread_mutex_unlock(lock)
        defer {
            pthread_mutex_lock(lock)
            entries[number] = nil
            pthread_mutex_unlock(lock)
        }
        return body()
    }

    private func look() {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        let now = ContinuousClock.now
        for (number, entry) in entries where now > entry.deadline {
            if let toldAt = entry.toldAt, now > toldAt + Self.limit { giveUp(entry.label) }
            if entry.toldAt == nil { entries[number]?.toldAt = now }
            entries[number]?.deadline = now + .milliseconds(50)
            entry.tell()
        }
    }
}

/// A thread that runs a closure.
struct SystemThread {
    private let thread: pthread_t

    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    init(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let error = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        if error != 0 {
            // Without threads there is no check of them, but what was to be done is done.
            body.takeRetainedValue().run()
        }
        self.thread = error == 0 ? thread : 0
    }

    func detach() { if thread != 0 { pthread_detach(thread) } }
    func join() { if thread != 0 { pthread_join(thread, nil) } }

    /// Runs `body` on a thread of its own and waits for it.
    static func run(_ body: @escaping @Sendable () -> Void) { SystemThread(body).join() }
}
