import Dispatch
import Foundation
import Testing

/// Runs a program the way a user does, and keeps all it said.
struct Command {
    struct Outcome: Equatable {
        var output: String
        var errors: String
        /// The exit code; for a program that died of a signal, 128 and the signal's number.
        var code: Int32
    }

    /// The checkout, which examples and their READMEs take for the working folder.
    static let checkout = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Where the build left the test bundle, and so the host and its plugins.
    static let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    static var host: URL { products.appendingPathComponent("pipes-host") }

    private let process = Process()
    private let output: URL
    private let errors: URL
    private let ended = AsyncStream<Void>.makeStream()

    /// Starts `pipes-host` with these arguments.
    static func host(
        _ arguments: [String], input: String = "", environment: [String: String] = [:],
        in folder: URL = checkout
    ) throws -> Command {
        try Command(host, arguments, input: input, environment: environment, in: folder)
    }

    /// Starts a line of shell in which `pipes-host` is on the path.
    static func shell(
        _ line: String, environment: [String: String] = [:], in folder: URL = checkout
    ) throws -> Command {
        try Command(
            URL(fileURLWithPath: "/bin/sh"), ["-c", line], environment: environment, in: folder)
    }

    init(
        _ program: URL, _ arguments: [String], input: String = "",
        environment: [String: String] = [:], in folder: URL
    ) throws {
        let scratch = try Scratch()
        output = scratch.folder.appendingPathComponent("output")
        errors = scratch.folder.appendingPathComponent("errors")
        try scratch.write(input, to: "input")
        try scratch.write("", to: "output")
        try scratch.write("", to: "errors")

        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        var all = ProcessInfo.processInfo.environment
        // A make that runs in a test is nobody's part, also where another make runs the tests.
        for name in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS"] { all[name] = nil }
        // What the tests are run with is not to change what they see.
        for name in ["PIPES_PLUGINS", "NO_COLOR"] { all[name] = nil }
        all["PATH"] = Command.products.path + ":" + (all["PATH"] ?? "/usr/bin:/bin")
        process.environment = all.merging(environment) { $1 }
        // Files and not pipes: nobody has to read while the program runs.
        let files = [
            try FileHandle(forReadingFrom: scratch.folder.appendingPathComponent("input")),
            try FileHandle(forWritingTo: output), try FileHandle(forWritingTo: errors),
        ]
        process.standardInput = files[0]
        process.standardOutput = files[1]
        process.standardError = files[2]
        let ending = ended.continuation
        process.terminationHandler = { _ in ending.finish() }
        try process.run()
        // The process object lives on, and would keep them. Foundation reads past the end of the
        // list of open files where they are more than a thousand.
        for file in files { try file.close() }
    }

    /// Sends a signal to the program.
    func signal(_ number: Int32) {
        kill(process.processIdentifier, number)
    }

    var hasEnded: Bool { !process.isRunning }

    /// What it has said so far on standard output.
    var outputSoFar: String { Command.text(of: output) }
    var errorsSoFar: String { Command.text(of: errors) }

    /// Waits for the program's end; one that takes longer than `seconds` is killed, and its exit
    /// code says so.
    func outcome(within seconds: Int = 60) async -> Outcome {
        let running = process.processIdentifier
        let watchdog = DispatchWorkItem { kill(running, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds), execute: watchdog)
        for await _ in ended.stream {}
        watchdog.cancel()
        let died = process.terminationReason == .uncaughtSignal
        return Outcome(
            output: Command.text(of: output), errors: Command.text(of: errors),
            code: process.terminationStatus + (died ? 128 : 0))
    }

    private static func text(of file: URL) -> String {
        // A file that can't be read fails the test that looks into it.
        (try? String(contentsOf: file, encoding: .utf8)) ?? "(\(file.path) can't be read)"
    }
}

/// A folder of its own for a test, below the build's.
struct Scratch {
    let folder: URL

    init() throws {
        folder = Command.products.appendingPathComponent("scratch")
            .appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> URL {
        let file = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return file
    }

    func read(_ name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    /// What a run with `--report report.json` wrote.
    func report() throws -> [String: Any] {
        let data = Data(try read("report.json").utf8)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
}
