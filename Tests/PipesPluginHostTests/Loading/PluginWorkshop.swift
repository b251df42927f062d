import CPipes
import Foundation
import PipesPluginHost
import Testing

/// A folder of its own in which a test builds plugins; gone when the test is over.
final class PluginWorkshop {
    let folder: String

    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// A table in which nothing is filled in: the fixtures call nothing of it.
    nonisolated(unsafe) static let host: UnsafePointer<pipes_host> = {
        let table = UnsafeMutablePointer<pipes_host>.allocate(capacity: 1)
        table.initialize(to: pipes_host())
        table.pointee.struct_size = UInt32(MemoryLayout<pipes_host>.size)
        return UnsafePointer(table)
    }()

    init() throws {
        var template = Array(NSTemporaryDirectory().appending("pipes-XXXXXX").utf8CString)
        let made = try #require(mkdtemp(&template))
        folder = String(cString: made)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Compiles one of the fixtures.
    ///
    /// - Parameters:
    ///   - file: its path in the workshop's folder.
    ///   - defines: the mistakes it shall have.
    ///   - linking: for the linker.
    @discardableResult
    func build(
        _ source: String, as file: String, _ defines: [String] = [], linking: [String] = []
    ) throws -> String {
        let path = "\(folder)/\(file)"
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments =
            ["cc", "-std=gnu11", "-fPIC", "-shared", "-I\(Self.root.path)/include", "-o", path]
            + defines.map { "-D\($0)" }
            + ["\(Self.root.path)/Tests/Fixtures/badplugins/\(source)"]
            + linking
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return path
    }

    func write(_ text: String, to file: String) throws {
        try text.write(toFile: "\(folder)/\(file)", atomically: false, encoding: .utf8)
    }

    func catalog(_ folders: [String]? = nil) -> PluginCatalog {
        let options = folders?.map { "\(folder)/\($0)" } ?? [folder]
        return PluginCatalog(
            folders: PluginFolders(options: options, executableFolder: nil), host: Self.host)
    }
}

/// The host's program, built beside the tests.
enum BuiltHost {
    static let path: String = {
        let bundle = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }
        let folder = URL(fileURLWithPath: bundle ?? CommandLine.arguments[0])
            .deletingLastPathComponent()
        return folder.appendingPathComponent("pipes-host").path
    }()
}

extension PluginCatalog {
    /// The messages about a node that can't be resolved; empty where it can.
    func mistakes(
        _ coro: String, signature: String? = nil, graphFolder: String? = nil
    ) -> [CatalogError] {
        switch processor(coro: coro, signature: signature, graphFolder: graphFolder) {
        case .success: []
        case .failure(let rejection): rejection.errors
        }
    }
}
