public import PipesPlugin

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin(
        "json", version: "1.0.0", summary: "JSON texts and the values in them.",
        processors: [Parse.self, Format.self, Get.self]
    ).descriptor
}
