/// A place in a text file: line and column count from 1; a column is a character (a tab is one,
/// a byte order mark none).
public struct Place: Sendable, Hashable, Comparable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (left: Place, right: Place) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One thing that is wrong with what a user wrote: place, what, why, remedy.
public struct Diagnostic: Sendable, Hashable, Error, CustomStringConvertible {
    public enum Severity: String, Sendable, Hashable {
        case error
        case warning
        case note
    }

    public var severity: Severity
    /// The file as the user named it; nil for a graph that was built in code.
    public var file: String?
    public var place: Place?
    /// What is wrong, why, and what to do, in one line.
    public var message: String

    public init(
        _ severity: Severity = .error, file: String? = nil, at place: Place? = nil,
        _ message: String
    ) {
        self.severity = severity
        self.file = file
        self.place = place
        self.message = message
    }

    /// `graph.json:5:21: error: node "rev": ...`
    public var description: String {
        var text = ""
        if let file { text += "\(file):" }
        if let place { text += "\(place.line):\(place.column):" }
        if !text.isEmpty { text += " " }
        return text + "\(severity.rawValue): \(message)"
    }
}

extension [Diagnostic] {
    /// In the order of the file; what has no place stays behind, as it came.
    package func inOrderOfPlace() -> [Diagnostic] {
        enumerated().sorted { left, right in
            switch (left.element.place, right.element.place) {
            case (let first?, let second?) where first != second: first < second
            case (.some, nil): true
            case (nil, .some): false
            default: left.offset < right.offset
            }
        }.map(\.element)
    }
}
