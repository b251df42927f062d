public import CPipes

/// A node of a running graph, as its processor sees it from `open` to `close`.
///
/// Every function may be called from any thread.
public struct Node: @unchecked Sendable {  // the host's functions are thread-safe
    let host: UnsafePointer<pipes_host>
    let node: OpaquePointer?

    public init(host: UnsafePointer<pipes_host>, node: OpaquePointer?) {
        self.host = host
        self.node = node
    }

    public enum LogLevel: UInt32, Sendable {
        case debug = 0
        case info = 1
        case warning = 2
        case error = 3
    }

    /// The name that the graph file gives it.
    public var name: String {
        host.pointee.node_name?(node).map { String(cString: $0) } ?? ""
    }

    /// Inputs that are joined into a row; 0 for a source.
    public var inputCount: Int { Int(clamping: host.pointee.input_count?(node) ?? 0) }

    /// How many calls may be open at once.
    public var concurrency: Int { Int(clamping: host.pointee.concurrency?(node) ?? 1) }

    /// Whether the node should come to an end: for methods that wait without being async. A source
    /// then returns nil, others throw `CancellationError`.
    public var isStopping: Bool { host.pointee.stopping?(node) ?? false }

    /// A value from the graph's `env`; nil where there is none of this name.
    ///
    /// - Throws: `ConversionError` where it is of another kind.
    public func env<T: ValueReadable>(_ name: String, as type: T.Type = T.self) throws -> T? {
        guard let value = host.pointee.env?(node, name) else { return nil }
        do {
            return try T(RawValue(value.pointee))
        } catch let error as ConversionError {
            throw error.within("env '\(name)'")
        }
    }

    public func log(_ level: LogLevel, _ text: String) {
        text.withCText { host.pointee.log?(node, level.rawValue, $0, $1) }
    }

    /// Adds to a counter that shows among the node's metrics.
    public func count(_ metric: String, by delta: Int = 1) {
        host.pointee.count?(node, metric, Int64(delta))
    }

    /// Why a call, or open (`call` is nil), is about to answer a negative status.
    func explain(_ call: UnsafeMutablePointer<pipes_call>?, _ text: String) {
        text.withCText { host.pointee.explain?(node, call, $0, $1) }
    }
}

extension String {
    /// The text as the ABI takes it: a pointer and a size in bytes.
    func withCText<Result>(_ body: (UnsafePointer<CChar>?, Int) -> Result) -> Result {
        var text = self
        return text.withUTF8 { utf8 in
            body(
                UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self),
                utf8.count)
        }
    }
}
