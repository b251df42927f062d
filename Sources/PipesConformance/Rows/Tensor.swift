import CPipes
import PipesCore

/// A `DLTensor` of DLPack 1.x (dlpack.h) as it lies in memory on a 64-bit system.
struct Tensor {
    var data: UnsafeMutableRawPointer?
    /// 1: the memory of the process.
    var device: Int32 = 1
    var deviceNumber: Int32 = 0
    var dimensions: Int32 = 0
    /// 2: floating point.
    var typeCode: UInt8 = 2
    var bits: UInt8 = 32
    var lanes: UInt16 = 1
    var shape: UnsafePointer<Int64>?
    /// nil: side by side in the order of rows.
    var strides: UnsafePointer<Int64>?
    var byteOffset: UInt64 = 0

    private static let mostDimensions: Int32 = 64
    private static let mostBytes = Int64(1) << 46

    init() {}

    /// A copy of a tensor's head; what it points at is not looked at.
    init(at pointer: UnsafeRawPointer) { self = pointer.loadUnaligned(as: Tensor.self) }

    /// The sizes of its dimensions; nil where they can't be such.
    var sizes: [Int64]? {
        guard (0...Self.mostDimensions).contains(dimensions) else { return nil }
        if dimensions == 0 { return [] }
        guard let shape else { return nil }
        return (0..<Int(dimensions)).map { shape[$0] }
    }

    /// What no tensor can be like, or nil. Where pointers lead is not known.
    var flaw: String? {
        if device != 1 { return "a TENSOR on device type \(device), which is not the CPU (1)" }
        guard let sizes else {
            return "a TENSOR of \(dimensions) dimensions"
                + (shape == nil ? " whose shape is NULL" : "")
        }
        if bits == 0 || lanes == 0 {
            return "a TENSOR of elements of \(bits) bits and \(lanes) lanes"
        }
        var bytes = Int64(bits) * Int64(lanes) / 8
        for size in sizes {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard size >= 0, !overflow, product <= Self.mostBytes else {
                return "a TENSOR of the shape \(sizes)"
            }
            bytes = product
        }
        for (place, size) in sizes.enumerated() where size > 1 {
            guard let stride = strides?[place] else { continue }
            let (span, overflow) = stride.multipliedReportingOverflow(by: size)
            if overflow || span.magnitude > Self.mostBytes {
                return "a TENSOR of the shape \(sizes) with a stride of \(stride)"
            }
        }
        if byteOffset > Self.mostBytes { return "a TENSOR that begins at byte \(byteOffset)" }
        return data == nil && bytes > 0 ? "a TENSOR of the shape \(sizes) at NULL" : nil
    }
}
