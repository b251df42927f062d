public import PipesCore

/// How to call an ordinary C function, as docs/plain-functions.md writes it: where each argument comes
/// from, what the result means and what the row's value is.
public struct Signature: Sendable, Hashable {
    /// Where one argument of the call comes from. `input` is the position among the joined
    /// inputs; sizes are in bytes.
    public enum Arg: Sendable, Hashable {
        /// `in.ptr`, `in.ptr[16]`
        case inPointer(input: Int, size: Int?)
        /// `in.len:size`
        case inLength(input: Int, type: ScalarType)
        /// `in.cstr`
        case inText(input: Int)
        /// `in:f64`
        case inScalar(input: Int, type: ScalarType)
        /// `out.ptr`, `out.ptr[32]`
        case outPointer(size: Int?)
        /// `out.cap:size`
        case outCapacity(type: ScalarType)
        /// `out.len:*ulong`: the capacity before the call, the length after it.
        case outLength(type: ScalarType)
        /// `out:*int`: room for a number, which is the row's value.
        case outNumber(type: ScalarType)
        /// `null`
        case null
        /// `level:int=6`: a node arg. Without a name the same for every node.
        case scalar(name: String?, type: ScalarType, fallback: Value?)
    }

    public enum Result: Sendable, Hashable {
        case void
        /// A number, or a text that stays the function's.
        case value(ScalarType)
        /// `cstr.free`: a text that is freed once it was copied.
        case freedText
        /// `out.len:int`: how many bytes of the buffer were written.
        case outLength(ScalarType)
        /// `status:int`: for the rules alone; never the row's value.
        case status(ScalarType)
    }

    /// What a returned number means, such as `fail<0`.
    public struct Rule: Sendable, Hashable {
        public enum Outcome: String, Sendable, Hashable, CaseIterable {
            case ok, fail, grow, retry
        }

        public enum Comparison: String, Sendable, Hashable, CaseIterable {
            case equal = "="
            case notEqual = "!="
            case less = "<"
            case lessOrEqual = "<="
            case greater = ">"
            case greaterOrEqual = ">="
        }

        public var outcome: Outcome
        public var comparison: Comparison
        public var operand: Int64
    }

    public internal(set) var args: [Arg] = []
    public internal(set) var result = Result.void
    /// In the order written. Asked in the order grow, retry, fail, ok; a `status` without `ok` and
    /// `fail` is ok when it is 0.
    public internal(set) var rules: [Rule] = []
    /// Whether the text of `errno` belongs in the message of a failed row.
    public internal(set) var explainsErrno = false
    /// Same input, same output, no state: may be called from several threads at once.
    public internal(set) var isPure = false
    /// Whether the function may wait. Functions that are not pure are taken to.
    public internal(set) var isBlocking = true

    /// The number of joined inputs that the function reads.
    public var inputCount: Int {
        args.reduce(0) { count, arg in max(count, (arg.input ?? -1) + 1) }
    }
}

extension Signature.Arg {
    /// The position among the joined inputs; nil for an argument that is not one.
    var input: Int? {
        switch self {
        case .inPointer(let input, _), .inLength(let input, _), .inText(let input),
            .inScalar(let input, _):
            input
        case .outPointer, .outCapacity, .outLength, .outNumber, .null, .scalar: nil
        }
    }
}

extension Signature.Result {
    /// The type of what the function returns; nil for `void`.
    var type: ScalarType? {
        switch self {
        case .void: nil
        case .freedText: .cstr
        case .value(let type), .outLength(let type), .status(let type): type
        }
    }
}

/// One mistake in a signature.
public struct SignatureError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counts the characters of the signature from 1.
    public var column: Int
    /// What is wrong and what to write.
    public var message: String

    public init(column: Int, message: String) {
        self.column = column
        self.message = message
    }

    /// `column 8: ...`
    public var description: String { "column \(column): \(message)" }
}
