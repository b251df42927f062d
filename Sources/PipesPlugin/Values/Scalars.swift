public import CPipes

extension String: ValueReadable, ValueWritable {
    public static var kind: Kind { .string }

    @inlinable
    public init(_ value: RawValue) throws {
        self = try value.text.string
    }

    @inlinable
    public func write(into memory: ResultMemory) throws -> RawValue {
        var text = self
        return try text.withUTF8 { utf8 in
            let start = try memory.copy(UnsafeRawBufferPointer(utf8))
            return RawValue(pipes_string(start.assumingMemoryBound(to: CChar.self), utf8.count))
        }
    }
}

extension Substring: ValueReadable, ValueWritable {
    public static var kind: Kind { .string }

    @inlinable
    public init(_ value: RawValue) throws {
        self = try value.text.string[...]
    }

    @inlinable
    public func write(into memory: ResultMemory) throws -> RawValue {
        var text = self
        return try text.withUTF8 { utf8 in
            let start = try memory.copy(UnsafeRawBufferPointer(utf8))
            return RawValue(pipes_string(start.assumingMemoryBound(to: CChar.self), utf8.count))
        }
    }
}

extension Int: ValueReadable, ValueWritable {
    public static var kind: Kind { .int }

    @inlinable
    public init(_ value: RawValue) throws {
        self = try value.integer
    }

    @inlinable
    public func write(into memory: ResultMemory) -> RawValue { RawValue(pipes_int(Int64(self))) }
}

extension Double: ValueReadable, ValueWritable {
    public static var kind: Kind { .float }

    @inlinable
    public init(_ value: RawValue) throws {
        self = try value.real
    }

    @inlinable
    public func write(into memory: ResultMemory) -> RawValue { RawValue(pipes_float(self)) }
}

extension Bool: ValueReadable, ValueWritable {
    public static var kind: Kind { .bool }

    @inlinable
    public init(_ value: RawValue) throws {
        self = try value.bool
    }

    @inlinable
    public func write(into memory: ResultMemory) -> RawValue { RawValue(pipes_bool(self)) }
}

/// A byte by itself is an INT; an array of them is BYTES.
extension UInt8: ValueReadable, ValueWritable {
    public static var kind: Kind { .int }
    public static var listKind: Kind { .bytes }

    public init(_ value: RawValue) throws {
        let integer = try value.integer
        guard let byte = UInt8(exactly: integer) else {
            throw ConversionError("wanted an INT from 0 to 255, got \(integer)")
        }
        self = byte
    }

    public func write(into memory: ResultMemory) -> RawValue { RawValue(pipes_int(Int64(self))) }

    public static func readList(_ value: RawValue) throws -> [UInt8] {
        [UInt8](try value.bytes)
    }

    public static func writeList(
        _ list: [UInt8], into memory: ResultMemory
    ) throws -> RawValue {
        let start = try list.withUnsafeBytes { try memory.copy($0) }
        return RawValue(pipes_bytes(start, list.count))
    }
}
