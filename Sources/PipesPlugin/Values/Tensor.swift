public import CPipes

/// A type that the elements of a TENSOR can have.
public protocol TensorElement: Sendable, BitwiseCopyable {
    /// As DLPack numbers it.
    static var elementType: pipes_dtype { get }
}

extension UInt8: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(1, 8) }
}

extension UInt16: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(1, 16) }
}

extension UInt32: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(1, 32) }
}

extension UInt64: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(1, 64) }
}

extension Int8: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(0, 8) }
}

extension Int16: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(0, 16) }
}

extension Int32: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(0, 32) }
}

extension Int: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(0, 64) }
}

extension Float: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(2, 32) }
}

extension Double: TensorElement {
    public static var elementType: pipes_dtype { pipes_dtype_of(2, 64) }
}

/// A TENSOR of a row, read without a copy.
///
/// Borrowed as a `RawValue` is: valid until the method that was given it returns. A parameter of
/// this type rejects rows of another kind or element type.
public struct TensorView<Element: TensorElement>: @unchecked Sendable {  // elements don't change
    /// The sizes of its dimensions.
    public let shape: [Int]
    /// From one element of a dimension to the next, in elements.
    public let strides: [Int]
    private let start: UnsafePointer<Element>?

    /// How many elements it has.
    public var count: Int { shape.reduce(1, *) }

    /// Whether its elements lie side by side in the order of rows, the last dimension changing
    /// fastest.
    public var isDense: Bool {
        zip(zip(shape, strides), Self.denseStrides(shape)).allSatisfy { $0.0 < 2 || $0.1 == $1 }
    }

    /// All elements in the order of rows; nil where they don't lie side by side.
    public var elements: UnsafeBufferPointer<Element>? {
        isDense ? UnsafeBufferPointer(start: start, count: start == nil ? 0 : count) : nil
    }

    /// The element at a place: one index for each dimension, from 0.
    public subscript(place: Int...) -> Element {
        precondition(place.count == shape.count, "\(shape.count) indices are wanted")
        for (index, size) in zip(place, shape) {
            precondition(index >= 0 && index < size, "index \(index) is out of range")
        }
        return element(at: place)
    }

    fileprivate static func denseStrides(_ shape: [Int]) -> [Int] {
        var strides = Array(repeating: 1, count: shape.count)
        for dimension in shape.indices.dropLast().reversed() {
            strides[dimension] = strides[dimension + 1] * shape[dimension + 1]
        }
        return strides
    }
}

extension TensorView: ValueReadable {
    public static var kind: Kind { .tensor }

    public init(_ value: RawValue) throws {
        try value.require(.tensor)
        guard let head = value.value.ext?.loadUnaligned(as: pipes_tensor.self),
            head.device_type == 1, (0...64).contains(head.ndim),
            head.ndim == 0 || head.shape != nil,
            withUnsafePointer(to: head, { pipes_tensor_bytes($0) }) != UInt64.max
        else { throw ConversionError("a TENSOR that can't be read") }
        let wanted = Element.elementType
        guard head.dtype.code == wanted.code, head.dtype.bits == wanted.bits, head.dtype.lanes == 1
        else {
            throw ConversionError(
                "wanted a TENSOR of \(Self.name(wanted)), got one of \(Self.name(head.dtype))")
        }
        shape = UnsafeBufferPointer(start: head.shape, count: Int(head.ndim)).map { Int($0) }
        strides =
            head.strides.map { strides in (0..<Int(head.ndim)).map { Int(strides[$0]) } }
            ?? Self.denseStrides(shape)
        let first = head.data.map {
            UnsafeRawPointer($0) + Int(truncatingIfNeeded: head.byte_offset)
        }
        if shape.contains(0) {
            start = nil
            return
        }
        guard let first, Int(bitPattern: first) % MemoryLayout<Element>.alignment == 0 else {
            throw ConversionError("a TENSOR that can't be read")
        }
        start = first.assumingMemoryBound(to: Element.self)
    }

    private static func name(_ type: pipes_dtype) -> String {
        let words: [UInt8: String] = [0: "i", 1: "u", 2: "f", 4: "bf", 5: "c", 6: "bool"]
        let lanes = type.lanes == 1 ? "" : "x\(type.lanes)"
        return "\(words[type.code] ?? "type\(type.code).")\(type.bits)\(lanes)"
    }
}

/// A TENSOR with elements of its own: a result, or a copy of a row's.
public struct Tensor<Element: TensorElement>: Sendable {
    public let shape: [Int]
    /// In the order of rows, the last dimension changing fastest.
    public private(set) var elements: [Element]

    /// - Throws: `ConversionError` where the elements are not as many as the shape has.
    public init(shape: [Int], elements: [Element]) throws {
        guard shape.allSatisfy({ $0 >= 0 }), shape.reduce(1, *) == elements.count else {
            throw ConversionError("\(elements.count) elements for a TENSOR of the shape \(shape)")
        }
        self.shape = shape
        self.elements = elements
    }
}

extension Tensor: ValueReadable, ValueWritable {
    public static var kind: Kind { .tensor }

    public init(_ value: RawValue) throws {
        let view = try TensorView<Element>(value)
        shape = view.shape
        if let dense = view.elements {
            elements = Array(dense)
            return
        }
        elements = []
        elements.reserveCapacity(view.count)
        var place = Array(repeating: 0, count: shape.count)
        for _ in 0..<view.count {
            elements.append(view.element(at: place))
            for dimension in shape.indices.reversed() {
                place[dimension] += 1
                if place[dimension] < shape[dimension] { break }
                place[dimension] = 0
            }
        }
    }

    public func write(into memory: ResultMemory) throws -> RawValue {
        let (value, room) = try memory.makeTensor(of: Element.self, shape: shape)
        _ = room.initialize(from: elements)
        return value
    }
}

extension TensorView {
    fileprivate func element(at place: [Int]) -> Element {
        let offset = zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }
        guard let start else { preconditionFailure("a tensor without elements") }
        return start[offset]
    }
}

extension ResultMemory {
    /// A TENSOR as a result, and the room for its elements, in the order of rows: each has to be
    /// written before the value is returned.
    ///
    /// - Throws: `OutOfMemory` at the node's memory limit, `ConversionError` where the shape can't be.
    public func makeTensor<Element: TensorElement>(
        of type: Element.Type, shape: [Int]
    ) throws -> (value: RawValue, elements: UnsafeMutableBufferPointer<Element>) {
        let sizes = shape.map { Int64($0) }
        let bytes = pipes_dense_bytes(Element.elementType, Int32(shape.count), sizes)
        guard bytes < UInt64(Int.max) else {
            throw ConversionError("a TENSOR can't have the shape \(shape)")
        }
        guard
            let tensor = pipes_tensor_new(call, Element.elementType, Int32(shape.count), sizes),
            let data = tensor.pointee.data
        else { throw OutOfMemory() }
        let count = Int(bytes) / MemoryLayout<Element>.stride
        let room = UnsafeMutableBufferPointer(
            start: data.bindMemory(to: Element.self, capacity: max(1, count)), count: count)
        return (RawValue(pipes_tensor_value(tensor)), room)
    }
}
