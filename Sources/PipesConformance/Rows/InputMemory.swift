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
        case .tensor(let shape): value.ext = UnsafeRawPointer(try placeTensor(shape))
        }
        return value
    }

    /// One of FLOATs of 32 bits.
    private func placeTensor(_ shape: [Int64]) throws(OutOfMemory) -> UnsafePointer<Tensor> {
        let count = Int(shape.reduce(1, *))
        // What libraries expect of the first element.
        let data = try allocate(count * MemoryLayout<Float>.stride, alignment: 64)
        for index in 0..<count {
            data.storeBytes(
                of: Float(index) / 2, toByteOffset: index * MemoryLayout<Float>.stride,
                as: Float.self)
        }
        var tensor = Tensor()
        tensor.data = count > 0 ? data : nil
        tensor.dimensions = Int32(shape.count)
        tensor.shape = try placeArray(shape)
        return try placeArray([tensor])
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
