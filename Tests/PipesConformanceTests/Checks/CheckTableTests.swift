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
}
