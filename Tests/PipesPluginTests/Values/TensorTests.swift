import PipesPlugin
import Testing

@Suite("A TENSOR in Swift")
struct TensorTests {
    @Test("is written and read the same, and says how many bytes it has")
    func both() throws {
        let call = StrictCall(node: StrictNode())
        defer { withExtendedLifetime(call) {} }
        let tensor = try Tensor(shape: [2, 3], elements: [1.5, 2, 3, 4, 5, 6] as [Float])
        let value = try tensor.write(into: ResultMemory(call.pointer))
        #expect(value.kind == .tensor && value.value.size == 24)
        let head = try #require(pipes_tensor_of([value.value]))
        #expect(Int(bitPattern: head.pointee.data) % 64 == 0)
        let copy = try Tensor<Float>(value)
        #expect(copy.shape == [2, 3] && copy.elements == tensor.elements)
        let view = try TensorView<Float>(value)
        #expect(view.isDense && view[1, 0] == 4 && view.elements.map { Array($0) } == copy.elements)
    }

    @Test("without elements or without dimensions is one too")
    func small() throws {
        let call = StrictCall(node: StrictNode())
        defer { withExtendedLifetime(call) {} }
        let memory = ResultMemory(call.pointer)
        let empty = try Tensor<Int>(
            Tensor(shape: [0, 2], elements: [] as [Int]).write(into: memory))
        #expect(empty.shape == [0, 2] && empty.elements.isEmpty)
        let single = try TensorView<UInt8>(
            Tensor(shape: [], elements: [7] as [UInt8]).write(into: memory))
        #expect(single.count == 1 && single[] == 7)
    }

    @Test("with strides is read in the order of rows")
    func strides() throws {
        let call = StrictCall(node: StrictNode())
        defer { withExtendedLifetime(call) {} }
        let memory = ResultMemory(call.pointer)
        let value = try Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6] as [Int])
            .write(into: memory)
        let head = try #require(pipes_tensor_of([value.value]))
        let strides = try memory.allocate(Int64.self, count: 2)
        (strides[0], strides[1]) = (1, 2)
        UnsafeMutablePointer(mutating: head).pointee.strides = strides
        let view = try TensorView<Int>(value)
        #expect(!view.isDense && view.elements == nil && view[1, 1] == 4)
        #expect(try Tensor<Int>(value).elements == [1, 3, 5, 2, 4, 6])
    }

    @Test("of another type, or another value, is not read")
    func others() throws {
        let call = StrictCall(node: StrictNode())
        defer { withExtendedLifetime(call) {} }
        let value = try Tensor(shape: [1], elements: [1] as [UInt8])
            .write(into: ResultMemory(call.pointer))
        #expect(throws: ConversionError("wanted a TENSOR of f32, got one of u8")) {
            try TensorView<Float>(value)
        }
        #expect(throws: ConversionError("wanted TENSOR, got INT")) {
            try TensorView<Float>(RawValue(pipes_int(1)))
        }
        #expect(throws: ConversionError("3 elements for a TENSOR of the shape [2, 2]")) {
            try Tensor(shape: [2, 2], elements: [1, 2, 3])
        }
    }
}
