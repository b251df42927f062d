/// How a value is passed, as far as its type tells.
indirect enum PassedForm: Equatable {
    case nothing, single, double, longDouble, boolean, structure
    /// A pointer to a function.
    case callback
    /// Its size in bytes. `char` may have a sign, and so may an enum.
    case integer(Int, isSigned: Bool?)
    /// nil: to anything.
    case pointer(to: PassedForm?)

    /// - Parameter base: a C type without typedefs, as gdb prints it; nil for one that can be anything.
    init?(of base: String) {
        let words = base.split(separator: " ").map(String.init)
            .filter { !["const", "volatile", "restrict"].contains($0) }
        let type = words.joined(separator: " ")
        if let stars = Self.starsOfFunctionPointer(type) {
            self = stars == 1 ? .callback : .pointer(to: nil)
        } else if type.hasSuffix("*") || type.hasSuffix("]") {
            let target = type.prefix { $0 != "[" }
            self = .pointer(
                to: PassedForm(of: String(target.dropLast(target.hasSuffix("*") ? 1 : 0))))
        } else if words.contains("struct") || words.contains("union") || words.contains("class") {
            self = .structure
        } else if words.first == "enum" {
            self = .integer(4, isSigned: nil)
        } else if words.contains("double") {
            self = words.contains("long") ? .longDouble : .double
        } else if words == ["float"] {
            self = .single
        } else if words == ["void"] {
            self = .nothing
        } else if words == ["_Bool"] || words == ["bool"] {
            self = .boolean
        } else {
            let isUnsigned = words.contains("unsigned")
            if words.contains("char") {
                let saysSign = isUnsigned || words.contains("signed")
                self = .integer(1, isSigned: saysSign ? !isUnsigned : nil)
            } else if words.contains("short") {
                self = .integer(2, isSigned: !isUnsigned)
            } else if words.contains("long") {
                self = .integer(8, isSigned: !isUnsigned)
            } else if words.contains("int") || isUnsigned {
                self = .integer(4, isSigned: !isUnsigned)
            } else {
                return nil
            }
        }
    }

    /// How many stars stand in `int (**)(int)`; nil for what is not a pointer to a function.
    private static func starsOfFunctionPointer(_ type: String) -> Int? {
        guard let start = type.firstRange(of: "(*") else { return nil }
        let stars = type[start.lowerBound...].dropFirst().prefix { $0 == "*" }
        return type[stars.endIndex...].hasPrefix(")(") ? stars.count : nil
    }

    init(of type: ScalarType) {
        self =
            switch type {
            case .i8: .integer(1, isSigned: true)
            case .u8: .integer(1, isSigned: false)
            case .i16: .integer(2, isSigned: true)
            case .u16: .integer(2, isSigned: false)
            case .i32, .int: .integer(4, isSigned: true)
            case .u32, .uint: .integer(4, isSigned: false)
            case .i64, .isize, .long: .integer(8, isSigned: true)
            case .u64, .usize, .ulong, .size: .integer(8, isSigned: false)
            case .f32: .single
            case .f64: .double
            case .bool: .boolean
            case .cstr: Self.text
            }
    }

    init(of arg: Signature.Arg) {
        self =
            switch arg {
            case .inPointer, .outPointer, .null: .pointer(to: nil)
            case .inText: Self.text
            case .outLength(let type), .outNumber(let type): .pointer(to: PassedForm(of: type))
            case .inLength(_, let type), .inScalar(_, let type), .outCapacity(let type),
                .scalar(_, let type, _):
                PassedForm(of: type)
            }
    }

    private static let text = PassedForm.pointer(to: .integer(1, isSigned: nil))

    /// Whether what is passed as one can be taken as the other.
    func agrees(with other: PassedForm) -> Bool {
        switch (self, other) {
        case (.integer(let size, let isSigned), .integer(let otherSize, let isOtherSigned)):
            size == otherSize
                && (isSigned == nil || isOtherSigned == nil || isSigned == isOtherSigned)
        case (.pointer(let target?), .pointer(let otherTarget?)):
            otherTarget == .nothing || target.agrees(with: otherTarget)
        case (.pointer, .pointer): true
        default: self == other
        }
    }
}
