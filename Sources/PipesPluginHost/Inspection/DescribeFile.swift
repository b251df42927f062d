public import CPipes
import Glibc
import PipesCore

/// The child's side of `PluginInspector`.
public enum DescribeFile {
    /// Loads one file, writes its report as JSON to standard output and ends the process; `null`
    /// for a library that is no plugin.
    ///
    /// Whether the file may be trusted has been checked by who started this process.
    ///
    /// - Parameters:
    ///   - path: of the file, with a `/`.
    ///   - host: handed to the plugin.
    public static func run(_ path: String, host: UnsafePointer<pipes_host>) -> Never {
        Lifeline.hold()
        // What the file prints while it is loaded must not end up in the report.
        let output = dup(1)
        dup2(2, 1)
        // A crash here is expected, and its core is of no use.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        var bytes: [UInt8] = []
        report(path, host: host).appendJSON(to: &bytes)
        let isWritten = write(bytes, to: output)
        guard isWritten else { _exit(1) }
        // A graph that runs it ends so too, with what the file left to run at the end.
        exit(0)
    }

    /// The same, with the functions of this host.
    public static func run(_ path: String) -> Never {
        run(path, host: HostTable.pointer)
    }

    private static func report(_ path: String, host: UnsafePointer<pipes_host>) -> Value {
        do throws(PluginLoader.Failure) {
            return PluginReport(try PluginLoader.load(path, host: host)).value
        } catch {
            switch error {
            case .notAPlugin: return .null
            case .broken(let reason): return PluginReport.broken(path, reason).value
            }
        }
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
