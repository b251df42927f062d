import Foundation
import Testing

/// A Markdown page of the checkout.
struct Page {
    struct Block {
        var language: String
        var text: String
    }

    /// Its blocks of code, in its order.
    private(set) var blocks: [Block] = []

    init(_ path: String) throws {
        let text = try String(
            contentsOf: Command.checkout.appendingPathComponent(path), encoding: .utf8)
        var open: Block?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(block)
                    open = nil
                } else {
                    open = Block(language: String(line.dropFirst(3)), text: "")
                }
            } else {
                open?.text += line + "\n"
            }
        }
    }

    /// The first block in this language that holds the text.
    func block(_ language: String, with text: String) throws -> String {
        try #require(blocks.first { $0.language == language && $0.text.contains(text) }).text
    }
}
