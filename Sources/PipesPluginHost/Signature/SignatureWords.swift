import PipesCore

extension Signature {
    /// The C declaration that the signature stands for, with what each parameter is given: one
    /// line each, for people.
    ///
    /// - Parameter callbacks: the C types of the parameters that are known to be callbacks, by their
    ///   positions.
    func words(callbacks: [Int: String]) -> [String] {
        var lines = ["returns  \(resultWords)"]
        for (index, arg) in args.enumerated() {
            let callback = callbacks[index].map { ", where a callback belongs, \($0)" } ?? ""
            lines.append("\(index + 1).       \(arg.cType): \(arg.words)\(callback)")
        }
        for rule in rules {
            lines.append(
                "\(rule.outcome.rawValue) when the returned number is "
                    + "\(rule.comparison.rawValue) \(rule.operand)")
        }
        if explainsErrno { lines.append("a failed row's message has the text of errno") }
        return lines
    }

    private var resultWords: String {
        switch result {
        case .void: "nothing"
        case .value(.cstr): "char *: a text, copied at once; NULL is null"
        case .value(let type): "\(type.cName): the row's value, \(type.kind.name)"
        case .freedText: "char *: a text, copied and then freed; NULL is null"
        case .outLength(let type): "\(type.cName): how many bytes of the buffer were written"
        case .status(let type): "\(type.cName): a status, which is not the row's value"
        }
    }
}

extension Signature.Arg {
    var cType: String {
        switch self {
        case .inPointer: "const void *"
        case .inText: "const char *"
        case .outPointer, .null: "void *"
        case .outLength(let type), .outNumber(let type): "\(type.cName) *"
        case .inLength(_, let type), .inScalar(_, let type), .outCapacity(let type),
            .scalar(_, let type, _):
            type.cName
        }
    }

    fileprivate var words: String {
        switch self {
        case .inPointer(let input, nil): "the bytes of input \(input + 1), a STRING or BYTES"
        case .inPointer(let input, let size?):
            "the bytes of input \(input + 1), which must be \(size)"
        case .inLength(let input, _): "how many bytes input \(input + 1) has"
        case .inText(let input):
            "input \(input + 1), a STRING without a NUL, copied with a NUL behind it"
        case .inScalar(let input, let type): "input \(input + 1), \(type.kind.name)"
        case .outPointer(nil): "a buffer, whose bytes are the row's value"
        case .outPointer(let size?): "a buffer of \(size) bytes, which are the row's value"
        case .outCapacity: "how many bytes the buffer has room for"
        case .outLength: "that room before the call, and how many bytes were written after it"
        case .outNumber(let type): "room for a number, which is the row's value, \(type.kind.name)"
        case .null: "NULL"
        case .scalar(let name?, _, nil): "the node's arg \(name), required"
        case .scalar(let name?, _, let fallback?):
            "the node's arg \(name), \(fallback.json) by default"
        case .scalar(nil, _, let fallback): "always \(fallback?.json ?? "0")"
        }
    }
}

extension ScalarType {
    /// As C declares it.
    var cName: String {
        switch self {
        case .i8: "int8_t"
        case .u8: "uint8_t"
        case .i16: "int16_t"
        case .u16: "uint16_t"
        case .i32: "int32_t"
        case .u32: "uint32_t"
        case .i64: "int64_t"
        case .u64: "uint64_t"
        case .isize: "ssize_t"
        case .usize, .size: "size_t"
        case .f32: "float"
        case .f64: "double"
        case .bool: "bool"
        case .int: "int"
        case .uint: "unsigned int"
        case .long: "long"
        case .ulong: "unsigned long"
        case .cstr: "const char *"
        }
    }
}
