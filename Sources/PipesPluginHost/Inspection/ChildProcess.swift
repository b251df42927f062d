import CFFI
import Glibc

/// A child process whose standard output is read, and which can be killed with all that it
/// started.
package struct ChildProcess {
    /// How a child ended.
    package enum Ending: Equatable {
        case exited(code: Int32)
        case signalled(Int32)
    }

    /// The reading end of its standard output, nonblocking.
    package let output: Int32
    private let process: pid_t

    /// Starts `command` without standard input, with no signal blocked.
    ///
    /// - Parameters:
    ///   - environment: `NAME=VALUE` beside what this process has.
    ///   - errors: the descriptor that its standard error goes to; nil: nowhere.
    ///   - hasOwnGroup: whether it gets a process group of its own, so that a terminal's signals
    ///     pass it by and `kill` reaches what it started.
    ///   - inheritsDescriptors: whether it keeps what this process has open for others; by default
    ///     the three standard ones are all it has. A socket that Foundation waits for the end of
    ///     would stay open as long as the child.
    /// - Throws: the system's reason.
    package init(
        _ command: [String], environment: [String] = [], errors: Int32? = nil,
        hasOwnGroup: Bool = true, inheritsDescriptors: Bool = false
    ) throws(StartError) {
        var ends: [Int32] = [-1, -1]
        guard cffi_pipe(&ends) else { throw StartError(code: errno) }
        _ = fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK)
        var process: pid_t = 0
        let code = Self.spawn(
            &process, command, environment: environment, output: ends[1], errors: errors,
            hasOwnGroup: hasOwnGroup, inheritsDescriptors: inheritsDescriptors)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw StartError(code: code)
        }
        self.process = process
        output = ends[0]
    }

    package struct StartError: Error {
        package var reason: String

        package init(code: Int32) {
            reason = String(cString: strerror(code))
        }
    }

    private static func spawn(
        _ process: inout pid_t, _ command: [String], environment: [String], output: Int32,
        errors: Int32?, hasOwnGroup: Bool, inheritsDescriptors: Bool
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        if let errors {
            posix_spawn_file_actions_adddup2(&actions, errors, 2)
        } else {
            posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        }
        if !inheritsDescriptors {
            let code = cffi_close_from(&actions, 3)
            guard code == 0 else { return code }
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let group = hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group))

        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var added = environment.map { strdup($0) }
        defer { for variable in added { free(variable) } }
        var inherited = environ
        while let variable = inherited.pointee {
            added.append(strdup(variable))
            inherited += 1
        }
        added.append(nil)
        return posix_spawnp(&process, command[0], &actions, &attributes, &arguments, &added)
    }

    /// Kills it and what it started.
    package func kill() {
        _ = Glibc.kill(-process, SIGKILL)
        _ = Glibc.kill(process, SIGKILL)
    }

    /// How it ended; nil while it runs. Not to be asked again once it has answered.
    package func ending() -> Ending? {
        collect(WNOHANG)
    }

    /// Waits for its end: after `kill`.
    package func waitForEnding() -> Ending {
        collect(0) ?? .signalled(SIGKILL)
    }

    /// Releases what its output needed.
    package func closeOutput() {
        close(output)
    }

    private func collect(_ options: Int32) -> Ending? {
        var status: Int32 = 0
        var answer: pid_t
        repeat { answer = waitpid(process, &status, options) } while answer < 0 && errno == EINTR
        guard answer == process else { return nil }
        // How Linux packs a status (wait(2)); the macros of C are out of Swift's reach.
        let signal = status & 0x7f
        return signal == 0 ? .exited(code: (status >> 8) & 0xff) : .signalled(signal)
    }
}
