import Glibc

/// What of its process a plugin may not change without being asked.
struct Surroundings {
    private static let outputFile = "output"

    private let holdings = Holdings.now
    private let usualOutput: Int32
    private let output: Int32

    /// From here on what is printed is caught, until `changes` was called.
    init() {
        setlocale(LC_ALL, "C")
        fflush(nil)
        usualOutput = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100)
        output = open(Self.outputFile, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        if output >= 0 { dup2(output, STDOUT_FILENO) }
    }

    /// What was done since, in words.
    func changes() -> [String] {
        fflush(nil)
        let printed = output >= 0 ? lseek(output, 0, SEEK_END) : 0
        if usualOutput >= 0 { dup2(usualOutput, STDOUT_FILENO) }
        close(output)
        close(usualOutput)
        var changes: [String] = []
        if printed > 0 { changes.append("prints") }
        if let locale = setlocale(LC_ALL, nil), String(cString: locale) != "C" {
            changes.append("sets the locale \(String(cString: locale))")
        }
        guard let holdings, var now = Holdings.now else { return changes }
        // What is about to end may take a moment.
        for _ in 0..<20
        where now.threads > holdings.threads || now.descriptors > holdings.descriptors {
            usleep(50_000)
            now = Holdings.now ?? now
        }
        if now.threads > holdings.threads { changes.append("leaves threads running") }
        if now.descriptors > holdings.descriptors { changes.append("leaves descriptors open") }
        return changes
    }
}
