import PipesConformance
import PipesCore
import Testing

@Suite("Plugins that keep the contract", .serialized)
struct GoodPluginTests {
    @Test(
        "a fixture without a mistake passes all checks",
        arguments: [("map", nil), ("process", nil), ("process", "AGGREGATES"), ("deferral", nil)])
    func fixture(_ name: String, _ form: String?) async throws {
        let folder = try CheckedPlugin.Folder()
        let report = try await CheckedPlugin(name, form, in: folder).validate()
        #expect(report.findings == [])
    }

    /// What the built-in processors need, or are quicker with.
    static let args: [String: Validator.Args] = [
        "io": ["write": ["path": .string("out.txt")]],
        "strings": ["match": ["pattern": .string("[a-z]+")], "random": ["seed": .int(7)]],
        "flow": [
            "range": ["end": .int(100)], "head": ["num": .int(5)], "batch": ["size": .int(3)],
            "tick": ["interval": .string("1ms")],
        ],
        "compress": [:],
        "json": ["get": ["path": .string("/a/b")]],
        "StringFuncs": ["input_coro": ["seed": .int(7)]],
        "StringFunc": ["input_str": ["seed": .int(7)]],
    ]

    /// What no generator hits upon: "hello world, hello" as zlib deflates it.
    static let rows: [String: [OwnRows.Row]] = [
        "compress": [
            .init(
                [
                    .bytes([
                        120, 156, 203, 72, 205, 201, 201, 87, 40, 207, 47, 202, 73, 209, 81, 200, 0,
                        113,
                        0, 64, 177, 6, 189,
                    ])
                ], file: "rows")
        ]
    ]

    @Test("every built-in plugin passes all checks", arguments: args.keys.sorted())
    func builtIn(_ name: String) async throws {
        let report = try await CheckedPlugin(builtIn: name).validate(
            args: Self.args[name] ?? [:], rows: Self.rows[name] ?? [])
        #expect(report.findings == [], "\(report.text)")
        #expect(report.failingAll == [])
        let skipped = report.results.filter {
            if case .skipped = $0.outcome { true } else { false }
        }
        #expect(skipped.map(\.check.name) == [])
    }
}
