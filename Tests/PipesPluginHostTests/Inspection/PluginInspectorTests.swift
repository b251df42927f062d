import Foundation
import PipesCore
import PipesPluginHost
import Testing

@Suite("PluginInspector")
struct PluginInspectorTests {
    private let workshop: PluginWorkshop

    init() throws {
        workshop = try PluginWorkshop()
    }

    private func inspector(_ folders: [String]? = nil, limit: Duration = .seconds(5))
        -> PluginInspector
    {
        let options = folders?.map { "\(workshop.folder)/\($0)" } ?? [workshop.folder]
        return PluginInspector(
            folders: PluginFolders(options: options, executableFolder: nil),
            command: [BuiltHost.path, "describe-file"], limit: limit)
    }

    @Test("a plugin that crashes, hangs or ends the process is a line in the list")
    func broken() throws {
        try workshop.build("constructor.c", as: "libcrash.so", ["NAME=\"crash\"", "CRASHES"])
        try workshop.build("constructor.c", as: "libdies.so", ["NAME=\"dies\"", "CRASHES_AT_END"])
        try workshop.build("constructor.c", as: "libends.so", ["NAME=\"ends\"", "EXITS"])
        try workshop.build("constructor.c", as: "libforks.so", ["NAME=\"forks\"", "FORKS"])
        try workshop.build("constructor.c", as: "libhang.so", ["NAME=\"hang\"", "HANGS"])
        try workshop.build("constructor.c", as: "libprints.so", ["NAME=\"prints\"", "PRINTS"])
        try workshop.build("ordinary.c", as: "libordinary.so")
        try workshop.build("ordinary.c", as: "libincomplete.so", ["INCOMPLETE"])
        try workshop.build("version2.c", as: "version2.so")
        try workshop.build("descriptor.c", as: "libtwo.so", ["NAME=\"two\"", "TWO_SHAPES"])
        try workshop.write("no library", to: "text.so")
        // An instrumented program takes longer to start.
        let seconds = ProcessInfo.processInfo.environment["PIPES_LOAD_SECONDS"] ?? "1"
        let reports = inspector(limit: .seconds(Int(seconds) ?? 1)).reports()
        #expect(
            reports.map { "\($0.name): \($0.broken ?? "fine")" } == [
                "crash: signal 11 while loading",
                "dies: signal 11 while ending",
                "ends: ended the process with exit code 3 while loading",
                "forks: fine",
                "hang: took longer than \(seconds) s to load",
                "incomplete: undefined symbol: nobody_has_this",
                "prints: fine",
                "two: processor \"same\": it has the shapes map and process; set one of them",
                "text: not a shared object: it does not begin as an ELF file",
                "version2: made for ABI 2, this host has 1",
            ])
        #expect(reports.map(\.processors.count) == [0, 0, 0, 1, 0, 0, 1, 0, 0, 0])
    }

    @Test("a file for another machine, and one that is cut short, are told as what they are")
    func otherMachine() throws {
        #if arch(arm64)
            let (own, other, number) = ("AArch64", "x86-64", UInt8(62))
        #else
            let (own, other, number) = ("x86-64", "AArch64", UInt8(183))
        #endif
        let file = try workshop.build("constructor.c", as: "libfine.so", ["NAME=\"fine\""])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        try bytes.prefix(bytes.count / 2)
            .write(to: URL(fileURLWithPath: "\(workshop.folder)/libhalf.so"))
        // e_machine.
        bytes[18] = number
        try bytes.write(to: URL(fileURLWithPath: "\(workshop.folder)/libother.so"))
        let reports = inspector().reports()
        #expect(
            reports.map { "\($0.name): \($0.broken ?? "fine")" } == [
                "fine: fine", "half: the file is cut short",
                "other: made for another machine (\(other); this is \(own))",
            ])
        // Nothing was run, so nothing is dangerous.
        #expect(!reports.contains { $0.isDangerous })
    }

    @Test("a report says all that the descriptor says")
    func whole() throws {
        let file = try workshop.build("descriptor.c", as: "libdescriptor.so")
        let report = try #require(inspector().report(of: file))
        let plugin = try workshop.catalog().plugin("descriptor").get()
        #expect(report.processors == plugin.processors.map(\.description))
        #expect(report.version == "1.2.3" && report.summary == "For tests." && report.broken == nil)
    }

    @Test("of two folders the earlier wins, and two files for one plugin are both broken")
    func doubles() throws {
        try workshop.build("descriptor.c", as: "a/libdescriptor.so")
        try workshop.build("descriptor.c", as: "b/libdescriptor.so")
        try workshop.build("descriptor.c", as: "b/libx.so", ["NAME=\"x\""])
        try workshop.build("descriptor.c", as: "b/x.so", ["NAME=\"x\""])
        let reports = inspector(["a", "b"]).reports()
        let folder = workshop.folder
        let reason =
            "two files for one plugin: \(folder)/b/libx.so and \(folder)/b/x.so; remove one of them"
        #expect(
            reports.map(\.file) == [
                "\(folder)/a/libdescriptor.so", "\(folder)/b/libx.so", "\(folder)/b/x.so",
            ])
        #expect(reports.map(\.broken) == [nil, reason, reason])
        let hidden = ["\(folder)/b/libdescriptor.so"]
        #expect(reports.map(\.hides) == [hidden, [], []])
        #expect(inspector(["a", "b"]).report(named: "descriptor")?.hides == hidden)
        // A link to the same file hides nothing.
        symlink("\(folder)/a", "\(folder)/c")
        #expect(inspector(["a", "c"]).reports().map(\.hides) == [[]])
    }

    @Test("a file that must not be trusted is listed and not loaded")
    func untrusted() throws {
        let file = try workshop.build(
            "constructor.c", as: "libcrash.so", ["NAME=\"crash\"", "CRASHES"])
        chmod(file, 0o777)
        #expect(
            inspector().reports().map(\.broken) == [
                "everybody can write to the file; take that away with chmod o-w"
            ])
    }

    @Test("a report survives its way through JSON")
    func roundTrip() throws {
        let report = PluginReport(
            name: "p", version: "1", summary: "s", file: "f", toolchain: "swift",
            processors: [
                ProcessorDescription(
                    name: "a", shape: .process, rate: .splits, flags: [.pure, .defers],
                    params: [
                        .init(name: "x", kind: .bytes, fallback: .bytes([0, 255])),
                        .init(name: "y", kind: .int, choices: [.int(1)], minimum: 1, maximum: 9),
                        .init(name: "z", kind: .any, fallback: .null),
                    ], inputs: nil, holds: .rows(3)),
                ProcessorDescription(name: "b", shape: .produce, inputs: [], holds: .all),
            ])
        var json: [UInt8] = []
        report.value.appendJSON(to: &json)
        #expect(try PluginReport(try Value(json: json)) == report)
    }
}
