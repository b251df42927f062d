import Foundation
import FoundationNetworking
import PipesPlugin

struct Fetch: MapProcessor {
    static let summary = "The text behind each path of a web server."
    @Arg("The address of the server.") var server = "http://127.0.0.1:8000"

    /// Holds no thread while it waits; as many are under way as the node's `concurrency` says.
    func map(_ path: String) async throws -> String {
        guard let url = URL(string: server + path) else { throw Failure("\(path) is not a path") }
        let (body, response) = try await URLSession.shared.data(from: url)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        // A server that is busy is asked again, as the node's on_error says.
        if status >= 500 { throw Retry("\(path): the server answered \(status)") }
        guard status == 200 else { throw Failure("\(path): the server answered \(status)") }
        return String(decoding: body, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}

struct Failure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) {
        self.description = description
    }
}

@c @implementation
public func pipes_plugin_v1(_ host: UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>? {
    Plugin(
        "web", version: "1.0.0", summary: "Asks web servers.", processors: [Fetch.self]
    ).descriptor
}
