import PipesJSON

/// Strings that take parts of themselves from the process environment: `${NAME}` and
/// `${NAME:-default}`; `$${` stands for a literal `${`.
struct EnvironmentText {
    /// With all of it filled in.
    private(set) var text = ""
    /// What is wrong with it.
    private(set) var errors: [String] = []
    /// Where it is from, if it is one reference and nothing else.
    private(set) var variable: EnvironmentVariable?

    /// As in a shell, the default stands in for a variable that is empty too.
    init(_ text: String, environment: [String: String]) {
        guard text.utf8.contains(Self.dollar) else {
            self.text = text
            return
        }
        var rest = text.utf8[...]
        var expanded: [UInt8] = []
        while let next = rest.firstIndex(of: Self.dollar) {
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
                switch Self.value(of: Substring(rest[..<end].dropFirst(2)), environment) {
                case .success(let reference):
                    expanded.append(contentsOf: reference.text.utf8)
                    let isAll =
                        next == text.startIndex && text.utf8.index(after: end) == text.endIndex
                    if isAll { variable = reference }
                case .failure(let error): errors.append(error.message)
                }
                rest = rest[end...].dropFirst()
            } else {
                expanded.append(Self.dollar)
                rest = rest.dropFirst()
            }
        }
        expanded.append(contentsOf: rest)
        self.text = String(decoding: expanded, as: UTF8.self)
    }

    private struct ReferenceError: Error {
        var message: String
    }

    private static let dollar = UInt8(ascii: "$")

    /// - Parameter reference: what stands between the braces.
    private static func value(
        of reference: Substring, _ environment: [String: String]
    ) -> Result<EnvironmentVariable, ReferenceError> {
        let name = reference.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        // Not by characters: with an accent that follows it "-" would be another one.
        let rest = reference.unicodeScalars[name.endIndex...]
        guard let first = name.first, !first.isNumber,
            rest.isEmpty || rest.starts(with: ":-".unicodeScalars)
        else {
            let written = "${\(reference)}".quoted
            return .failure(
                ReferenceError(
                    message: "\(written) names no variable; there are ${NAME} and "
                        + "${NAME:-default}, and a literal \"${\" is written \"$${\""))
        }
        let value = environment[String(name)]
        if let value, !value.isText {
            return .failure(
                ReferenceError(
                    message: "the environment variable \(name) is not UTF-8, and the texts of a "
                        + "graph are: it is \(value.quoted)"))
        }
        if rest.isEmpty {
            guard let value else {
                return .failure(
                    ReferenceError(
                        message: "the environment variable \(name) is not set; set it, or give "
                            + "a default: ${\(name):-default}"))
            }
            return .success(EnvironmentVariable(name: String(name), text: value))
        }
        if let value, !value.isEmpty {
            return .success(EnvironmentVariable(name: String(name), text: value))
        }
        return .success(
            EnvironmentVariable(
                name: String(name), text: String(rest.dropFirst(2)), isDefault: true))
    }
}

/// A variable of the process environment that makes up all of a string, which then may be read as
/// something else than text: `"${NAME}"` or `"${NAME:-default}"`.
public struct EnvironmentVariable: Sendable, Hashable {
    public var name: String
    /// Its value, or the default in the file.
    public var text: String
    /// Whether the text is the default, since the variable is not set or empty.
    public var isDefault: Bool

    public init(name: String, text: String, isDefault: Bool = false) {
        self.name = name
        self.text = text
        self.isDefault = isDefault
    }

    /// The text read as JSON; nil where it is not JSON.
    var json: Value? { try? Value(json: Array(text.utf8)) }

    /// For messages: `the environment variable END is "x"`.
    var words: String {
        isDefault
            ? "the default of the environment variable \(name), which has no value, is \(text.quoted)"
            : "the environment variable \(name) is \(text.quoted)"
    }
}
