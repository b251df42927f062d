import PipesCore

/// What the program was started with, behind its name. `CommandLine.arguments` loses the bytes of
/// file names that are not UTF-8; here they are kept, as `PathText.swift` says.
enum ProcessArguments {
    static let all = UnsafeBufferPointer(
        start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)
    ).dropFirst().compactMap { $0.map { String(path: $0) } }
}
