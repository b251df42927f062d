/// Strings that take parts of themselves from the process environment: `${NAME}` and
/// `${NAME:-default}`; `$${` stands for a literal `${`.
enum EnvironmentText {
    /// - Returns: the text with all of it filled in, or what is wrong with it. As in a shell, the
    ///   default stands in for a variable that is empty too.
    static func expand(
        _ text: String, environment: [String: String]
    ) -> (text: String, errors: [String]) {
        guard text.utf8.contains(dollar) else { return (text, []) }
        var rest = text.utf8[...]
        var expanded: [UInt8] = []
        var errors: [String] = []
        while let next = rest.firstIndex(of: dollar) {
            expanded.append(contentsOf: rest[..<next])
            rest = rest[next...]
            if rest.starts(with: "$${".utf8) {
                expanded.append(contentsOf: "${".utf8)
                rest = rest.dropFirst(3)
            } else if rest.starts(with: "${".utf8) {
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    errors.append("\"${\" without its \"}\"; a literal one is written \"$${\"")
                    break
                }
                switch value(of: Substring(rest[..<end].dropFirst(2)), environment) {
                case .success(let value): expanded.append(contentsOf: value.utf8)
                case .failure(let error): errors.append(error.message)
                }
                rest = rest[end...].dropFirst()
            } else {
                expanded.append(dollar)
                rest = rest.dropFirst()
            }
        }
        expanded.append(contentsOf: rest)
        return (String(decoding: expanded, as: UTF8.self), errors)
    }

    private struct ReferenceError: Error {
        var message: String
    }

    private static let dollar = UInt8(ascii: "$")

    /// - Parameter reference: what stands between the braces.
    private static func value(
        of reference: Substring, _ environment: [String: String]
    ) -> Result<String, ReferenceError> {
        let name = reference.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        let rest = reference[name.endIndex...]
        guard let first = name.first, !first.isNumber, rest.isEmpty || rest.hasPrefix(":-") else {
            let written = "${\(reference)}".quoted
            return .failure(
                ReferenceError(
                    message: "\(written) names no variable; there are ${NAME} and "
                        + "${NAME:-default}, and a literal \"${\" is written \"$${\""))
        }
        let value = environment[String(name)]
        if rest.isEmpty {
            guard let value else {
                return .failure(
                    ReferenceError(
                        message: "the environment variable \(name) is not set; set it, or give "
                            + "a default: ${\(name):-default}"))
            }
            return .success(value)
        }
        if let value, !value.isEmpty { return .success(value) }
        return .success(String(rest.dropFirst(2)))
    }
}
