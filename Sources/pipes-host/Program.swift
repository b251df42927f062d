import ArgumentParser
import CGuard
import Glibc
import PipesRuntime

/// The main thread serves the main queue, for plugins that put work there, and nothing of the
/// host is ever on it: the command runs on a thread of its own, which ends the program.
@main
enum Program {
    static func main() {
        // A reader that has gone away shows as EPIPE where it is written to, in plugins too.
        signal(SIGPIPE, SIG_IGN)
        openStandardDescriptors()
        cguard_save_memory()
        if !hasRoom(forData: 40 << 20) || !hasRoom(forAddresses: 160 << 20) {
            endForWantOfMemory()
        }
        let command = ProcessArguments.all.first
        if command == RunCommand.configuration.commandName { StopOrders.ofProcess.expectRun() }
        // A child is ended by its parent, and what a plugin does to signals there is its own.
        if !children.contains(command ?? "") { StopSignals.heed() }
        Task.detached(executorPreference: BlockingThreads.shared) { await runCommand() }
        cguard_serve_main_queue()
    }

    private static let children = [
        DescribeFileCommand.name, CheckPluginCommand.name, TestCaseCommand.name,
        TryExamplesCommand.name,
    ]

    /// What a thread can't be started without is found here: later, libdispatch waits for it for
    /// ever.
    static func endForWantOfMemory() -> Never {
        Console.error.print(
            "error: there is too little memory for pipes-host: it takes 48 MiB of data (ulimit -d) "
                + "and 200 MiB of addresses (ulimit -v); raise what is lower")
        _exit(1)
    }

    /// Less than what the message says, since part of that is in use by now.
    private static func hasRoom(forData size: Int) -> Bool {
        hasRoom(for: size, PROT_READ | PROT_WRITE)
    }

    private static func hasRoom(forAddresses size: Int) -> Bool {
        hasRoom(for: size, PROT_NONE)
    }

    /// Nothing of it is touched, so it costs next to nothing.
    private static func hasRoom(for size: Int, _ access: Int32) -> Bool {
        let memory = mmap(nil, size, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let memory, memory != MAP_FAILED else { return false }
        munmap(memory, size)
        return true
    }

    private static func runCommand() async -> Never {
        do {
            let command = try await PipesHost.asyncParseAsRoot(ProcessArguments.all)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
        } catch {
            leave(with: error)
        }
        ExitWatch.end(0)
    }

    /// Ends the program. Help, the version and completions come as errors too, and are what was
    /// asked for.
    private static func leave(with error: any Error) -> Never {
        let text = PipesHost.fullMessage(for: error)
        let code = PipesHost.exitCode(for: error)
        if text.isEmpty { ExitWatch.end(code.rawValue) }
        guard code == .success else {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            Console.error.print(lines.map { String($0).printable }.joined(separator: "\n"))
            ExitWatch.end(code.rawValue)
        }
        do throws(ExitCode) {
            try Console.show(text + "\n")
            ExitWatch.end(0)
        } catch {
            ExitWatch.end(error.rawValue)
        }
    }

    /// Where one was closed by who started this program, the next file to be opened would take
    /// its number, and get what is printed.
    private static func openStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO
        where fcntl(descriptor, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number: this one.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
