import CPipes
import PipesCore

/// The kinds that a processor's input ports want, checked for each row: what the graph's checks
/// can't know (an output of any kind, a NULL) must not reach code that trusts its input.
struct RowKinds {
    /// By column; nil where the port takes all.
    private let wanted: [Kind?]
    private let names: [String]
    private let nullIsAllowed: Bool
    let checksAnything: Bool

    init(_ ports: [ProcessorDescription.Port]?, onMissing: NodeProperties.OnMissing) {
        let ports = ports ?? []
        wanted = ports.map { $0.kind == .any ? nil : $0.kind }
        names = ports.map(\.name)
        nullIsAllowed = onMissing == .null
        checksAnything = wanted.contains { $0 != nil }
    }

    /// Whether all rows of a storage are as they should be without a look at each.
    func accepts(_ rows: RowStorage) -> Bool {
        guard checksAnything else { return true }
        guard rows.width == 1, let known = rows.knownKind else { return false }
        return wanted.first == known
    }

    /// How many of the first rows are as they should be.
    func soundPrefix(
        _ rows: UnsafePointer<pipes_value>, count: Int, width: Int
    ) -> Int {
        guard checksAnything else { return count }
        if width == 1, let kind = wanted.first ?? nil {
            let raw = kind.rawValue
            for row in 0..<count where rows[row].kind != raw {
                if rows[row].kind != 0 || !nullIsAllowed { return row }
            }
            return count
        }
        for row in 0..<count where flaw(rows + row * width, width: width) != nil { return row }
        return count
    }

    /// What is wrong with a row, or nil.
    func flaw(_ row: UnsafePointer<pipes_value>, width: Int) -> String? {
        for column in 0..<min(width, wanted.count) {
            guard let kind = wanted[column], row[column].kind != kind.rawValue else { continue }
            if row[column].kind == 0, nullIsAllowed { continue }
            let actual = Kind(rawValue: row[column].kind)?.name ?? "kind \(row[column].kind)"
            return "input \"\(names[column])\" wants \(kind.name), the row has \(actual)"
        }
        return nil
    }
}
