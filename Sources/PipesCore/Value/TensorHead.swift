package import CPipes

/// What a TENSOR of a row points at, looked at without trust: it may come from any plugin. Where
/// its pointers lead can't be checked.
extension pipes_tensor {
    /// No tensor that is meant as one has as many.
    private static let mostDimensions: Int32 = 64
    private static let mostBytes = Int64(pipes_value.largestSize)

    /// A copy of a tensor's head.
    package init(at pointer: UnsafeRawPointer) {
        self = pointer.loadUnaligned(as: pipes_tensor.self)
    }

    package var elementType: ElementType {
        ElementType(code: dtype.code, bits: dtype.bits, lanes: dtype.lanes)
    }

    /// The sizes of its dimensions; nil where they can't be such.
    package var sizes: [Int64]? {
        guard (0...Self.mostDimensions).contains(ndim) else { return nil }
        if ndim == 0 { return [] }
        guard let shape else { return nil }
        return (0..<Int(ndim)).map { shape[$0] }
    }

    /// What no tensor can be like, or nil.
    package var flaw: String? {
        if device_type != 1 {
            return "a TENSOR on device type \(device_type), which is not the CPU (1)"
        }
        guard let sizes else {
            return "a TENSOR of \(ndim) dimensions" + (shape == nil ? " whose shape is NULL" : "")
        }
        let type = elementType
        if type.bits == 0 || type.lanes == 0 {
            return "a TENSOR of elements of \(type.bits) bits and \(type.lanes) lanes"
        }
        guard let bytes = type.byteCount(of: sizes) else {
            return "a TENSOR of the shape \(sizes)"
        }
        for (place, size) in sizes.enumerated() where size > 1 {
            guard let stride = strides?[place] else { continue }
            let (span, overflow) = stride.multipliedReportingOverflow(by: size)
            if overflow || span.magnitude > Self.mostBytes {
                return "a TENSOR of the shape \(sizes) with a stride of \(stride)"
            }
        }
        if byte_offset > Self.mostBytes { return "a TENSOR that begins at byte \(byte_offset)" }
        return data == nil && bytes > 0 ? "a TENSOR of the shape \(sizes) at NULL" : nil
    }

    /// Whether its elements lie side by side in the order of rows.
    private func isDense(_ sizes: [Int64]) -> Bool {
        guard let strides else { return true }
        var elements = Int64(1)
        for place in sizes.indices.reversed() {
            if sizes[place] > 1, strides[place] != elements { return false }
            elements *= sizes[place]
        }
        return true
    }

    /// How many bytes its elements take side by side; nil where they can't be read: it has a `flaw`,
    /// or elements of parts of bytes that don't lie so.
    var readableByteCount: Int? {
        guard flaw == nil, let sizes, elementType.hasWholeBytes || isDense(sizes) else {
            return nil
        }
        return elementType.byteCount(of: sizes)
    }

    /// Writes its elements side by side in the order of rows.
    /// - Parameter room: of `readableByteCount` bytes.
    func copyElements(to room: UnsafeMutableRawPointer) {
        guard let sizes, let data, let count = readableByteCount, count > 0 else { return }
        let start = UnsafeRawPointer(data) + Int(byte_offset)
        guard let strides, !isDense(sizes), let width = elementType.byteCount(of: []) else {
            room.copyMemory(from: start, byteCount: count)
            return
        }
        var place = Array(repeating: Int64(0), count: sizes.count)
        var offset = 0
        for written in stride(from: 0, to: count, by: width) {
            (room + written).copyMemory(from: start + offset &* width, byteCount: width)
            for dimension in sizes.indices.reversed() {
                place[dimension] += 1
                offset &+= Int(strides[dimension])
                if place[dimension] < sizes[dimension] { break }
                offset &-= Int(strides[dimension] &* sizes[dimension])
                place[dimension] = 0
            }
        }
    }
}

extension pipes_value {
    /// The bytes that the elements of a TENSOR take, side by side; more where its `size` says so.
    var tensorByteCount: Int {
        let said = size <= pipes_value.largestSize ? Int(size) : 0
        guard let ext else { return said }
        let head = pipes_tensor(at: ext)
        return max(said, head.sizes.flatMap { head.elementType.byteCount(of: $0) } ?? 0)
    }
}
