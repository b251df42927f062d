import Glibc
import PipesCore

/// What is wrong with a plugin's descriptor, in one line.
struct DescriptorError: Error, Hashable {
    var message: String
}

/// Reads the structs of a plugin, which may be smaller or larger than this host's, and its texts,
/// which may be anything. A pointer that leads nowhere can't be told: what is not trusted is
/// loaded in a child process first.
enum DescriptorFields {
    /// Larger ones are not a struct of the future, but a mistake.
    private static let largestStruct = 1 << 16
    /// The size and one more field.
    private static let smallestStruct = 8

    static let longestName = 128
    static let longestText = 1 << 16

    /// Copies a struct that says its own size: what is missing stays as in `zero`, what is more is
    /// left out.
    static func read<Struct>(
        _ pointer: UnsafeRawPointer, as zero: Struct, called name: String
    ) throws(DescriptorError) -> Struct {
        try copy(pointer, size: try size(of: pointer, called: name), into: zero)
    }

    /// Copies an array, walked by the size that its first element says.
    static func readArray<Struct>(
        _ start: UnsafePointer<Struct>?, count: Int, limit: Int, as zero: Struct,
        called name: String
    ) throws(DescriptorError) -> [Struct] {
        guard count > 0 else { return [] }
        guard count <= limit else {
            throw DescriptorError(message: "\(count) \(name), and at most \(limit) are allowed")
        }
        guard let start else {
            throw DescriptorError(message: "\(count) \(name), and the pointer to them is NULL")
        }
        let first = UnsafeRawPointer(start)
        let stride = try size(of: first, called: "the first of its \(name)")
        var elements: [Struct] = []
        elements.reserveCapacity(count)
        for index in 0..<count {
            let element = first + index * stride
            let own = Int(element.loadUnaligned(as: UInt32.self))
            guard own == stride else {
                throw DescriptorError(
                    message: "number \(index + 1) of its \(name) has struct_size \(own), "
                        + "and the first has \(stride): all have the same")
            }
            elements.append(try copy(element, size: stride, into: zero))
        }
        return elements
    }

    private static func size(
        of pointer: UnsafeRawPointer, called name: String
    ) throws(DescriptorError) -> Int {
        let size = Int(pointer.loadUnaligned(as: UInt32.self))
        guard size >= smallestStruct, size <= largestStruct, size % 4 == 0 else {
            throw DescriptorError(message: "\(name) has struct_size \(size)" + remedy(for: size))
        }
        return size
    }

    private static func remedy(for size: Int) -> String {
        if size == 0 { return ", which no version of the ABI has; set it to sizeof of the struct" }
        let bytes = withUnsafeBytes(of: UInt32(size)) { Array($0) }
        let isText = bytes.allSatisfy { (0x20...0x7e).contains($0) }
        let text = isText ? " (the text \(String(decoding: bytes, as: UTF8.self).quoted))" : ""
        return "\(text), which no version of the ABI has: it was built with another pipes.h, whose "
            + "structs have other fields. Build it with the pipes.h of this host"
    }

    private static func copy<Struct>(
        _ pointer: UnsafeRawPointer, size: Int, into zero: Struct
    ) throws(DescriptorError) -> Struct {
        var result = zero
        withUnsafeMutableBytes(of: &result) { bytes in
            bytes.copyMemory(
                from: UnsafeRawBufferPointer(start: pointer, count: min(size, bytes.count)))
        }
        return result
    }

    /// - Returns: nil for NULL.
    static func text(
        _ pointer: UnsafePointer<CChar>?, called field: String, limit: Int = longestText
    ) throws(DescriptorError) -> String? {
        guard let pointer else { return nil }
        let size = strnlen(pointer, limit + 1)
        guard size <= limit else {
            throw DescriptorError(message: "\(field) is longer than \(limit) bytes")
        }
        let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DescriptorError(message: "\(field) is not valid UTF-8")
        }
        return text
    }

    /// A name that a graph file can say: not empty, and without the characters that separate
    /// names there.
    static func name(
        _ pointer: UnsafePointer<CChar>?, called field: String
    ) throws(DescriptorError) -> String {
        guard let name = try text(pointer, called: field, limit: longestName), !name.isEmpty else {
            throw DescriptorError(message: "\(field) is missing")
        }
        let isValid = name.unicodeScalars.allSatisfy { scalar in
            scalar == "_" || scalar == "-" || scalar.properties.isAlphabetic
                || scalar.properties.numericType != nil
                || scalar.properties.generalCategory == .nonspacingMark
        }
        guard isValid else {
            throw DescriptorError(
                message: "\(field) \(name.quoted) may hold letters, digits, _ and - alone")
        }
        return name
    }

    static func kind(
        _ number: UInt32, called field: String
    ) throws(DescriptorError) -> Kind {
        guard let kind = Kind(rawValue: number) else {
            throw DescriptorError(message: "\(field) is of kind \(number), which is no pipes_kind")
        }
        return kind
    }
}
