/// Tells names that compilers make, which an author can't well hide, from those of C.
enum CompilerName {
    static func isOne(_ name: String) -> Bool {
        // No name of C has a space: `symbolic Si`, `get_type_metadata Si...` and others of Swift.
        name.contains(" ")
            || prefixes.contains { name.hasPrefix($0) } || whole.contains(name)
            || name.hasPrefix("_Z") && isOfCPlusPlus(name.dropFirst(2))
            || name.hasPrefix("_R") && isOfRust(name.dropFirst(2))
    }

    /// Of Swift, linkers and Rust; what begins with two underscores is nobody else's.
    private static let prefixes = [
        "$s", "_$s", "$S", "$e", "__swift", "_swift_FORCE_LOAD", "__start_", "__stop_", "__rust",
        "__rdl",
    ]
    private static let whole = ["rust_eh_personality", "rust_begin_unwind"]

    /// What stands behind `_Z`: a name, the table of a type, or an operator (Itanium C++ ABI,
    /// "Mangling").
    private static func isOfCPlusPlus(_ rest: Substring) -> Bool {
        let start = rest.prefix(2)
        guard let first = start.first, start.count == 2 else { return false }
        switch first {
        case "N": return rest.contains(where: \.isNumber) || rest.contains("S")
        // Inside of a function.
        case "Z": return isOfCPlusPlus(rest.dropFirst())
        case "0"..."9": return true
        case "S": return "absiodtz".contains(start.last ?? " ") && rest.contains(where: \.isNumber)
        case "T": return "VTISChvcFHJWA".contains(start.last ?? " ") && rest.count > 2
        case "G": return "VRAT".contains(start.last ?? " ") && rest.count > 2
        case "L": return start.last?.isNumber == true
        default: return operators.contains(String(start)) && rest.count > 2
        }
    }

    private static let operators = [
        "nw", "na", "dl", "da", "ps", "ng", "ad", "de", "co", "pl", "mi", "ml", "dv", "rm", "an",
        "or", "eo", "aS", "pL", "mI", "mL", "dV", "rM", "aN", "oR", "eO", "ls", "rs", "lS", "rS",
        "eq", "ne", "lt", "gt", "le", "ge", "ss", "nt", "aa", "oo", "pp", "mm", "cm", "pm", "pt",
        "cl", "ix", "cv", "li", "aw",
    ]

    /// What stands behind `_R`: a path that ends in a crate, `C` with a length somewhere (Rust,
    /// RFC 2603).
    private static func isOfRust(_ rest: Substring) -> Bool {
        guard let first = rest.first, "MXYNI".contains(first),
            let crate = rest.firstIndex(of: "C")
        else { return false }
        return rest[crate...].contains(where: \.isNumber)
    }
}
