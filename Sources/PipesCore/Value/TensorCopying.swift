internal import CPipes

/// What a TENSOR points at: a `DLTensor` of DLPack 1.x (dlpack.h) on a 64-bit system.
private struct TensorLayout {
    static let size = 48
    static let data = 0
    static let deviceType = 8
    static let dimensions = 16
    static let bits = 21
    static let lanes = 22
    static let shape = 24
    static let strides = 32
    static let byteOffset = 40
    /// The device type that stands for the memory of the process.
    static let cpu: Int32 = 1
    /// No tensor of earnest has as many.
    static let mostDimensions: Int32 = 64
    /// What libraries expect of a tensor's first element.
    static let alignment = 64
}

extension pipes_value {
    /// Writes a copy of a TENSOR, elements included, into the arena of `storage`.
    /// - Returns: nil where the memory can't be had, or its elements don't lie side by side in
    ///   the order of rows.
    func copiedTensor(to storage: RowStorage) -> pipes_value? {
        guard let tensor = ext,
            tensor.loadUnaligned(fromByteOffset: TensorLayout.deviceType, as: Int32.self)
                == TensorLayout.cpu,
            let (shape, byteCount) = pipes_value.compactShape(of: tensor),
            let head = storage.allocate(TensorLayout.size + shape.count * 8),
            let data = storage.allocate(byteCount, alignment: TensorLayout.alignment)
        else { return nil }
        head.copyMemory(from: tensor, byteCount: TensorLayout.size)
        let sizes = head + TensorLayout.size
        for (dimension, count) in shape.enumerated() {
            sizes.storeBytes(of: count, toByteOffset: dimension * 8, as: Int64.self)
        }
        let offset = tensor.loadUnaligned(
            fromByteOffset: TensorLayout.byteOffset, as: UInt64.self)
        if byteCount > 0 {
            guard
                let start = tensor.loadUnaligned(
                    fromByteOffset: TensorLayout.data, as: UnsafeRawPointer?.self),
                let offset = Int(exactly: offset)
            else { return nil }
            data.copyMemory(from: start + offset, byteCount: byteCount)
        }
        head.storeBytes(of: data, toByteOffset: TensorLayout.data, as: UnsafeMutableRawPointer.self)
        head.storeBytes(
            of: sizes, toByteOffset: TensorLayout.shape, as: UnsafeMutableRawPointer.self)
        head.storeBytes(of: 0, toByteOffset: TensorLayout.strides, as: Int.self)
        head.storeBytes(of: 0, toByteOffset: TensorLayout.byteOffset, as: UInt64.self)
        var copy = self
        copy.ext = UnsafeRawPointer(head)
        return copy
    }

    private static func compactShape(
        of tensor: UnsafeRawPointer
    ) -> (shape: [Int64], byteCount: Int)? {
        let dimensions = tensor.loadUnaligned(
            fromByteOffset: TensorLayout.dimensions, as: Int32.self)
        let bits = Int(tensor.loadUnaligned(fromByteOffset: TensorLayout.bits, as: UInt8.self))
        let lanes = Int(tensor.loadUnaligned(fromByteOffset: TensorLayout.lanes, as: UInt16.self))
        let sizes = tensor.loadUnaligned(
            fromByteOffset: TensorLayout.shape, as: UnsafePointer<Int64>?.self)
        let strides = tensor.loadUnaligned(
            fromByteOffset: TensorLayout.strides, as: UnsafePointer<Int64>?.self)
        guard (0...TensorLayout.mostDimensions).contains(dimensions), bits > 0, bits % 8 == 0,
            lanes > 0
        else { return nil }
        var shape = Array(repeating: Int64(0), count: Int(dimensions))
        var elements = Int64(1)
        for dimension in shape.indices.reversed() {
            guard let count = sizes?[dimension], count >= 0 else { return nil }
            if let strides, count > 1, strides[dimension] != elements { return nil }
            shape[dimension] = count
            let (product, overflow) = elements.multipliedReportingOverflow(by: count)
            guard !overflow else { return nil }
            elements = product
        }
        let (bytes, overflow) = elements.multipliedReportingOverflow(by: Int64(bits / 8 * lanes))
        guard !overflow, bytes <= Int64(largestSize) else { return nil }
        return (shape, Int(bytes))
    }
}
