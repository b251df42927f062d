internal import CPipes
internal import PipesCore
internal import PipesRuntime

/// A node as a plugin sees it: what stands behind a `pipes_node` pointer.
///
/// `@unchecked Sendable`: everything is set before the processor is opened and constant from then
/// on, but for the explanation, which has a lock.
final class NodeSide: @unchecked Sendable {
    let context: NodeContext
    let name: UnsafeMutablePointer<CChar>
    private let env: [String: UnsafePointer<pipes_value>]
    private let envStorage: RowStorage
    /// The args that `open` was given: borrowed until close.
    var args: RowStorage?
    private let explanation = Locked<String?>(nil)

    init(_ context: NodeContext) {
        self.context = context
        name = context.name.utf8CString.withUnsafeBufferPointer { text in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count)
            if let start = text.baseAddress { copy.initialize(from: start, count: text.count) }
            return copy
        }
        let storage = RowStorage(capacity: 0)
        envStorage = storage
        env = context.env.compactMapValues { Value.copied([$0], to: storage) }
    }

    deinit { name.deallocate() }

    var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func of(_ node: OpaquePointer?) -> NodeSide? {
        guard let node else { return nil }
        return Unmanaged<NodeSide>.fromOpaque(UnsafeRawPointer(node)).takeUnretainedValue()
    }

    func value(_ name: String) -> UnsafePointer<pipes_value>? { env[name] }

    /// Why `open` is about to fail.
    func explain(_ text: String) { explanation.withLock { $0 = text.isEmpty ? nil : text } }

    func takeExplanation() -> String? {
        explanation.withLock { text in
            defer { text = nil }
            return text
        }
    }
}
