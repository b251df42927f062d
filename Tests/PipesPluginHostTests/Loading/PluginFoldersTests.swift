import Foundation
import PipesPluginHost
import Testing

@Suite("PluginFolders")
struct PluginFoldersTests {
    @Test("folders are searched in the order of the contract")
    func order() {
        let folders = PluginFolders(
            options: ["/opt/a", "b"], environment: "/env/c::d", graphFolder: "graphs",
            executableFolder: "/usr/local/bin")
        #expect(
            folders.folders.map(\.path) == [
                "/opt/a", "b", "/env/c", "d", "graphs/plugins", "plugins", "/usr/local/bin",
                "/usr/local/lib/pipes",
            ])
    }

    @Test("a folder that is named twice is searched once")
    func twice() {
        let folders = PluginFolders(
            options: ["plugins"], graphFolder: ".", executableFolder: nil)
        #expect(folders.folders.map(\.path) == ["plugins"])
        #expect(folders.folders.map(\.origin) == [.option])
    }
}
