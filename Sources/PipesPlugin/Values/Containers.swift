internal import CPipes

extension Array: ValueDescribed where Element: ValueDescribed {
    public static var kind: Kind { Element.listKind }
}

extension Array: ValueReadable, InputReadable where Element: ValueReadable {
    public init(_ value: RawValue) throws {
        self = try Element.readList(value)
    }
}

extension Array: ValueWritable where Element: ValueWritable {
    public func write(into memory: ResultMemory) throws -> RawValue {
        try Element.writeList(self, into: memory)
    }
}

extension Dictionary: ValueDescribed where Key == String {
    public static var kind: Kind { .map }
}

/// Of two equal keys the last counts.
extension Dictionary: ValueReadable, InputReadable where Key == String, Value: ValueReadable {
    public init(_ value: RawValue) throws {
        let items = try value.keysAndValues
        self.init(minimumCapacity: items.count / 2)
        for index in stride(from: 0, to: items.count, by: 2) {
            let key = try String(items[index])
            do {
                self[key] = try Value(items[index + 1])
            } catch let error as ConversionError {
                throw error.within("key \"\(key)\"")
            }
        }
    }
}

/// In no certain order; `Value.map` keeps one.
extension Dictionary: ValueWritable where Key == String, Value: ValueWritable {
    public func write(into memory: ResultMemory) throws -> RawValue {
        let items = try memory.allocate(pipes_value.self, count: 2 * count)
        for (index, pair) in self.enumerated() {
            items[2 * index] = try pair.key.write(into: memory).value
            items[2 * index + 1] = try pair.value.write(into: memory).value
        }
        return RawValue(pipes_map(items, count))
    }
}

/// Nil is NULL, so a port of an optional is described as ANY.
extension Optional: ValueDescribed where Wrapped: ValueDescribed {
    public static var kind: Kind { .any }
}

extension Optional: ValueReadable, InputReadable where Wrapped: ValueReadable {
    @inlinable
    public init(_ value: RawValue) throws {
        self = value.isNull ? nil : try Wrapped(value)
    }
}

extension Optional: ValueWritable where Wrapped: ValueWritable {
    @inlinable
    public func write(into memory: ResultMemory) throws -> RawValue {
        switch self {
        case .some(let wrapped): try wrapped.write(into: memory)
        case .none: .null
        }
    }
}
