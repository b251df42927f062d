import PipesPlugin
import Testing

private struct Shout: MapProcessor {
    static let summary = "Louder."
    func map(_ text: String) -> String { text.uppercased() }
}

private struct Named: MapProcessor {
    static let name = "under_score"
    static let summary = "Has a name of its own."
    func map(_ text: String) -> String { text }
}

@Suite("Plugin descriptors")
struct PluginTests {
    @Test("the descriptor holds what was given, and the sizes of the structs")
    func contents() throws {
        let plugin = try #require(
            Plugin(
                "described", version: "1.2.3", summary: "A plugin.",
                processors: [Shout.self, Named.self]
            ).descriptor)
        #expect(String(cString: plugin.pointee.name) == "described")
        #expect(String(cString: plugin.pointee.version) == "1.2.3")
        #expect(String(cString: plugin.pointee.summary) == "A plugin.")
        #expect(String(cString: plugin.pointee.toolchain).hasPrefix("swift-6"))
        #expect(plugin.pointee.struct_size == MemoryLayout<pipes_plugin>.size)
        #expect(plugin.pointee.minor == 0)
        #expect(plugin.processors.map { String(cString: $0.name) } == ["shout", "under_score"])
        #expect(
            plugin.processors.map { String(cString: $0.summary) }
                == ["Louder.", "Has a name of its own."])
        let size = MemoryLayout<pipes_processor>.size
        #expect(plugin.processors.allSatisfy { $0.struct_size == size })
    }

    @Test("the descriptor is made once, whoever asks at the same time")
    func once() async {
        let addresses = await withTaskGroup { group in
            for _ in 0..<100 {
                group.addTask {
                    UInt(
                        bitPattern: Plugin(
                            "once", version: "1.0.0", processors: [Shout.self]
                        ).descriptor)
                }
            }
            return await group.reduce(into: Set<UInt>()) { $0.insert($1) }
        }
        #expect(addresses.count == 1)
        #expect(!addresses.contains(0))
    }

    @Test("more processors than can be are no plugin")
    func tooMany() {
        let many = [any Processor.Type](
            repeating: Shout.self, count: Plugin.maximumProcessorCount + 1)
        #expect(Plugin("many", version: "1.0.0", processors: many).descriptor == nil)
    }
}
