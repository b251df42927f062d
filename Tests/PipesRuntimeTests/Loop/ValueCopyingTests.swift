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

    /// As dlpack.h has it.
    private struct Tensor {
        var data: UnsafeMutableRawPointer?
        var device: (Int32, Int32) = (1, 0)
        var dimensions: Int32
        var code: UInt8 = 2
        var bits: UInt8 = 32
        var lanes: UInt16 = 1
        var shape: UnsafeMutablePointer<Int64>?
        var strides: UnsafeMutablePointer<Int64>?
        var byteOffset: UInt64 = 0
    }

    /// - Returns: the elements of the copy, or nil where there is none.
    private func copy(
        _ shape: [Int64], strides: [Int64]? = nil, change: (inout Tensor) -> Void = { _ in }
    ) -> [Float]? {
        var shape = shape
        var strides = strides ?? []
        var elements: [Float] = [9, 1, 2, 3, 4, 5, 6]
        let target = RowStorage(capacity: 1)
        return elements.withUnsafeMutableBytes { data in
            shape.withUnsafeMutableBufferPointer { shape in
                strides.withUnsafeMutableBufferPointer { strides in
                    var tensor = Tensor(
                        data: data.baseAddress, dimensions: Int32(shape.count),
                        shape: shape.baseAddress,
                        strides: strides.isEmpty ? nil : strides.baseAddress, byteOffset: 4)
                    change(&tensor)
                    return withUnsafePointer(to: tensor) { pointer -> [Float]? in
                        var value = pipes_value()
                        value.kind = Kind.tensor.rawValue
                        value.ext = UnsafeRawPointer(pointer)
                        guard let copy = value.copied(to: target)?.ext else { return nil }
                        let copied = copy.load(as: Tensor.self)
                        guard copied.data != tensor.data, copied.byteOffset == 0,
                            copied.strides == nil, copied.dimensions == tensor.dimensions
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

    @Test("is copied where it is a tensor whose elements lie side by side")
    func tensors() {
        #expect(copy([2, 3]) == [1, 2, 3, 4, 5, 6])
        #expect(copy([2, 3], strides: [3, 1]) == [1, 2, 3, 4, 5, 6])
        #expect(copy([]) == [1])
        #expect(copy([0, 3]) == [])
    }

    @Test("stays where it is where it is a tensor of another form")
    func otherTensors() {
        #expect(copy([2, 3], strides: [1, 2]) == nil)
        #expect(copy([-1]) == nil)
        #expect(copy([1 << 40, 1 << 40]) == nil)
        #expect(copy([2]) { $0.device.0 = 2 } == nil)
        #expect(copy([2]) { $0.bits = 4 } == nil)
        #expect(copy([2]) { $0.dimensions = -1 } == nil)
    }
}
