import Foundation
import Testing

/// What messages, headers, comments and pages refer to is there: pages, their chapters, passages of
/// pipes.h and decisions.
@Suite("each reference")
struct ReferenceTests {
    private static let root = Command.checkout

    /// The texts that are looked into, by their paths in the checkout.
    private static let texts: [String: String] = {
        var texts: [String: String] = [:]
        for folder in ["Sources", "include", "plugins", "docs", "Packaging", "Examples"] {
            let start = root.appendingPathComponent(folder)
            for case let file as URL in FileManager.default.enumerator(
                at: start, includingPropertiesForKeys: nil) ?? .init()
            where ["swift", "c", "h", "cpp", "md"].contains(file.pathExtension) {
                let path = String(file.path.dropFirst(root.path.count + 1))
                if path.contains("/.build") || path.contains("/build/") { continue }
                texts[path] = try? String(contentsOf: file, encoding: .utf8)
            }
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        where name.hasSuffix(".md") {
            texts[name] = try? String(
                contentsOf: root.appendingPathComponent(name), encoding: .utf8)
        }
        return texts
    }()

    /// A text as its reader sees it: without the signs of comments and of strings that go on in the
    /// next line.
    private static func plain(_ text: String) -> String {
        text.replacing(#/"\s*\n\s*\+ "/#, with: "")
            .replacing("\\\"", with: "\"")
            .replacing(#/\n\s*(///?|\*)? ?/#, with: " ")
    }

    /// Headings, and what begins a paragraph or an item in bold letters.
    private static func chapters(_ page: String) -> Set<String> {
        let text = page.replacing(#/```[\s\S]*?```/#, with: "")
        let headings = text.matches(of: #/(?m)^#+ (.+)$/#).map { String($0.1) }
        let runIns = text.matches(of: #/(?m)^(?:- )?\*\*([^*]+?)\.?\*\*/#).map { String($0.1) }
        return Set(headings + runIns)
    }

    /// As links within a page name a heading.
    private static func anchor(_ heading: String) -> String {
        heading.lowercased().filter { $0.isLetter || $0.isNumber || "- _".contains($0) }
            .replacing(" ", with: "-")
    }

    private static func page(_ name: String, from path: String) -> String? {
        let folder = (path as NSString).deletingLastPathComponent
        return [name, "docs/\(name)", "\(folder)/\(name)"].lazy
            .map { root.appendingPathComponent($0).standardized.path }
            .map { String($0.dropFirst(root.path.count + 1)) }.first { texts[$0] != nil }
    }

    private static let decisions: [String] =
        (try? FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent("docs/decisions").path)) ?? []

    private static let header = plain(texts["include/pipes/pipes.h"] ?? "")

    /// What a text refers to and is not there.
    private static func dangling(in text: String, at path: String) -> [String] {
        var missing: [String] = []
        let text = plain(text)
        for match in text.matches(
            of: #/(?:^|[^\w.\/-])((?:[\w.-]+\/)*[\w-]+\.md)((?:,? (?:and )?"[^"]+")*)/#)
        {
            let name = String(match.1)
            // A file of a project that is made, or of another repository.
            if name == "NAME.md" { continue }
            guard let target = page(name, from: path) else {
                missing.append(name)
                continue
            }
            let known = chapters(texts[target] ?? "")
            for chapter in match.2.matches(of: #/"([^"]+)"/#)
            where !known.contains(String(chapter.1)) {
                missing.append("\(name), \"\(chapter.1)\"")
            }
        }
        for match in text.matches(of: #/pipes\.h,((?:,? (?:and )?"[^"]+")+)/#) {
            for passage in match.1.matches(of: #/"([^"]+)"/#)
            where !header.contains(String(passage.1)) {
                missing.append("pipes.h, \"\(passage.1)\"")
            }
        }
        for match in text.matches(of: #/(?:[Dd]ecision |decisions\/)(\d{4})\b/#)
        where !decisions.contains(where: { $0.hasPrefix("\(match.1)-") }) {
            missing.append("decision \(match.1)")
        }
        guard path.hasSuffix(".md") else { return missing }
        for match in text.matches(of: #/\]\(([\w./-]*\.md)?#([^)]+)\)/#) {
            let target = match.1.map { page(String($0), from: path) } ?? path
            let anchors = target.flatMap { texts[$0] }.map { chapters($0).map(anchor) } ?? []
            if !anchors.contains(String(match.2)) { missing.append("#\(match.2)") }
        }
        return missing
    }

    @Test("leads to something")
    func all() {
        #expect(Self.texts.count > 200)
        for (path, text) in Self.texts.sorted(by: { $0.key < $1.key }) {
            #expect(Self.dangling(in: text, at: path) == [], "\(path)")
        }
    }

    @Test("that leads nowhere is found")
    func nowhere() {
        let text = """
            /// See docs/graph-file.md, "Properties" and "Natural
            /// batching", or abi.md; pipes.h, "Thread contract", "no such passage". Decision 0001
            /// and decision 9999.
            """
        #expect(
            Self.dangling(in: text, at: "Sources/x.swift") == [
                "docs/graph-file.md, \"Natural batching\"", "abi.md",
                "pipes.h, \"no such passage\"", "decision 9999",
            ])
        let message =
            "\"see docs/validate.md, \"\n    + \"\\\"The checks\\\"; docs/validate.md, \\\"No\\\"\""
        #expect(
            Self.dangling(in: message, at: "Sources/x.swift") == ["docs/validate.md, \"No\""])
        #expect(
            Self.dangling(in: "[a](#the-checks) [b](testing.md#faults)", at: "docs/validate.md")
                == [])
        #expect(Self.dangling(in: "[a](#no)", at: "docs/validate.md") == ["#no"])
    }

    @Test("of the decisions stands in their list")
    func listed() {
        let list = Self.texts["docs/decisions/README.md"] ?? ""
        for name in Self.decisions where name != "README.md" {
            #expect(list.contains("(\(name))"), "\(name)")
        }
    }
}
