import Foundation
import PipesPluginHost
import Testing

@Suite("ReportCache")
struct ReportCacheTests {
    private let workshop: PluginWorkshop

    init() throws {
        workshop = try PluginWorkshop()
    }

    /// An inspector that keeps what it learns, and whose children leave a line in a file.
    private func inspector(limit: Duration = .seconds(60)) throws -> PluginInspector {
        let line = "echo >> \(workshop.folder)/looks; exec \(BuiltHost.path) describe-file \"$0\""
        let cache = try #require(ReportCache(folder: "\(workshop.folder)/cache"))
        return PluginInspector(
            folders: PluginFolders(options: [workshop.folder], executableFolder: nil),
            command: ["/bin/sh", "-c", line], limit: limit, cache: cache)
    }

    private var looks: Int {
        (try? Data(contentsOf: URL(fileURLWithPath: "\(workshop.folder)/looks")).count) ?? 0
    }

    @Test("a file is looked at once, and again when it has changed")
    func change() throws {
        let file = try workshop.build(
            "constructor.c", as: "libcrash.so", ["NAME=\"crash\"", "CRASHES"])
        for _ in 1...3 {
            #expect(try inspector().report(of: file)?.broken == "signal 11 while loading")
        }
        #expect(looks == 1)
        // As `plugins` says.
        #expect(utimensat(AT_FDCWD, file, nil, 0) == 0)
        #expect(try inspector().report(of: file)?.broken == "signal 11 while loading")
        #expect(looks == 2)
        try workshop.build("constructor.c", as: "libcrash.so", ["NAME=\"crash\""])
        for _ in 1...3 { #expect(try inspector().report(of: file)?.broken == nil) }
        #expect(looks == 3)
    }

    @Test("a file is looked at again when a library that it needs has changed")
    func neededLibrary() throws {
        try workshop.build("constructor.c", as: "libneeded.so", ["NAME=\"x\""])
        let file = try workshop.build(
            "constructor.c", as: "libplugin.so", ["NAME=\"plugin\""],
            linking: [
                "-Wl,--no-as-needed", "-L\(workshop.folder)", "-lneeded", "-Wl,-rpath,$ORIGIN",
            ]
        )
        for _ in 1...2 { #expect(try inspector().report(of: file)?.broken == nil) }
        #expect(looks == 1)
        try workshop.build("constructor.c", as: "libneeded.so", ["NAME=\"x\"", "CRASHES"])
        #expect(try inspector().report(of: file)?.broken == "signal 11 while loading")
        #expect(looks == 2)
    }

    @Test("a file is looked at again when a library that it hands its path on to has changed")
    func inheritedPath() throws {
        let libs = "\(workshop.folder)/libs"
        let linking = ["-Wl,--no-as-needed", "-L\(libs)"]
        try workshop.build("constructor.c", as: "libs/libdeep.so", ["NAME=\"x\"", "CRASHES"])
        try workshop.build(
            "constructor.c", as: "libs/libhelper.so", ["NAME=\"x\""],
            linking: linking + ["-ldeep"])
        let file = try workshop.build(
            "constructor.c", as: "libplugin.so", ["NAME=\"plugin\""],
            linking: linking + ["-lhelper", "-Wl,--disable-new-dtags,-rpath,$ORIGIN/libs"])
        #expect(try inspector().report(of: file)?.broken == "signal 11 while loading")
        try workshop.build("constructor.c", as: "libs/libdeep.so", ["NAME=\"x\""])
        #expect(try inspector().report(of: file)?.broken == nil)
    }

    @Test("what is known of a file is told under the path that it is asked for now")
    func path() throws {
        let file = try workshop.build("constructor.c", as: "libfine.so", ["NAME=\"fine\""])
        #expect(try inspector().report(of: file)?.file == file)
        let other = "\(workshop.folder)/./libfine.so"
        #expect(try inspector().report(of: other)?.file == other)
        #expect(looks == 1)
    }

    @Test("a folder that others can write to is not relied on")
    func untrusted() throws {
        let folder = "\(workshop.folder)/open"
        mkdir(folder, 0o700)
        chmod(folder, 0o777)
        #expect(ReportCache(folder: folder) == nil)
    }

    @Test("a broken entry is as good as none")
    func brokenEntry() throws {
        let file = try workshop.build("constructor.c", as: "libfine.so", ["NAME=\"fine\""])
        _ = try inspector().report(of: file)
        let folder = "\(workshop.folder)/cache"
        for entry in try FileManager.default.contentsOfDirectory(atPath: folder) {
            try "{\"identity\":".write(
                toFile: "\(folder)/\(entry)", atomically: false, encoding: .utf8)
        }
        #expect(try inspector().report(of: file)?.name == "fine")
        #expect(looks == 2)
    }

    @Test("a plugin that crashes while it is loaded is an error of the node that names it")
    func scout() throws {
        try workshop.build("constructor.c", as: "libcrash.so", ["NAME=\"crash\"", "CRASHES"])
        let catalog = PluginCatalog(
            folders: PluginFolders(options: [workshop.folder], executableFolder: nil),
            host: PluginWorkshop.host, scout: try inspector())
        #expect(
            catalog.mistakes("crash.same").map(\.message) == [
                "plugin crash (\(workshop.folder)/libcrash.so) can't be used: signal 11 while loading"
            ])
    }
}
