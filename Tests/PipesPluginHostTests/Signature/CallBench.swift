import CPipes
import Glibc

/// One call at a time, with an arena of its own and the last message that explained it.
final class CallBench {
    /// What one row came to.
    struct Outcome: Equatable {
        var status: pipes_status
        var value: Row
        var message: String?
    }

    /// A value in a form that tests can compare.
    enum Row: Equatable {
        case null
        case bool(Bool)
        case int(Int64)
        case float(Double)
        case string(String)
        case bytes([UInt8])
        case other
    }

    private final class Explanation {
        var text: String?
        /// What did not fit the arena.
        var blocks: [UnsafeMutableRawPointer] = []

        static func of(_ node: OpaquePointer) -> Explanation {
            Unmanaged<Explanation>.fromOpaque(UnsafeRawPointer(node)).takeUnretainedValue()
        }
    }

    private let arenaSize: Int
    private let arena: UnsafeMutablePointer<CChar>
    private let host: UnsafeMutablePointer<pipes_host>
    private let call: UnsafeMutablePointer<pipes_call>
    private let explanation = Explanation()
    /// Blocks that did not fit the arena.
    private(set) var largeBlocks = 0

    /// - Parameter arenaSize: in bytes; larger allocations are counted, and freed with
    ///   the bench.
    init(arenaSize: Int = 1 << 16) {
        self.arenaSize = arenaSize
        arena = .allocate(capacity: arenaSize)
        host = .allocate(capacity: 1)
        call = .allocate(capacity: 1)
        host.initialize(to: pipes_host())
        call.initialize(to: pipes_call())
        host.pointee.struct_size = UInt32(MemoryLayout<pipes_host>.size)
        host.pointee.alloc = { call, size, _ in
            guard let node = call?.pointee.node, let block = malloc(size) else { return nil }
            Explanation.of(node).blocks.append(block)
            return block
        }
        host.pointee.explain = { node, _, text, size in
            guard let node, let text else { return }
            let bytes = UnsafeBufferPointer(start: text, count: size).map { UInt8(bitPattern: $0) }
            Explanation.of(node).text = String(decoding: bytes, as: UTF8.self)
        }
        call.pointee.host = UnsafePointer(host)
        call.pointee.node = OpaquePointer(Unmanaged.passUnretained(explanation).toOpaque())
    }

    deinit {
        for block in explanation.blocks { free(block) }
        arena.deallocate()
        host.deallocate()
        call.deallocate()
    }

    /// The bytes of the arena that the last call left in use.
    var usedByteCount: Int { call.pointee.next - arena }

    typealias Map =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<pipes_call>?,
            UnsafePointer<pipes_value>?, UnsafeMutablePointer<pipes_value>?
        ) -> pipes_status

    func run(_ map: Map, _ state: UnsafeMutableRawPointer, _ row: [Row]) -> Outcome {
        explanation.text = nil
        call.pointee.next = arena
        call.pointee.end = arena + arenaSize
        call.pointee.width = UInt64(row.count)
        var owned: [UnsafeMutablePointer<UInt8>] = []
        defer { for bytes in owned { bytes.deallocate() } }
        let values = row.map { value -> pipes_value in
            switch value {
            case .null, .other: return pipes_null()
            case .bool(let truth): return pipes_bool(truth)
            case .int(let integer): return pipes_int(integer)
            case .float(let real): return pipes_float(real)
            case .string(let text):
                let copy = Self.copy(Array(text.utf8))
                owned.append(copy)
                return copy.withMemoryRebound(to: CChar.self, capacity: 1) {
                    pipes_string($0, text.utf8.count)
                }
            case .bytes(let bytes):
                let copy = Self.copy(bytes)
                owned.append(copy)
                return pipes_bytes(copy, bytes.count)
            }
        }
        var result = pipes_null()
        let status = values.withUnsafeBufferPointer { map(state, call, $0.baseAddress, &result) }
        return Outcome(status: status, value: Self.row(result), message: explanation.text)
    }

    /// With something behind it that no function has any business to read.
    private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8> {
        let behind = Array("beyond the row\0".utf8)
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + behind.count)
        copy.initialize(from: bytes + behind, count: bytes.count + behind.count)
        return copy
    }

    private static func row(_ value: pipes_value) -> Row {
        let content = UnsafeBufferPointer(start: value.bytes, count: Int(value.size))
        return switch Int(value.kind) {
        case PIPES_NULL: .null
        case PIPES_BOOL: .bool(value.integer != 0)
        case PIPES_INT: .int(value.integer)
        case PIPES_FLOAT: .float(value.real)
        case PIPES_STRING: .string(String(decoding: content, as: UTF8.self))
        case PIPES_BYTES: .bytes(Array(content))
        default: .other
        }
    }
}
