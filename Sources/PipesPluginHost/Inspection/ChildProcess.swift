import CFFI
import Glibc
import PipesCore

/// A child process whose standard output is read, and which can be killed with all that it
/// started. When this process ends it is killed too, if it holds its `Lifeline`.
package struct ChildProcess {
    /// How a child ended.
    package enum Ending: Equatable {
        case exited(code: Int32)
        case signalled(Int32)
    }

    /// The reading end of its standard output, nonblocking.
    package let output: Int32
    private let process: pid_t
    /// The end that is this process's, until the child has ended.
    private let lifeline: Int32

    /// Starts `command` without standard input, with no signal blocked, in a process group of its
    /// own: a terminal's signals pass it by, and `kill` reaches what it started. What is left of the
    /// group when the child ends is killed.
    ///
    /// - Parameters:
    ///   - environment: `NAME=VALUE` beside what this process has.
    ///   - errors: the descriptor that its standard error goes to; nil: nowhere.
    ///   - inheritsDescriptors: whether it keeps what this process has open for others; by default
    ///     the three standard ones and its lifeline are all it has. A socket that Foundation waits
    ///     for the end of would stay open as long as the child.
    /// - Throws: the system's reason.
    package init(
        _ command: [String], environment: [String] = [], errors: Int32? = nil,
        inheritsDescriptors: Bool = false
    ) throws(StartError) {
        let (output, childOutput) = try Self.pipe()
        defer { close(childOutput) }
        let childLifeline: Int32
        do throws(StartError) {
            (childLifeline, lifeline) = try Self.pipe()
        } catch {
            close(output)
            throw error
        }
        defer { close(childLifeline) }
        _ = fcntl(output, F_SETFL, fcntl(output, F_GETFL) | O_NONBLOCK)
        var process: pid_t = 0
        let code = Self.spawn(
            &process, command, environment: environment, output: childOutput, errors: errors,
            lifeline: childLifeline, inheritsDescriptors: inheritsDescriptors)
        guard code == 0 else {
            close(output)
            close(lifeline)
            throw StartError(code: code)
        }
        self.output = output
        self.process = process
    }

    package struct StartError: Error {
        package var reason: String

        package init(code: Int32) {
            reason = String(cString: strerror(code))
        }
    }

    /// - Returns: the end to read from and the end to write to, neither of which is one that a child
    ///   has a use of its own for.
    private static func pipe() throws(StartError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard cffi_pipe(&ends) else { throw StartError(code: errno) }
        defer { for end in ends { close(end) } }
        let moved = ends.map { fcntl($0, F_DUPFD_CLOEXEC, firstFree) }
        guard moved.allSatisfy({ $0 >= 0 }) else {
            let error = StartError(code: errno)
            for end in moved where end >= 0 { close(end) }
            throw error
        }
        return (moved[0], moved[1])
    }

    /// Where a child with nothing else has its lifeline.
    private static let lifelineOfChild: Int32 = 3
    private static let firstFree = lifelineOfChild + 1

    private static func spawn(
        _ process: inout pid_t, _ command: [String], environment: [String], output: Int32,
        errors: Int32?, lifeline: Int32, inheritsDescriptors: Bool
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
        // Among what it inherits it stays where it is: to itself means that it is kept (glibc).
        let held = inheritsDescriptors ? lifeline : lifelineOfChild
        posix_spawn_file_actions_adddup2(&actions, lifeline, held)
        if !inheritsDescriptors {
            let code = cffi_close_from(&actions, firstFree)
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
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var arguments = command.map { strdup($0.cPath) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var added = (environment + [Lifeline.variable(held)]).map { strdup($0) }
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

    /// Waits, a short while, for one of them to write something or to end.
    package static func wait(for children: [ChildProcess]) {
        var polled = children.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
        // Of an end nothing is heard while what the child started keeps its output open.
        poll(&polled, nfds_t(polled.count), 50)
        // Closed, and nothing left to be read: it is about to end, or goes on without.
        if polled.contains(where: { $0.revents != 0 && $0.revents & Int16(POLLIN) == 0 }) {
            usleep(500)
        }
    }

    /// Reads what is there. A child has told all once it has ended itself, whoever else keeps its
    /// output open.
    ///
    /// - Parameter take: is given what was read.
    /// - Returns: how it ended; nil while it runs. Not to be asked again once it has answered.
    package func advance(_ take: (ArraySlice<UInt8>) -> Void) -> Ending? {
        // Asked first: what it wrote before its end is there by now.
        let ending = ending()
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        // More than a pipe holds; who writes without end is not waited for.
        var most = 1 << 21
        while most > 0 {
            let count = read(output, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            take(chunk[..<count])
            most -= count
        }
        return ending
    }

    /// Releases what its output needed.
    package func closeOutput() {
        close(output)
    }

    private func collect(_ options: Int32) -> Ending? {
        // As long as it is not collected its number, and that of its group, is nobody else's.
        var ended = siginfo_t()
        while waitid(P_PID, id_t(process), &ended, WEXITED | WNOWAIT | options) != 0 {
            guard errno == EINTR else { return nil }
        }
        guard ended.si_signo == SIGCHLD else { return nil }
        _ = Glibc.kill(-process, SIGKILL)
        var status: Int32 = 0
        var answer: pid_t
        repeat { answer = waitpid(process, &status, options) } while answer < 0 && errno == EINTR
        guard answer == process else { return nil }
        close(lifeline)
        // How Linux packs a status (wait(2)); the macros of C are out of Swift's reach.
        let signal = status & 0x7f
        return signal == 0 ? .exited(code: (status >> 8) & 0xff) : .signalled(signal)
    }
}
