import Foundation
import Testing

/// Answers requests on a port of its own of 127.0.0.1, each with the file of a folder.
///
/// Its thread ends with the tests: it waits for the next request.
struct WebServer {
    let port: UInt16
    var address: String { "http://127.0.0.1:\(port)" }

    init(_ folder: URL) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            let address = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            return bind(listener, address, size) == 0 && listen(listener, 16) == 0
                && getsockname(listener, address, &size) == 0
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { continue }
                Self.answer(connection, from: folder)
                close(connection)
            }
        }
    }

    private static func answer(_ connection: Int32, from folder: URL) {
        var request: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: request, as: UTF8.self).contains("\r\n\r\n") {
            let count = read(connection, &chunk, chunk.count)
            guard count > 0 else { return }
            request += chunk[..<count]
        }
        let words = String(decoding: request, as: UTF8.self).split(separator: " ")
        let file = words.count > 1 ? try? Data(contentsOf: folder.appending(path: words[1])) : nil
        let body = file ?? Data()
        let status = file == nil ? "404 Not Found" : "200 OK"
        let head = [
            "HTTP/1.1 \(status)", "Content-Length: \(body.count)", "Connection: close", "", "",
        ]
        let answer = Data(head.joined(separator: "\r\n").utf8) + body
        _ = answer.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
    }
}
