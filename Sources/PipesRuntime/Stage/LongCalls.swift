import Dispatch
internal import Glibc
import Synchronization

/// Has calls that work on many rows come back once they have taken about a millisecond, so that what
/// they did can be sent on: rows that pass quickly at first may be followed by slow ones, and a
/// clock that is read for each row would cost more than many a row.
///
/// A thread of its own looks at the calls every millisecond, and sleeps while there are none.
final class LongCalls: Sendable {
    static let shared = {
        let calls = LongCalls()
        calls.start()
        return calls
    }()

    /// Nanoseconds between two looks.
    private static let interval = 1_000_000
    /// Nanoseconds between two looks for each call that is watched: looking must stay cheap.
    private static let intervalForEach = 200
    /// Looks in a row that find nothing before the thread sleeps.
    private static let quietLooks = 100

    /// A call that is made again and again.
    final class Watched: Sendable {
        fileprivate let mark: CallMark
        fileprivate let call: Call
        /// Nanoseconds that it may have taken at a look.
        fileprivate let limit: Int
        fileprivate let lastCount = Atomic(0)

        /// - Parameter longestWait: nanoseconds that what it did may wait for its end. The next look
        ///   would come too late for one that has taken almost half of that.
        init(_ mark: CallMark, _ call: Call, longestWait: Int) {
            self.mark = mark
            self.call = call
            limit = longestWait / 5 * 2
        }
    }

    private let watched = Locked<[ObjectIdentifier: Watched]>([:])
    private let isAsleep = Atomic(true)
    private let alarm = DispatchSemaphore(value: 0)

    /// Starts the thread. Where there is none to be had, calls come back when they are over, and
    /// nobody is to be woken.
    private func start() {
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { _ in
                LongCalls.shared.watch()
                return nil
            }, nil)
        if failure == 0 {
            pthread_detach(thread)
        } else {
            isAsleep.store(false, ordering: .relaxed)
        }
    }

    func add(_ call: Watched) { watched.withLock { $0[ObjectIdentifier(call)] = call } }
    func remove(_ call: Watched) { watched.withLock { $0[ObjectIdentifier(call)] = nil } }

    /// A call for several rows has begun.
    func noteCall() {
        guard isAsleep.load(ordering: .relaxed) else { return }
        if isAsleep.exchange(false, ordering: .acquiringAndReleasing) { alarm.signal() }
    }

    private func watch() {
        alarm.wait()
        var quiet = 0
        while true {
            let (isQuiet, count) = look(now: MonotonicTime.nanoseconds)
            quiet = isQuiet ? quiet + 1 : 0
            if quiet > LongCalls.quietLooks {
                quiet = 0
                isAsleep.store(true, ordering: .releasing)
                alarm.wait()
            }
            let pause = max(LongCalls.interval, count * LongCalls.intervalForEach)
            var time = timespec(tv_sec: pause / 1_000_000_000, tv_nsec: pause % 1_000_000_000)
            nanosleep(&time, nil)
        }
    }

    /// - Returns: whether no call has been made since the last look, and how many are watched.
    func look(now: Int) -> (isQuiet: Bool, count: Int) {
        watched.withLock { watched in
            var isQuiet = true
            for one in watched.values {
                let count = one.mark.callCountSoFar
                if count != one.lastCount.load(ordering: .relaxed) { isQuiet = false }
                one.lastCount.store(count, ordering: .relaxed)
                guard let start = one.mark.currentStart else { continue }
                if now - start > one.limit { one.call.comeBack() }
            }
            return (isQuiet, watched.count)
        }
    }
}
