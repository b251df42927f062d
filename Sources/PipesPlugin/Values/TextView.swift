public import CPipes

/// The text of a STRING, read without a copy.
///
/// Borrowed as a `RawValue` is. The bytes should be UTF-8; `string` checks it.
public struct TextView: @unchecked Sendable {  // what it points to does not change
    public let utf8: UnsafeBufferPointer<UInt8>

    @inlinable
    public init(_ text: UnsafeBufferPointer<CChar>) {
        utf8 = UnsafeBufferPointer(
            start: UnsafeRawPointer(text.baseAddress)?.assumingMemoryBound(to: UInt8.self),
            count: text.count)
    }

    /// A copy.
    ///
    /// - Throws: `ConversionError` where the bytes are not UTF-8: repairing them in silence would
    ///   change the data.
    @inlinable
    public var string: String {
        get throws {
            guard let valid = try? UTF8Span(validating: utf8.span) else {
                throw ConversionError("a STRING that is not UTF-8")
            }
            return String(copying: valid)
        }
    }
}

extension TextView: ValueReadable, ValueWritable {
    public static var kind: Kind { .string }

    @inlinable
    public init(_ value: RawValue) throws {
        self = try value.text
    }

    @inlinable
    public func write(into memory: ResultMemory) -> RawValue {
        RawValue(
            pipes_string(
                UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self),
                utf8.count))
    }
}
