// The Swift author's counterparts of the maps in C.
public import PipesPlugin

struct Add: MapProcessor {
    static let summary = "The next number."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true
    func map(_ number: Int) -> Int { number &+ 1 }
}

/// A String made of the row, and the row made of a String.
struct Copy: MapProcessor {
    static let summary = "The same text."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true
    func map(_ text: String) -> String { text }
}

/// The same through the raw view, which makes no String.
struct View: MapProcessor {
    static let summary = "The same text, never made a String."
    static let concurrent = true
    static let nonblocking = true
    static let pure = true
    func map(_ text: TextView) -> TextView { text }
}

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin(
        "measuredswift", version: "1.0.0", summary: "What the benchmarks measure, in Swift.",
        processors: [Add.self, Copy.self, View.self]
    ).descriptor
}
