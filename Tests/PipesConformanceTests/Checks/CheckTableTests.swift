import Foundation
import PipesConformance
import Testing

@Suite("docs/validate.md")
struct CheckTableTests {
    @Test("the table of checks says what each check says of itself")
    func table() throws {
        var checkout = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { checkout.deleteLastPathComponent() }
        let page = try String(
            contentsOf: checkout.appendingPathComponent("docs/validate.md"), encoding: .utf8)
        let lines = page.split(separator: "\n").map(String.init)
        let head = try #require(lines.firstIndex { $0.hasPrefix("| check | ") })
        let rows = lines[(head + 2)...].prefix { $0.hasPrefix("| ") }
        #expect(
            Array(rows) == Check.all.map { "| `\($0.name)` | \($0.proves) | \($0.source) |" })
    }

    @Test("each check names parts of pipes.h that are there")
    func sources() throws {
        var checkout = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { checkout.deleteLastPathComponent() }
        let header = try String(
            contentsOf: checkout.appendingPathComponent("include/pipes/pipes.h"), encoding: .utf8)
        let known = Set(header.split { !($0.isLetter || $0.isNumber || $0 == "_") })
        for check in Check.all {
            // Passages and pages are looked up where all references are.
            let names = check.source.replacing(#/"[^"]*"/#, with: "")
                .replacing(#/[\w\/-]+\.(md|h)/#, with: "")
                .split { !($0.isLetter || $0.isNumber || $0 == "_") }
            for name in names {
                #expect(known.contains(name), "\(check.name): \(check.source)")
            }
        }
    }
}
