import CFFI
import Glibc
import PipesCore

/// A signature in the form that the C side takes.
struct PreparedSignature {
    private let name: String
    private let signature: Signature

    init(name: String, signature: Signature) {
        self.name = name
        self.signature = signature
    }

    /// - Returns: a `cffi_function`, to be released with `cffi_function_destroy`; nil where libffi
    ///   refuses the types or there is no memory.
    func make(_ function: UnsafeRawPointer) -> OpaquePointer? {
        // The C side copies the names, so they need to live until it returns.
        let names = signature.args.map { strdup(label(of: $0)) }
        defer { for name in names { free(name) } }
        guard names.allSatisfy({ $0 != nil }) else { return nil }
        let args = zip(signature.args, names).map { arg, name in
            var converted = Self.convert(arg)
            converted.name = UnsafePointer(name)
            return converted
        }
        let rules = effectiveRules.map(Self.convert)
        return name.withCString { name in
            args.withUnsafeBufferPointer { args in
                rules.withUnsafeBufferPointer { rules in
                    var description = cffi_signature()
                    description.function_name = name
                    description.args = args.baseAddress
                    description.arg_count = UInt32(args.count)
                    description.rules = rules.baseAddress
                    description.rule_count = UInt32(rules.count)
                    description.input_count = UInt32(signature.inputCount)
                    description.result = signature.result.type?.passed ?? CFFI_VOID
                    description.yield = yield
                    if case .outLength = signature.result { description.result_is_length = true }
                    description.explains_errno = signature.explainsErrno
                    return cffi_function_make(&description, function)
                }
            }
        }
    }

    /// What messages call an argument: the input it comes from, or the name of the node arg.
    private func label(of arg: Signature.Arg) -> String {
        if let input = arg.input { return signature.inputCount == 1 ? "in" : "in\(input)" }
        return switch arg {
        case .scalar(let name, let type, _): name ?? type.rawValue
        case .null: "null"
        default: "out"
        }
    }

    private var effectiveRules: [Signature.Rule] {
        let judges = signature.rules.contains { $0.outcome == .ok || $0.outcome == .fail }
        guard case .status = signature.result, !judges else { return signature.rules }
        return signature.rules + [Signature.Rule(outcome: .ok, comparison: .equal, operand: 0)]
    }

    private var yield: cffi_yield {
        for arg in signature.args {
            if case .outPointer = arg { return CFFI_YIELDS_BUFFER }
            if case .outNumber = arg { return CFFI_YIELDS_NUMBER }
        }
        return switch signature.result {
        case .void, .status, .outLength: CFFI_YIELDS_NULL
        case .value(.cstr): CFFI_YIELDS_TEXT
        case .freedText: CFFI_YIELDS_FREED_TEXT
        case .value: CFFI_YIELDS_RESULT
        }
    }

    private static func convert(_ arg: Signature.Arg) -> cffi_arg {
        var converted = cffi_arg()
        converted.type = CFFI_POINTER
        converted.input = UInt32(arg.input ?? 0)
        switch arg {
        case .inPointer(_, let size):
            converted.role = CFFI_IN_POINTER
            converted.size = UInt64(size ?? 0)
        case .inLength(_, let type):
            converted.role = CFFI_IN_LENGTH
            converted.type = type.passed
        case .inText: converted.role = CFFI_IN_TEXT
        case .inScalar(_, let type):
            converted.role = CFFI_IN_SCALAR
            converted.type = type.passed
        case .outPointer(let size):
            converted.role = CFFI_OUT_POINTER
            converted.size = UInt64(size ?? 0)
        case .outCapacity(let type):
            converted.role = CFFI_OUT_CAPACITY
            converted.type = type.passed
        case .outLength(let type):
            converted.role = CFFI_OUT_LENGTH
            converted.type = type.passed
        case .outNumber(let type):
            converted.role = CFFI_OUT_NUMBER
            converted.type = type.passed
        case .null: converted.role = CFFI_CONSTANT
        case .scalar(_, let type, _):
            converted.role = CFFI_CONSTANT
            converted.type = type.passed
        }
        return converted
    }

    private static func convert(_ rule: Signature.Rule) -> cffi_rule {
        let outcome: cffi_outcome =
            switch rule.outcome {
            case .ok: CFFI_OK
            case .fail: CFFI_FAIL
            case .grow: CFFI_GROW
            case .retry: CFFI_RETRY
            }
        let comparison: cffi_comparison =
            switch rule.comparison {
            case .equal: CFFI_EQUAL
            case .notEqual: CFFI_NOT_EQUAL
            case .less: CFFI_LESS
            case .lessOrEqual: CFFI_LESS_OR_EQUAL
            case .greater: CFFI_GREATER
            case .greaterOrEqual: CFFI_GREATER_OR_EQUAL
            }
        return cffi_rule(outcome: outcome, comparison: comparison, operand: rule.operand)
    }
}

extension ScalarType {
    /// As libffi passes it.
    fileprivate var passed: cffi_type {
        switch self {
        case .i8: CFFI_I8
        case .u8: CFFI_U8
        case .i16: CFFI_I16
        case .u16: CFFI_U16
        case .i32, .int: CFFI_I32
        case .u32, .uint: CFFI_U32
        case .i64, .isize, .long: CFFI_I64
        case .u64, .usize, .ulong, .size: CFFI_U64
        case .f32: CFFI_F32
        case .f64: CFFI_F64
        case .bool: CFFI_BOOL
        case .cstr: CFFI_POINTER
        }
    }
}
