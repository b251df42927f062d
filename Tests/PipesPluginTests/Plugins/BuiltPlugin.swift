import Foundation
import PipesPlugin

/// A built plugin, loaded as a host loads it.
enum BuiltPlugin {
    struct NotLoaded: Error {
        var reason: String
    }

    /// - Parameter name: of the plugin, whose library the build left beside the tests.
    static func load(_ name: String) throws -> UnsafePointer<pipes_plugin> {
        let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let file = products.appendingPathComponent("lib\(name).so").path
        guard let library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw NotLoaded(reason: dlerror().map { String(cString: $0) } ?? "no reason given")
        }
        guard let symbol = dlsym(library, "pipes_plugin_v1") else {
            throw NotLoaded(reason: "\(file) exports no pipes_plugin_v1")
        }
        typealias Plugin = UnsafePointer<pipes_plugin>
        typealias Entry = @convention(c) (UnsafePointer<pipes_host>?) -> Plugin?
        guard let plugin = unsafeBitCast(symbol, to: Entry.self)(StrictHost.pointer) else {
            throw NotLoaded(reason: "\(file) has no descriptor")
        }
        return plugin
    }
}
