public import CPipes

extension RowProcessor {
    /// How many parameters the processor's method has; a `Row` is one.
    @inlinable static var parameterCount: Int {
        if Second.self == Absent.self { return 1 }
        if Third.self == Absent.self { return 2 }
        return Fourth.self == Absent.self ? 3 : 4
    }

    /// How many inputs a row has to have; nil: any number.
    @inlinable static var width: Int? { First.inputKind == nil ? nil : parameterCount }

    /// A row that is there as long as the results of its call: the host keeps what a deferred
    /// call's inputs refer to, not the array that they were passed in.
    static func outlivingRow(
        _ row: UnsafeBufferPointer<pipes_value>, _ call: Call
    ) throws -> UnsafeBufferPointer<pipes_value> {
        guard First.inputKind == nil else { return row }
        let copy = try ResultMemory(call).allocate(pipes_value.self, count: row.count)
        for index in row.indices { copy[index] = row[index] }
        return UnsafeBufferPointer(start: copy, count: row.count)
    }
}

/// The inputs of a row.
///
/// - Parameter wanted: how many there have to be; nil: any number.
/// - Throws: `ConversionError` where they are not as many.
@inlinable @inline(__always)
func checkedRow(
    _ row: UnsafePointer<pipes_value>, width: UInt64, wanted: Int?
) throws -> UnsafeBufferPointer<pipes_value> {
    guard let count = Int(exactly: width), wanted == nil || wanted == count else {
        throw widthError(width, wanted)
    }
    return UnsafeBufferPointer(start: row, count: count)
}

@usableFromInline
func widthError(_ width: UInt64, _ wanted: Int?) -> ConversionError {
    ConversionError("wanted a row of \(wanted ?? 1) inputs, got \(width)")
}

/// A batch whose rows can be looked at one by one, also after the call that brought it returned.
///
/// Belongs to the call that it was made in, until that is completed.
struct RowsOfBatch: @unchecked Sendable {
    let count: UInt64
    let width: Int
    private let columns: UnsafeMutablePointer<UnsafePointer<pipes_value>?>
    private let row: UnsafeMutablePointer<pipes_value>

    /// Copies the batch's head, not its values.
    ///
    /// - Throws: `OutOfMemory`; `ConversionError` for a batch that no host may send.
    init(_ batch: pipes_batch, _ call: Call) throws {
        guard let width = Int(exactly: batch.width), width > 0, let columns = batch.columns else {
            throw ConversionError("a batch of impossible width \(batch.width)")
        }
        count = batch.count
        self.width = width
        let memory = ResultMemory(call)
        self.columns = try memory.allocate(UnsafePointer<pipes_value>?.self, count: width)
        for index in 0..<width { self.columns[index] = columns[index] }
        row = try memory.allocate(pipes_value.self, count: width)
    }

    /// The inputs of one row, valid until the next one is asked for.
    func row(_ index: UInt64) -> UnsafeBufferPointer<pipes_value> {
        if width == 1 {
            return UnsafeBufferPointer(start: columns[0].map { $0 + Int(index) }, count: 1)
        }
        for input in 0..<width {
            if let column = columns[input] { row[input] = column[Int(index)] }
        }
        return UnsafeBufferPointer(start: row, count: width)
    }
}
