import Foundation
import PipesConformance
import PipesCore
import PipesPluginHost
import Testing

/// A plugin's file, and the validator that looks at it as `pipes-host validate` does.
struct CheckedPlugin {
    let file: String

    /// A plugin that was built in a folder of its own; gone when the test is over.
    final class Folder {
        let path: String

        init() throws {
            var template = Array(NSTemporaryDirectory().appending("rules-XXXXXX").utf8CString)
            path = String(cString: try #require(mkdtemp(&template)))
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Where the host and the plugins are, beside the tests.
    private static let products: URL = {
        let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
        return URL(fileURLWithPath: bundle ?? CommandLine.arguments[0])
            .deletingLastPathComponent()
    }()

    /// Compiles a fixture, with the mistake it shall have.
    init(_ fixture: String, _ mistake: String?, in folder: Folder) throws {
        file = "\(folder.path)/rules.so"
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            ["cc", "-std=gnu11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-pthread"]
            + ["-I\(Self.root.path)/include", "-o", file] + (mistake.map { ["-D\($0)"] } ?? [])
            + ["\(Self.root.path)/Tests/Fixtures/badplugins/contract_\(fixture).c"]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
    }

    /// One of the built-in plugins.
    init(builtIn name: String) throws {
        file = Self.products.appendingPathComponent("lib\(name).so").path
        try #require(FileManager.default.fileExists(atPath: file), "swift build makes \(file)")
    }

    /// Runs the checks on a thread of their own, since they wait for processes.
    func validate(
        only checks: [String] = [], args: Validator.Args = [:], rows: [OwnRows.Row] = [],
        seed: UInt64 = .random(in: 0 ... .max)
    ) async throws -> ValidationReport {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try report(checks: checks, args: args, rows: rows, seed: seed)
                    })
            }
        }
    }

    private func report(
        checks: [String], args: Validator.Args, rows: [OwnRows.Row], seed: UInt64
    ) throws -> ValidationReport {
        let program = Self.products.appendingPathComponent("pipes-host").path
        let inspector = PluginInspector(
            folders: PluginFolders(options: [], executableFolder: nil),
            command: [program, "describe-file"])
        let plugin = try #require(inspector.report(of: file))
        try #require(plugin.broken == nil)
        var own = OwnRows()
        try #require(own.add(rows, to: plugin.processors, of: plugin.name) == [])
        return Validator(command: [program, "check-plugin"], limit: .seconds(300)).validate(
            plugin, path: file, selection: .init(checks: checks), args: args, rows: own, seed: seed)
    }
}

extension ValidationReport {
    /// What was found, each as `check: finding`.
    var findings: [String] {
        results.flatMap { result -> [String] in
            guard case .failed(let findings) = result.outcome else { return [] }
            return findings.map { "\(result.check.name): \($0)" }
        }
    }
}
