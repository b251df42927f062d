import PipesPlugin
import Synchronization
import Testing

/// The least host that keeps the contract of pipes.h, and that notes where a plugin does not.
enum StrictHost {
    /// Never freed, as a host's is not while there are plugins.
    static var pointer: UnsafePointer<pipes_host> { made.pointer }

    private struct Made: @unchecked Sendable {  // never written again
        let pointer: UnsafePointer<pipes_host>
    }

    private static let made: Made = {
        let pointer = UnsafeMutablePointer<pipes_host>.allocate(capacity: 1)
        pointer.initialize(to: functions)
        return Made(pointer: pointer)
    }()

    private static var functions: pipes_host {
        var host = pipes_host()
        host.struct_size = UInt32(MemoryLayout<pipes_host>.size)
        host.alloc = { call, size, alignment in StrictCall.of(call)?.allocate(size, alignment) }
        host.emit = { call, _, row, value in
            guard let call = StrictCall.of(call), let value else { return -3 }
            return call.emit(row, value.pointee)
        }
        host.settle = { call, row, status, text, size in
            StrictCall.of(call)?.settle(row, status, string(text, size))
        }
        host.explain = { node, call, text, size in
            if let call = StrictCall.of(call) {
                call.explain(string(text, size))
            } else {
                StrictNode.of(node)?.note(string(text, size))
            }
        }
        host.defer = { call, context in
            guard let call = StrictCall.of(call) else { return pipes_ticket(id: 0) }
            return call.deferred(context)
        }
        host.resume = { _, ticket in StrictCall.open(ticket)?.pointer }
        host.complete = { _, ticket, status, value in
            StrictCall.open(ticket)?.complete(status, value?.pointee) ?? false
        }
        host.cancelled = { _, _ in false }
        host.stopping = { _ in false }
        host.log = { node, _, text, size in StrictNode.of(node)?.note(string(text, size)) }
        host.env = { node, name in
            guard let name, String(cString: name) == "GREETING" else { return nil }
            return StrictNode.of(node)?.greeting
        }
        host.node_name = { node in StrictNode.of(node)?.name }
        host.input_count = { _ in 1 }
        host.concurrency = { _ in 4 }
        host.count = { node, metric, delta in
            guard let metric else { return }
            StrictNode.of(node)?.note("\(String(cString: metric)) \(delta)")
        }
        return host
    }
}

/// Outside the type: a C function pointer's closure captures nothing, not even its type.
private func string(_ text: UnsafePointer<CChar>?, _ size: Int) -> String {
    String(
        decoding: UnsafeRawBufferPointer(start: text, count: text == nil ? 0 : size),
        as: UTF8.self)
}

/// What a processor sees as its node.
final class StrictNode: Sendable {
    nonisolated(unsafe) let name: UnsafePointer<CChar>
    nonisolated(unsafe) let greeting: UnsafePointer<pipes_value>
    private let notes = Mutex<[String]>([])

    init() {
        name = UnsafePointer(copy("node"))
        let greeting = UnsafeMutablePointer<pipes_value>.allocate(capacity: 1)
        greeting.initialize(to: pipes_string(copy("hello"), 5))
        self.greeting = UnsafePointer(greeting)
    }

    deinit {
        name.deallocate()
        greeting.pointee.text.deallocate()
        greeting.deallocate()
    }

    /// What was logged, counted and explained of open.
    var noted: [String] { notes.withLock { $0 } }
    func note(_ text: String) { notes.withLock { $0.append(text) } }

    var pointer: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func of(_ node: OpaquePointer?) -> StrictNode? {
        node.map {
            Unmanaged<StrictNode>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue()
        }
    }
}

private func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
    let utf8 = text.utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count)
    _ = UnsafeMutableBufferPointer(start: copy, count: utf8.count).initialize(from: utf8)
    return copy
}
