import CPipes
import PipesCore
import PipesJSON

/// Reads and checks the params of a descriptor: a default must be one that its own param takes.
enum ParamReader {
    static func read(
        _ param: pipes_param
    ) throws(DescriptorError) -> ProcessorDescription.Param {
        let name = try DescriptorFields.name(param.name, called: "the name of a param")
        do throws(DescriptorError) {
            return try read(param, called: name)
        } catch {
            throw DescriptorError(message: "param \(name.quoted): \(error.message)")
        }
    }

    private static func read(
        _ param: pipes_param, called name: String
    ) throws(DescriptorError) -> ProcessorDescription.Param {
        let kind = try DescriptorFields.kind(param.kind, called: "it")
        if kind == .null || kind == .tensor {
            throw DescriptorError(message: "it is of kind \(kind.name), which no arg can have")
        }
        var result = ProcessorDescription.Param(name: name, kind: kind)
        result.help = try DescriptorFields.text(param.help, called: "its help") ?? ""
        result.minimum = try limit(param.minimum, of: kind, called: "minimum")
        result.maximum = try limit(param.maximum, of: kind, called: "maximum")
        if let minimum = result.minimum, let maximum = result.maximum, minimum > maximum {
            throw DescriptorError(message: "its minimum is above its maximum")
        }
        if let choices = try json(param.choices, called: "choices") {
            guard case .list(let values) = choices, !values.isEmpty else {
                throw DescriptorError(
                    message: "its choices \(choices.json) are no JSON list with values")
            }
            result.choices = []
            for value in values {
                result.choices?.append(try fit(value, of: kind, called: "choice"))
            }
        }
        if let fallback = try json(param.fallback, called: "default") {
            result.fallback = try check(fallback, fits: result)
        }
        return result
    }

    private static func json(
        _ pointer: UnsafePointer<CChar>?, called field: String
    ) throws(DescriptorError) -> Value? {
        guard let text = try DescriptorFields.text(pointer, called: "its \(field)") else {
            return nil
        }
        do {
            return try Value(json: Array(text.utf8))
        } catch {
            let what = error.isJSON ? "can't be held" : "is not JSON"
            throw DescriptorError(
                message: "its \(field) \(text.quoted) \(what): \(error.message)")
        }
    }

    private static func limit(
        _ pointer: UnsafePointer<CChar>?, of kind: Kind, called field: String
    ) throws(DescriptorError) -> Double? {
        guard let value = try json(pointer, called: field) else { return nil }
        guard kind == .int || kind == .float else {
            throw DescriptorError(message: "it has a \(field), and a \(kind.name) is no number")
        }
        switch value {
        case .int(let integer): return Double(integer)
        case .float(let real): return real
        default: throw DescriptorError(message: "its \(field) \(value.json) is no number")
        }
    }

    /// null is a default of every kind: an arg that may be left out.
    private static func check(
        _ fallback: Value, fits param: ProcessorDescription.Param
    ) throws(DescriptorError) -> Value {
        if fallback == .null { return .null }
        let value = try fit(fallback, of: param.kind, called: "default")
        if let choices = param.choices, !choices.contains(value) {
            throw DescriptorError(message: "its default \(fallback.json) is none of its choices")
        }
        let number: Double? =
            switch value {
            case .int(let integer): Double(integer)
            case .float(let real): real
            default: nil
            }
        guard let number else { return value }
        if let minimum = param.minimum, number < minimum {
            throw DescriptorError(message: "its default \(fallback.json) is below its minimum")
        }
        if let maximum = param.maximum, number > maximum {
            throw DescriptorError(message: "its default \(fallback.json) is above its maximum")
        }
        return value
    }

    /// `value` as a value of `kind`: an integer serves for a FLOAT, BYTES are written as base64.
    private static func fit(
        _ value: Value, of kind: Kind, called field: String
    ) throws(DescriptorError) -> Value {
        switch (kind, value) {
        case (.any, _): return value
        case (.float, .int(let integer)): return .float(Double(integer))
        case (.bytes, .string(let text)):
            if let bytes = Base64.decode(text.utf8) { return .bytes(bytes) }
        default:
            if value.kind == kind { return value }
        }
        throw DescriptorError(message: "its \(field) \(value.json) is no \(kind.name)")
    }
}
