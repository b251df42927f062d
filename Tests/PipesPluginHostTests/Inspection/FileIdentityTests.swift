import Foundation
import PipesPluginHost
import Testing

@Suite("FileIdentity")
struct FileIdentityTests {
    private let workshop: PluginWorkshop

    init() throws {
        workshop = try PluginWorkshop()
    }

    @Test("a path of the newer kind holds for what the file needs itself, and no further")
    func ownPath() throws {
        let libs = "\(workshop.folder)/libs"
        let linking = ["-Wl,--no-as-needed", "-L\(libs)"]
        let deep = try workshop.build("constructor.c", as: "libs/libdeep.so", ["NAME=\"x\""])
        let helper = try workshop.build(
            "constructor.c", as: "libs/libhelper.so", ["NAME=\"x\""],
            linking: linking + ["-ldeep"])
        let file = try workshop.build(
            "constructor.c", as: "libplugin.so", ["NAME=\"plugin\""],
            linking: linking + ["-lhelper", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/libs"])
        let lines = try #require(FileIdentity.lines(of: file))
        #expect(lines.contains { $0.hasPrefix(helper) })
        #expect(lines.contains("libdeep.so is missing"))
        #expect(!lines.contains { $0.hasPrefix(deep) })
    }

    @Test("a file that was written anew is another, though its size and its time are the same")
    func sameSizeAndTime() async throws {
        try workshop.write("one", to: "file")
        let path = "\(workshop.folder)/file"
        var status = stat()
        #expect(stat(path, &status) == 0)
        let before = try #require(FileIdentity.lines(of: path))
        #expect(FileIdentity.lines(of: path) == before)
        // The clock of a file system goes by steps.
        try await Task.sleep(for: .milliseconds(50))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: Data("two".utf8))
        try file.close()
        var times = [status.st_atim, status.st_mtim]
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        #expect(FileIdentity.lines(of: path) != before)
    }

    // MARK: /etc/ld.so.cache

    /// A cache as ldconfig writes it.
    ///
    /// - Parameter isOld: whether it has the older form in front, with two libraries of its own.
    private static func cache(
        _ entries: KeyValuePairs<String, String>, isOld: Bool = false
    ) -> [UInt8] {
        func number(_ value: Int) -> [UInt8] {
            withUnsafeBytes(of: UInt32(value).littleEndian) { Array($0) }
        }
        var texts: [UInt8] = []
        var list: [UInt8] = []
        let start = 48 + 24 * entries.count
        for (name, path) in entries {
            let key = start + texts.count
            texts += Array(name.utf8) + [0]
            let value = start + texts.count
            texts += Array(path.utf8) + [0]
            list += number(0x303) + number(key) + number(value) + number(0) + number(0) + number(0)
        }
        let head =
            Array("glibc-ld.so.cache1.1".utf8) + number(entries.count) + number(texts.count)
            + number(2) + number(0) + number(0) + number(0) + number(0)
        let old = Array("ld.so-1.7.0".utf8) + [0] + number(2) + [UInt8](repeating: 0, count: 24)
        return (isOld ? old : []) + head + list + texts
    }

    private func linkerCache(_ bytes: [UInt8]) throws -> LinkerCache {
        let path = "\(workshop.folder)/ld.so.cache"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return LinkerCache(path: path)
    }

    @Test("a library is found where the linker's cache says", arguments: [false, true])
    func cached(_ isOld: Bool) throws {
        let library = try workshop.build("constructor.c", as: "far/libknown.so", ["NAME=\"x\""])
        let file = try workshop.build(
            "constructor.c", as: "libplugin.so", ["NAME=\"plugin\""],
            linking: ["-Wl,--no-as-needed", "-L\(workshop.folder)/far", "-lknown"])
        let none = try #require(FileIdentity.lines(of: file))
        #expect(none.contains("libknown.so is missing"))
        let cache = try linkerCache(
            Self.cache(["liba.so": "/nowhere/liba.so", "libknown.so": library], isOld: isOld))
        let lines = try #require(FileIdentity.lines(of: file, linkerCache: cache))
        #expect(lines.contains { $0.hasPrefix("\(library) ") })
        #expect(!lines.contains("libknown.so is missing"))
    }

    @Test("the cache of this system knows the C library")
    func ofSystem() {
        let files = LinkerCache.ofSystem.files(named: "libc.so.6")
        #expect(files.contains { access($0, F_OK) == 0 }, "\(files)")
    }

    @Test("a cache that lies, or is cut short, does no harm")
    func lies() throws {
        let whole = Self.cache(["liba.so": "/a/liba.so"], isOld: true)
        #expect(try linkerCache(whole).files(named: "liba.so") == ["/a/liba.so"])
        for size in 0..<whole.count { _ = try linkerCache(Array(whole[..<size])) }
        for at in stride(from: 0, to: whole.count - 3, by: 4) {
            for number: [UInt8] in [[255, 255, 255, 255], [255, 255, 255, 127], [0, 0, 0, 1]] {
                var bytes = whole
                bytes.replaceSubrange(at..<at + 4, with: number)
                let files = try linkerCache(bytes).files(named: "liba.so")
                #expect(files.count <= 1)
            }
        }
        #expect(LinkerCache(path: "\(workshop.folder)/none").files(named: "liba.so") == [])
    }
}
