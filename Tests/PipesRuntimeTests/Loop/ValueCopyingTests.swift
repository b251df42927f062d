import CPipes
import PipesCore
import Testing

@Suite("A value that goes round") struct ValueCopyingTests {
    @Test(
        "is copied with all it refers to",
        arguments: [
            Value.null, .bool(true), .int(7), .float(0.5), .string(""), .string("naïve"),
            .bytes([0, 255]), .list([]), .list([.string("a"), .list([.int(1)])]),
            .map([.init("k", .map([.init("inner", .string("v"))]))]),
            Tensor(ElementType(code: 1, bits: 8), shape: [2, 1], data: [7, 8])
                .map { .tensor($0) } ?? .null,
        ])
    func values(value: Value) throws {
        let target = RowStorage(capacity: 1)
        do {
            let source = RowStorage(capacity: 1)
            let original = try #require(value.copied(to: source))
            target.values[0] = try #require(original.copied(to: target))
        }
        #expect(Value(copying: target.values[0]) == value)
    }

    /// - Returns: the elements of the copy, or nil where there is none.
    private func copy(
        _ shape: [Int64], strides: [Int64]? = nil, change: (inout pipes_tensor) -> Void = { _ in }
    ) -> [Float]? {
        var shape = shape
        var strides = strides ?? []
        var elements: [Float] = [9, 1, 2, 3, 4, 5, 6]
        let target = RowStorage(capacity: 1)
        return elements.withUnsafeMutableBytes { data in
            shape.withUnsafeMutableBufferPointer { shape in
                strides.withUnsafeMutableBufferPointer { strides in
                    var tensor = pipes_tensor(
                        data: data.baseAddress, device_type: 1, device_id: 0,
                        ndim: Int32(shape.count), dtype: pipes_dtype_of(2, 32),
                        shape: shape.baseAddress,
                        strides: strides.isEmpty ? nil : strides.baseAddress, byte_offset: 4)
                    change(&tensor)
                    return withUnsafePointer(to: tensor) { pointer -> [Float]? in
                        var value = pipes_value()
                        value.kind = Kind.tensor.rawValue
                        value.ext = UnsafeRawPointer(pointer)
                        guard let copy = value.copied(to: target)?.ext else { return nil }
                        let copied = copy.load(as: pipes_tensor.self)
                        guard copied.data != tensor.data, copied.byte_offset == 0,
                            copied.strides == nil, copied.ndim == tensor.ndim
                        else { return [] }
                        let sizes = UnsafeBufferPointer(start: copied.shape, count: shape.count)
                        let count = Int(sizes.reduce(1, *))
                        return (0..<count).compactMap {
                            copied.data?.load(fromByteOffset: $0 * 4, as: Float.self)
                        }
                    }
                }
            }
        }
    }

    @Test("takes the bytes of its elements where it is a tensor, or those that it keeps alive")
    func tensorBytes() {
        var shape: [Int64] = [2, 3, 5]
        let counts = shape.withUnsafeMutableBufferPointer { shape in
            let tensor = pipes_tensor(
                data: nil, device_type: 1, device_id: 0, ndim: 3,
                dtype: pipes_dtype(code: 2, bits: 32, lanes: 2), shape: shape.baseAddress,
                strides: nil, byte_offset: 0)
            return withUnsafePointer(to: tensor) { pointer in
                [UInt64(0), 100, 1000].map { size in
                    var value = pipes_value()
                    value.kind = Kind.tensor.rawValue
                    value.ext = UnsafeRawPointer(pointer)
                    value.size = size
                    return value.byteCount
                }
            }
        }
        #expect(counts == [24 + 240, 24 + 240, 24 + 1000])
    }

    @Test("is copied where it is a tensor, its elements side by side in the order of rows")
    func tensors() {
        #expect(copy([2, 3]) == [1, 2, 3, 4, 5, 6])
        #expect(copy([2, 3], strides: [3, 1]) == [1, 2, 3, 4, 5, 6])
        #expect(copy([2, 3], strides: [1, 2]) == [1, 3, 5, 2, 4, 6])
        #expect(copy([2, 1, 2], strides: [0, 9, 1]) == [1, 2, 1, 2])
        #expect(copy([3], strides: [-1]) { $0.byte_offset = 12 } == [3, 2, 1])
        #expect(copy([]) == [1])
        #expect(copy([0, 3]) == [])
    }

    @Test("is not copied where it is a tensor that can't be read")
    func otherTensors() {
        #expect(copy([-1]) == nil)
        #expect(copy([1 << 40, 1 << 40]) == nil)
        #expect(copy([2]) { $0.device_type = 2 } == nil)
        #expect(copy([2], strides: [2]) { $0.dtype.bits = 4 } == nil)
        #expect(copy([2]) { $0.ndim = -1 } == nil)
    }
}
