import CFFI
import Glibc

/// What ties a child process to the one that started it: a pipe whose other end nobody but the parent
/// has, so that it closes when the parent ends, however that happens.
///
/// Not `PR_SET_PDEATHSIG`: that goes by the parent's thread, and threads of a pool come and go.
package enum Lifeline {
    /// Which descriptor it is.
    private static let variable = "PIPES_LIFELINE"

    /// For the environment of a child that has the lifeline as `descriptor`.
    static func variable(_ descriptor: Int32) -> String { "\(variable)=\(descriptor)" }

    /// Has this process killed, with all that it has started, when its parent ends. To be called
    /// before anything is loaded; without effect where there is no lifeline.
    ///
    /// - Parameter cleanUp: called before, on a thread of its own.
    package static func hold(_ cleanUp: @escaping @Sendable () -> Void = {}) {
        guard let descriptor = getenv(variable).flatMap({ Int32(String(cString: $0)) }) else {
            return
        }
        // A process that this one starts has another parent.
        unsetenv(variable)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)

        let watch = Unmanaged.passRetained(Watch(descriptor: descriptor, cleanUp: cleanUp))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // It does little; room for what libraries keep for each thread.
        pthread_attr_setstacksize(&attributes, 256 << 10)
        // No handler of a plugin is to run there.
        var (all, former) = (sigset_t(), sigset_t())
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &former)
        defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
        var thread = pthread_t()
        let error = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, watch.toOpaque())
        // Without a thread the child lives until it is done.
        if error != 0 { watch.release() }
    }

    private final class Watch {
        private let descriptor: Int32
        private let cleanUp: @Sendable () -> Void

        init(descriptor: Int32, cleanUp: @escaping @Sendable () -> Void) {
            self.descriptor = descriptor
            self.cleanUp = cleanUp
        }

        func run() {
            var byte: UInt8 = 0
            var count: Int
            repeat { count = read(descriptor, &byte, 1) } while count < 0 && errno == EINTR
            // Anything else: the plugin has closed it.
            guard count == 0 else { return }
            cleanUp()
            // Its group is its own, but who called this by hand may share one with a shell.
            kill(getpgrp() == getpid() ? 0 : getpid(), SIGKILL)
        }
    }
}
