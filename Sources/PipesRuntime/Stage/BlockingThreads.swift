import DequeModule
import Glibc

/// Threads for processors that may block, so that the cooperative pool never does.
///
/// There are as many as jobs that run at once, and no fewer than wait: a job never waits for
/// another to leave its thread. Idle threads end after a while.
package final class BlockingThreads: TaskExecutor {
    package static let shared = BlockingThreads()

    private struct State {
        var jobs: Deque<UnownedJob> = []
        var idle = 0
    }

    /// A lock and a condition that threads wait for it with. `Locked` has no condition.
    private let monitor = Monitor(State())
    private static let idleSeconds = 5

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let needsThread = monitor.withLock { state in
            state.jobs.append(job)
            return state.jobs.count > state.idle
        }
        if needsThread { startThread() } else { monitor.signal() }
    }

    private func startThread() {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let threads = Unmanaged<BlockingThreads>.fromOpaque(context).takeRetainedValue()
                threads.runJobs()
                return nil
            }, box.toOpaque())
        if failure == 0 {
            pthread_detach(thread)
        } else {
            // The job stays queued and runs as soon as a thread is done with another one.
            box.release()
        }
    }

    private func runJobs() {
        while let job = nextJob() {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    private func nextJob() -> UnownedJob? {
        monitor.withWaiting(seconds: BlockingThreads.idleSeconds) { state, wait in
            state.idle += 1
            defer { state.idle -= 1 }
            while state.jobs.isEmpty {
                guard wait(&state) else { break }
            }
            return state.jobs.popFirst()
        }
    }
}

/// A value behind a lock that threads can wait on for a change.
///
/// `@unchecked Sendable`: `value` is only touched under `lock`.
private final class Monitor<Value>: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var value: Value

    init(_ value: Value) {
        self.value = value
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
        changed = .allocate(capacity: 1)
        changed.initialize(to: pthread_cond_t())
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        changed.deallocate()
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body(&value)
    }

    func signal() { pthread_cond_signal(changed) }

    /// - Parameter body: gets a function that waits for a change, and answers false once the time
    ///   is up.
    func withWaiting<Result>(
        seconds: Int, _ body: (inout Value, (inout Value) -> Bool) -> Result
    ) -> Result {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += seconds
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        // The value leaves its place while others may change it, so it is moved around the wait.
        var current = value
        defer { value = current }
        return body(&current) { current in
            self.value = current
            let isInTime = pthread_cond_timedwait(self.changed, self.lock, &deadline) == 0
            current = self.value
            return isInTime
        }
    }
}
