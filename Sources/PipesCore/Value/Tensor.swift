internal import CPipes

/// A TENSOR that Swift owns.
public struct Tensor: Sendable, Hashable {
    public let type: ElementType
    public let shape: [Int64]
    /// The elements side by side in the order of rows, the last dimension changing fastest, as they
    /// lie in memory; nil where only type and shape are known.
    public let data: [UInt8]?

    /// - Returns: nil where the shape can't be, or `data` is not as many bytes as it takes.
    public init?(_ type: ElementType, shape: [Int64], data: [UInt8]?) {
        guard let count = type.byteCount(of: shape), data == nil || data?.count == count else {
            return nil
        }
        self.type = type
        self.shape = shape
        self.data = data
    }

    /// A copy of what a row's value points at.
    init(copying value: pipes_value) {
        let head = value.ext.map { pipes_tensor(at: $0) } ?? pipes_tensor()
        type = head.elementType
        shape = head.sizes ?? []
        data = head.readableByteCount.map { count in
            Array(unsafeUninitializedCapacity: count) { room, written in
                if let start = room.baseAddress { head.copyElements(to: start) }
                written = count
            }
        }
    }

    /// How many bytes its elements take, side by side.
    public var byteCount: Int { type.byteCount(of: shape) ?? 0 }

    /// Writes a copy, elements included, into the arena of `storage`.
    /// - Returns: nil where the memory can't be had, or the elements are not known.
    func copied(to storage: RowStorage) -> pipes_value? {
        guard let data, let copy = pipes_value.tensor(type, shape, data.count, in: storage) else {
            return nil
        }
        data.withUnsafeBytes { bytes in
            if let from = bytes.baseAddress {
                copy.room.copyMemory(from: from, byteCount: bytes.count)
            }
        }
        return copy.value
    }
}

extension Value {
    /// Whether the elements of all TENSORs in it are known.
    package var isComplete: Bool {
        switch self {
        case .tensor(let tensor): tensor.data != nil
        case .list(let values): values.allSatisfy(\.isComplete)
        case .map(let pairs): pairs.allSatisfy(\.value.isComplete)
        default: true
        }
    }
}

extension pipes_value {
    /// What libraries expect of a tensor's first element.
    private static let tensorAlignment = 64

    /// Writes a copy of a TENSOR, elements included, into the arena of `storage`.
    /// - Returns: nil where the memory can't be had, or its elements can't be read.
    func copiedTensor(to storage: RowStorage) -> pipes_value? {
        guard let ext else { return nil }
        let head = pipes_tensor(at: ext)
        guard let count = head.readableByteCount, let sizes = head.sizes,
            let copy = pipes_value.tensor(head.elementType, sizes, count, in: storage)
        else { return nil }
        head.copyElements(to: copy.room)
        return copy.value
    }

    /// A TENSOR in the arena of `storage` and the room for its elements, which are not written yet.
    /// - Returns: nil where the memory can't be had.
    fileprivate static func tensor(
        _ type: ElementType, _ shape: [Int64], _ byteCount: Int, in storage: RowStorage
    ) -> (value: pipes_value, room: UnsafeMutableRawPointer)? {
        let headSize = MemoryLayout<pipes_tensor>.stride
        guard let room = storage.allocate(byteCount, alignment: tensorAlignment),
            let start = storage.allocate(headSize + shape.count * MemoryLayout<Int64>.stride)
        else { return nil }
        let sizes = (start + headSize).bindMemory(to: Int64.self, capacity: max(1, shape.count))
        for (dimension, size) in shape.enumerated() {
            (sizes + dimension).initialize(to: size)
        }
        var head = pipes_tensor()
        head.data = room
        head.device_type = Int32(PIPES_DEVICE_CPU)
        head.ndim = Int32(shape.count)
        head.dtype = pipes_dtype(code: type.code, bits: type.bits, lanes: type.lanes)
        head.shape = sizes
        start.bindMemory(to: pipes_tensor.self, capacity: 1).initialize(to: head)
        var value = pipes_value()
        value.kind = Kind.tensor.rawValue
        value.ext = UnsafeRawPointer(start)
        value.size = UInt64(byteCount)
        return (value, room)
    }
}
