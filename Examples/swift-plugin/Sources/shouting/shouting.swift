import PipesPlugin

struct Shout: MapProcessor {
    static let summary = "Repeats a text in upper case."
    @Arg("How many times.") var times = 1
    func map(_ text: String) async throws -> String {
        String(repeating: text.uppercased(), count: times)
    }
}

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin("shouting", version: "1.0.0", processors: [Shout.self]).descriptor
}
