import CPipes
import Glibc
import PipesCore

/// The memory of inputs and args. A plugin may read it as long as it was promised, and never write
/// to it.
///
/// `@unchecked Sendable`: filled by who makes it, constant afterwards.
final class InputMemory: @unchecked Sendable {
    /// How inputs are laid out.
    enum Style: Sendable {
        /// On the heap.
        case ordinary
        /// Each text and each array at a page that nobody may touch, write-protected.
        case guarded
    }

    /// There is no memory for the inputs of a check.
    struct OutOfMemory: Error {}

    private let style: Style
    private let side: GuardedMemory.Side
    private var guarded: [GuardedMemory] = []
    private var ordinary: [UnsafeMutableRawPointer] = []

    /// - Parameter side: where that page is.
    init(_ style: Style, _ side: GuardedMemory.Side) {
        self.style = style
        self.side = side
    }

    deinit {
        for block in ordinary { free(block) }
        for block in guarded { block.release() }
    }

    /// A value whose texts and items lie here.
    func place(_ sample: Sample) throws(OutOfMemory) -> pipes_value {
        var value = pipes_value()
        value.kind = sample.kind.rawValue
        switch sample {
        case .null: break
        case .bool(let truth): value.integer = truth ? 1 : 0
        case .int(let integer): value.integer = integer
        case .float(let bits): value.real = Double(bitPattern: bits)
        case .string(let bytes), .bytes(let bytes):
            let start = try allocate(bytes.count, alignment: 1)
            bytes.withUnsafeBytes { if let from = $0.baseAddress { memcpy(start, from, $0.count) } }
            value.bytes = UnsafePointer(start.assumingMemoryBound(to: UInt8.self))
            value.size = UInt64(bytes.count)
        case .list(let items):
            value.items = try place(items)
            value.size = UInt64(items.count)
        case .map(let items):
            value.items = try place(items)
            value.size = UInt64(items.count / 2)
        case .tensor(let tensor):
            value.ext = UnsafeRawPointer(try place(tensor))
            value.size = UInt64(tensor.byteCount)
        }
        return value
    }

    /// What is not known of its elements is zero.
    private func place(_ tensor: Tensor) throws(OutOfMemory) -> UnsafePointer<pipes_tensor> {
        // What libraries expect of the first element.
        let room = try allocate(tensor.byteCount, alignment: 64)
        let data = tensor.data ?? Array(repeating: 0, count: tensor.byteCount)
        data.withUnsafeBytes { if let from = $0.baseAddress { memcpy(room, from, $0.count) } }
        var head = pipes_tensor()
        head.data = data.isEmpty ? nil : room
        head.device_type = Int32(PIPES_DEVICE_CPU)
        head.ndim = Int32(tensor.shape.count)
        head.dtype = pipes_dtype(
            code: tensor.type.code, bits: tensor.type.bits, lanes: tensor.type.lanes)
        head.shape = UnsafeMutablePointer(mutating: try placeArray(tensor.shape))
        return try placeArray([head])
    }

    /// Values one after the other.
    func place(_ samples: [Sample]) throws(OutOfMemory) -> UnsafePointer<pipes_value> {
        var values: [pipes_value] = []
        for sample in samples { values.append(try place(sample)) }
        return try placeArray(values)
    }

    func placeArray<Element>(_ elements: [Element]) throws(OutOfMemory) -> UnsafePointer<Element> {
        let start = try allocate(
            elements.count * MemoryLayout<Element>.stride,
            alignment: MemoryLayout<Element>.alignment)
        let typed = start.bindMemory(to: Element.self, capacity: max(1, elements.count))
        for (index, element) in elements.enumerated() {
            (typed + index).initialize(to: element)
        }
        return UnsafePointer(typed)
    }

    /// Once all is placed: where it is guarded nobody may write to it any longer.
    func finish() { for block in guarded { block.protect() } }

    /// Once what was promised is over: where it is guarded nobody may look at it any longer.
    func forbid() { for block in guarded { block.forbid() } }

    private func allocate(
        _ size: Int, alignment: Int
    ) throws(OutOfMemory) -> UnsafeMutableRawPointer {
        switch style {
        case .ordinary:
            var block: UnsafeMutableRawPointer?
            guard posix_memalign(&block, max(16, alignment), max(1, size)) == 0, let block else {
                throw OutOfMemory()
            }
            ordinary.append(block)
            return block
        case .guarded:
            guard let block = GuardedMemory(size: size, alignment: alignment, side: side)
            else {
                throw OutOfMemory()
            }
            guarded.append(block)
            return block.start
        }
    }
}
