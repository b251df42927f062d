public import CPipes
internal import Synchronization

/// A plugin: its name, and the processors inside.
///
/// ```swift
/// @c @implementation
/// public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
///     Plugin("shouting", version: "1.0.0", processors: [Shout.self]).descriptor
/// }
/// ```
public struct Plugin {
    private let name: String
    private let version: String
    private let summary: String
    private let processors: [any Processor.Type]

    /// - Parameters:
    ///   - name: The part of `coro` before the dot; the library is `NAME.so` or `libNAME.so`.
    ///   - version: A semantic version.
    ///   - summary: One sentence for the list of plugins.
    ///   - processors: What it exports, up to `maximumProcessorCount`.
    public init(
        _ name: String, version: String, summary: String = "", processors: [any Processor.Type]
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.processors = processors
    }

    /// The description as the host reads it; made at the first call, the same from then on.
    ///
    /// Safe on any thread. Static: never freed. Nil where there are too many processors.
    public var descriptor: UnsafePointer<pipes_plugin>? {
        Self.made.withLock { made in
            if let known = made[name] { return known.pointer }
            guard let slots = OpenSlots.claim(processors.map { $0.blueprint }) else { return nil }
            let pointer = Descriptor.make(
                name: name, version: version, summary: summary, processors: slots)
            made[name] = Made(pointer: pointer)
            return Made(pointer: pointer).pointer
        }
    }

    /// How many processors the plugins of one library can have.
    public static var maximumProcessorCount: Int { OpenSlots.count }

    private struct Made: @unchecked Sendable {  // never written again
        let pointer: UnsafePointer<pipes_plugin>
    }

    private static let made = Mutex<[String: Made]>([:])
}
