public import CPipes

// The C struct as Swift reads it. Pointers in it are only as good as the storage that owns them.
extension pipes_value {
    public static let null = pipes_value()

    public init(_ integer: Int64) {
        self.init()
        kind = Kind.int.rawValue
        self.integer = integer
    }

    /// The bytes it takes: its own 24, and the text, bytes, items or elements it refers to.
    @inlinable
    public var byteCount: Int {
        if kind < Kind.string.rawValue { return 24 }
        if kind == Kind.string.rawValue || kind == Kind.bytes.rawValue {
            return 24 + Int(truncatingIfNeeded: size)
        }
        return nestedByteCount
    }

    @usableFromInline
    var nestedByteCount: Int {
        if kind == Kind.tensor.rawValue { return 24 + tensorByteCount }
        var sum = 24
        if let items, let count = itemCount {
            for index in 0..<count { sum += items[index].byteCount }
        }
        return sum
    }

    /// How many values `items` has: twice the pairs of a map. nil for other kinds.
    public var itemCount: Int? {
        switch kind {
        case Kind.list.rawValue: Int(truncatingIfNeeded: size)
        case Kind.map.rawValue: Int(truncatingIfNeeded: size) * 2
        default: nil
        }
    }

    /// What is wrong with a value that came from a plugin, or nil. Looks at nested values too; what
    /// pointers point at can't be checked.
    @inlinable
    public var flaw: String? {
        if kind <= Kind.float.rawValue { return nil }
        return nestedFlaw(depth: 0)
    }

    /// No text of a process is larger than its address space.
    public static let largestSize: UInt64 = 1 << 46
    @usableFromInline static let deepestNesting = 512

    @usableFromInline
    func nestedFlaw(depth: Int) -> String? {
        guard let known = Kind(rawValue: kind), known != .any else {
            return "a value of the unknown kind \(kind)"
        }
        switch known {
        case .string, .bytes:
            if size > pipes_value.largestSize { return "a \(known.name) of \(size) bytes" }
            if size > 0, text == nil { return "a \(known.name) of \(size) bytes at NULL" }
        case .list, .map:
            if size > pipes_value.largestSize / 48 { return "a \(known.name) of \(size) items" }
            guard size > 0 else { return nil }
            guard let items else { return "a \(known.name) of \(size) items at NULL" }
            if depth >= pipes_value.deepestNesting {
                return "values nested more than \(pipes_value.deepestNesting) deep"
            }
            for index in 0..<(itemCount ?? 0) {
                if known == .map, index % 2 == 0, items[index].kind != Kind.string.rawValue {
                    return "a MAP with a key that is no STRING"
                }
                if items[index].kind > Kind.float.rawValue,
                    let flaw = items[index].nestedFlaw(depth: depth + 1)
                {
                    return flaw
                }
            }
        case .tensor:
            if ext == nil { return "a TENSOR at NULL" }
        default: break
        }
        return nil
    }

    /// The bytes of a STRING or BYTES value; empty for others.
    public var buffer: UnsafeBufferPointer<UInt8> {
        guard kind == Kind.string.rawValue || kind == Kind.bytes.rawValue, let bytes else {
            return UnsafeBufferPointer(start: nil, count: 0)
        }
        return UnsafeBufferPointer(start: bytes, count: Int(truncatingIfNeeded: size))
    }
}

extension pipes_value {
    /// Writes a copy whose texts and items lie in the arena of `storage`.
    /// - Returns: nil where the memory can't be had, or a TENSOR among it can't be copied.
    public func copied(to storage: RowStorage) -> pipes_value? {
        var copy = self
        switch kind {
        case Kind.string.rawValue, Kind.bytes.rawValue:
            guard let bytes = buffer.copied(to: storage) else { return nil }
            copy.bytes = UnsafePointer(bytes)
        case Kind.list.rawValue, Kind.map.rawValue:
            let count = itemCount ?? 0
            guard let start = storage.allocate(count * MemoryLayout<pipes_value>.stride) else {
                return nil
            }
            let copies = start.bindMemory(to: pipes_value.self, capacity: max(1, count))
            if let items {
                for index in 0..<count {
                    guard let item = items[index].copied(to: storage) else { return nil }
                    (copies + index).initialize(to: item)
                }
            }
            copy.items = UnsafePointer(copies)
        case Kind.tensor.rawValue: return copiedTensor(to: storage)
        default: break
        }
        return copy
    }
}

extension Value {
    /// A copy that Swift owns.
    public init(copying value: pipes_value) {
        switch Kind(rawValue: value.kind) {
        case .bool: self = .bool(value.integer != 0)
        case .int: self = .int(value.integer)
        case .float: self = .float(value.real)
        case .string: self = .string(String(decoding: value.buffer, as: UTF8.self))
        case .bytes: self = .bytes(Array(value.buffer))
        case .list:
            let items = UnsafeBufferPointer(start: value.items, count: value.itemCount ?? 0)
            self = .list(items.map { Value(copying: $0) })
        case .map:
            let items = UnsafeBufferPointer(start: value.items, count: value.itemCount ?? 0)
            self = .map(
                stride(from: 0, to: items.count - items.count % 2, by: 2).map {
                    Pair(
                        String(decoding: items[$0].buffer, as: UTF8.self),
                        Value(copying: items[$0 + 1]))
                })
        case .tensor: self = .tensor(Tensor(copying: value))
        case .null, .any, nil: self = .null
        }
    }

    /// Writes a copy whose texts and items lie in the arena of `storage`.
    /// - Returns: nil where the memory can't be had, or the elements of a TENSOR are not known.
    public func copied(to storage: RowStorage) -> pipes_value? {
        var copy = pipes_value()
        copy.kind = kind.rawValue
        switch self {
        case .null: break
        case .bool(let truth): copy.integer = truth ? 1 : 0
        case .int(let integer): copy.integer = integer
        case .float(let real): copy.real = real
        case .string(var text):
            let bytes = text.withUTF8 { $0.copied(to: storage) }
            guard let bytes else { return nil }
            copy.bytes = UnsafePointer(bytes)
            copy.size = UInt64(text.utf8.count)
        case .bytes(let array):
            guard let bytes = array.withUnsafeBufferPointer({ $0.copied(to: storage) }) else {
                return nil
            }
            copy.bytes = UnsafePointer(bytes)
            copy.size = UInt64(array.count)
        case .list(let list):
            guard let items = Value.copied(list, to: storage) else { return nil }
            copy.items = items
            copy.size = UInt64(list.count)
        case .map(let pairs):
            let flat = pairs.flatMap { [Value.string($0.key), $0.value] }
            guard let items = Value.copied(flat, to: storage) else { return nil }
            copy.items = items
            copy.size = UInt64(pairs.count)
        case .tensor(let tensor): return tensor.copied(to: storage)
        }
        return copy
    }

    /// The values one after the other in the arena of `storage`.
    public static func copied(
        _ values: [Value], to storage: RowStorage
    ) -> UnsafePointer<pipes_value>? {
        guard let start = storage.allocate(values.count * MemoryLayout<pipes_value>.stride) else {
            return nil
        }
        let items = start.bindMemory(to: pipes_value.self, capacity: max(1, values.count))
        for (index, value) in values.enumerated() {
            guard let copy = value.copied(to: storage) else { return nil }
            (items + index).initialize(to: copy)
        }
        return UnsafePointer(items)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// A copy in the arena of `storage`, with a NUL behind it for the C functions that want one.
    fileprivate func copied(to storage: RowStorage) -> UnsafeMutablePointer<UInt8>? {
        guard let start = storage.allocate(count + 1) else { return nil }
        let bytes = start.bindMemory(to: UInt8.self, capacity: count + 1)
        if let baseAddress { bytes.initialize(from: baseAddress, count: count) }
        bytes[count] = 0
        return bytes
    }
}
