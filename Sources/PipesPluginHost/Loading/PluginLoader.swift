package import CPipes

/// Loads a file and asks it for its plugin.
package enum PluginLoader {
    package enum Failure: Error, Hashable {
        /// An ordinary library: it exports no `pipes_plugin_v` of any version.
        case notAPlugin
        /// Why it can't be used, in one line.
        case broken(String)
    }

    static let symbolPrefix = "pipes_plugin_v"

    package typealias Entry =
        @convention(c) (UnsafePointer<pipes_host>?) -> UnsafePointer<pipes_plugin>?

    /// - Parameters:
    ///   - path: with a `/`; whether it may be trusted has been checked.
    ///   - host: what the plugin may call, for as long as the process lives.
    ///   - name: the file that it is a copy of; nil: none.
    package static func load(
        _ path: String, host: UnsafePointer<pipes_host>, named name: String? = nil
    ) throws(Failure) -> LoadedPlugin {
        let entry = try entry(of: path)
        guard let plugin = entry(host) else {
            throw .broken("its pipes_plugin_v\(PIPES_ABI_MAJOR) answered NULL")
        }
        do throws(DescriptorError) {
            return try DescriptorReader.read(
                plugin, file: name ?? path, hostMinor: host.pointee.minor)
        } catch {
            throw .broken(error.message)
        }
    }

    /// The one function that a plugin exports. Loads the file.
    package static func entry(of path: String) throws(Failure) -> Entry {
        if let flaw = ElfFile.flaw(of: path) { throw .broken(flaw) }
        let library: Library
        do throws(LinkerError) {
            library = try Library(path: path)
        } catch {
            throw .broken(error.reason)
        }
        guard let address = library.ownAddress(of: symbolPrefix + "\(PIPES_ABI_MAJOR)") else {
            throw otherVersion(of: library)
        }
        return unsafeBitCast(address, to: Entry.self)
    }

    private static func otherVersion(of library: Library) -> Failure {
        for major in 0...64 where library.ownAddress(of: symbolPrefix + "\(major)") != nil {
            return .broken("made for ABI \(major), this host has \(PIPES_ABI_MAJOR)")
        }
        return .notAPlugin
    }
}
