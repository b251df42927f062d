internal import PipesJSON

extension Value {
    /// Whether `got` is what a person wrote here. What JSON can't tell apart is the same: a whole
    /// FLOAT and an INT, and the order of a MAP's keys. A STRING of base64 stands for BYTES too, and
    /// a TENSOR without data for any of its type and shape.
    package func isMet(by got: Value) -> Bool {
        switch (self, got) {
        case (.string(let text), .bytes(let bytes)): text == bytes.base64
        case (.int(let wanted), .float(let real)), (.float(let real), .int(let wanted)):
            Int64(exactly: real) == wanted
        case (.float(let wanted), .float(let real)):
            wanted == real || wanted.isNaN && real.isNaN
        case (.list(let wanted), .list(let values)):
            wanted.count == values.count && zip(wanted, values).allSatisfy { $0.isMet(by: $1) }
        case (.map(let wanted), .map(let pairs)):
            wanted.count == pairs.count
                && zip(wanted.byKey, pairs.byKey).allSatisfy {
                    $0.key == $1.key && $0.value.isMet(by: $1.value)
                }
        case (.tensor(let wanted), .tensor(let tensor)): wanted.isMet(by: tensor)
        default: self == got
        }
    }

    /// The same for all values that one value is met by, so that those need be compared only.
    package var likeness: Value {
        switch self {
        case .float(let real):
            Int64(exactly: real).map { .int($0) } ?? (real.isNaN ? .string("NaN") : self)
        case .bytes(let bytes): .string(bytes.base64)
        case .list(let items): .list(items.map(\.likeness))
        case .map(let pairs): .map(pairs.byKey.map { Pair($0.key, $0.value.likeness) })
        case .tensor(let tensor):
            .list([.string(tensor.type.name), .list(tensor.shape.map { .int($0) })])
        default: self
        }
    }
}

extension [Value.Pair] {
    /// Equal keys stay in their order.
    fileprivate var byKey: [Value.Pair] {
        enumerated().sorted { ($0.element.key, $0.offset) < ($1.element.key, $1.offset) }
            .map(\.element)
    }
}

extension Tensor {
    fileprivate func isMet(by got: Tensor) -> Bool {
        guard type == got.type, shape == got.shape else { return false }
        guard let data else { return true }
        guard let other = got.data else { return false }
        if data == other { return true }
        guard type.number != nil else { return false }
        return (0..<numberCount).allSatisfy { index in
            switch (self[index, in: data], got[index, in: other]) {
            case (.float(let wanted), .float(let real)):
                wanted == real || wanted.isNaN && real.isNaN
            case (let wanted, let number): wanted == number
            }
        }
    }
}

extension [UInt8] {
    package var base64: String {
        withUnsafeBufferPointer { buffer in
            var text: [UInt8] = []
            Base64.append(buffer, to: &text)
            return String(decoding: text, as: UTF8.self)
        }
    }
}
