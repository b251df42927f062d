import CFFI
import CPipes
import Glibc
import PipesCore
import Synchronization

/// Loads a file that has been loaded before and was changed: from a copy in memory, since under a
/// name that it knows the linker gives the old code.
enum PluginCopy {
    private static let count = Atomic(0)

    static func load(
        _ path: String, host: UnsafePointer<pipes_host>
    ) throws(PluginLoader.Failure) -> LoadedPlugin {
        let copy = cffi_memory_file("plugin")
        guard copy >= 0 else { throw .broken(reason("no copy of it can be made")) }
        // What is loaded stays: the descriptor is only for the linker to open it by.
        defer { close(copy) }
        try fill(copy, from: path)
        // The linker compares names first, and the next copy may get the same descriptor: as many
        // slashes as there were copies make each name a new one.
        let slashes = count.wrappingAdd(1, ordering: .relaxed).newValue
        let name = "/proc" + String(repeating: "/", count: slashes) + "self/fd/\(copy)"
        return try PluginLoader.load(name, host: host, named: path)
    }

    private static func fill(
        _ copy: Int32, from path: String
    ) throws(PluginLoader.Failure) {
        let file = open(path.cPath, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .broken(reason("it can't be read")) }
        defer { close(file) }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .broken(reason("it can't be read")) }
            if count == 0 { return }
            var written = 0
            while written < count {
                let part = chunk[written..<count].withUnsafeBytes {
                    write(copy, $0.baseAddress, $0.count)
                }
                if part < 0, errno == EINTR { continue }
                guard part > 0 else { throw .broken(reason("no copy of it can be made")) }
                written += part
            }
        }
    }

    private static func reason(_ what: String) -> String {
        "\(what): \(String(cString: strerror(errno)))"
    }
}
