import Foundation
import Testing

/// Builds the example as a stranger would, which takes a while: SwiftPM compiles PipesPlugin anew.
@Suite("The example of a plugin in Swift")
struct SwiftPluginExampleTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Examples/swift-plugin")
    private static let products = URL(fileURLWithPath: "/proc/self/exe")
        .resolvingSymlinksInPath().deletingLastPathComponent()

    /// Runs a program in the example's folder; what it prints is taken while it runs.
    private func run(_ program: URL, _ arguments: [String]) throws -> (output: String, code: Int32)
    {
        let process = Process()
        let output = Pipe()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = Self.folder
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: bytes, as: UTF8.self), process.terminationStatus)
    }

    @Test("the package builds, and its graph prints expected.txt", .timeLimit(.minutes(10)))
    func buildsAndRuns() throws {
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("swift-plugin-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: scratch) }
        let build = try run(
            URL(fileURLWithPath: "/usr/bin/env"),
            ["swift", "build", "--scratch-path", scratch.path, "--disable-index-store"])
        try #require(build.code == 0, "\(build.output)")
        let graph = try run(
            Self.products.appendingPathComponent("pipes-host"),
            ["run", "graph.json", "--plugins", "\(scratch.path)/debug"])
        let expected = try String(
            contentsOf: Self.folder.appendingPathComponent("expected.txt"), encoding: .utf8)
        #expect(graph.output == expected)
        #expect(graph.code == 0)
    }
}
