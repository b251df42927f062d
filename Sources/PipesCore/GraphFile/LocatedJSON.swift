import PipesJSON

/// A JSON value that knows where it stands: byte offsets, turned into places when needed.
struct LocatedJSON {
    enum Content {
        case null
        case bool(Bool)
        case integer(Int64)
        case real(Double)
        case string(String)
        case list([LocatedJSON])
        case object([Member])
    }

    struct Member {
        var key: String
        var keyOffset: Int
        var value: LocatedJSON
    }

    /// A key that an object has already.
    struct Duplicate {
        var key: String
        var offset: Int
        var firstOffset: Int
    }

    var offset: Int
    var content: Content

    /// What it is, for messages.
    var kindName: String {
        switch content {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .integer: "an integer"
        case .real: "a number with a fraction or an exponent"
        case .string: "a string"
        case .list: "a list"
        case .object: "an object"
        }
    }

    /// Reads a whole text.
    /// - Parameter duplicates: gets every key that its object had already.
    static func read(
        _ text: [UInt8], duplicates: inout [Duplicate]
    ) throws(JSONError) -> LocatedJSON {
        try text.withUnsafeBufferPointer { buffer throws(JSONError) in
            try read(buffer, duplicates: &duplicates)
        }
    }

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>, duplicates: inout [Duplicate]
    ) throws(JSONError) -> LocatedJSON {
        var reader = JSONReader(text)
        var result = LocatedJSON(offset: 0, content: .null)
        var open: [OpenContainer] = []
        while let token = try reader.next() {
            var value = LocatedJSON(offset: reader.tokenOffset, content: .null)
            switch token {
            case .beginObject, .beginArray:
                open.append(OpenContainer(offset: reader.tokenOffset))
                continue
            case .key(let key):
                open[open.count - 1].key = key.string
                open[open.count - 1].keyOffset = reader.tokenOffset
                continue
            case .endObject:
                let object = open.removeLast()
                findDuplicates(object.members, into: &duplicates)
                value = LocatedJSON(offset: object.offset, content: .object(object.members))
            case .endArray:
                let list = open.removeLast()
                value = LocatedJSON(offset: list.offset, content: .list(list.elements))
            case .string(let string): value.content = .string(string.string)
            case .integer(let integer): value.content = .integer(integer)
            case .real(let real): value.content = .real(real)
            case .bool(let bool): value.content = .bool(bool)
            case .null: break
            }
            if open.isEmpty { result = value } else { open[open.count - 1].append(value) }
        }
        return result
    }

    private static func findDuplicates(_ members: [Member], into duplicates: inout [Duplicate]) {
        // Comparing a few keys with each other is cheaper than hashing them.
        if members.count <= 8 {
            for (index, member) in members.enumerated() {
                guard let first = members[..<index].first(where: { $0.key == member.key }) else {
                    continue
                }
                duplicates.append(member.repeating(first.keyOffset))
            }
            return
        }
        var firstOffsets: [String: Int] = Dictionary(minimumCapacity: members.count)
        for member in members {
            if let first = firstOffsets[member.key] {
                duplicates.append(member.repeating(first))
            } else {
                firstOffsets[member.key] = member.keyOffset
            }
        }
    }
}

extension LocatedJSON.Member {
    fileprivate func repeating(_ firstOffset: Int) -> LocatedJSON.Duplicate {
        LocatedJSON.Duplicate(key: key, offset: keyOffset, firstOffset: firstOffset)
    }
}

/// An object or a list that is being read.
private struct OpenContainer {
    let offset: Int
    /// nil in a list.
    var key: String?
    var keyOffset = 0
    var members: [LocatedJSON.Member] = []
    var elements: [LocatedJSON] = []

    init(offset: Int) { self.offset = offset }

    mutating func append(_ value: LocatedJSON) {
        if let key {
            members.append(LocatedJSON.Member(key: key, keyOffset: keyOffset, value: value))
        } else {
            elements.append(value)
        }
    }
}
