import ArgumentParser
import PipesCore

/// `--set NODE.ARG=VALUE`: an arg of a node, in place of what the graph file says.
struct ArgSetting: ExpressibleByArgument, Sendable {
    var node: String
    var arg: String
    var text: String

    /// As the user wrote it, for messages.
    var option: String { "--set \(node).\(arg)=\(text)" }

    /// The text up to the first `=` is split at its last dot: a node's name may hold dots.
    init?(argument: String) {
        // Not by characters: with an accent that follows it "=" would be another one.
        let scalars = argument.unicodeScalars
        guard let equals = scalars.firstIndex(of: "="),
            let dot = scalars[..<equals].lastIndex(of: "."), dot > scalars.startIndex,
            scalars.index(after: dot) < equals
        else { return nil }
        node = String(scalars[..<dot])
        arg = String(scalars[scalars.index(after: dot)..<equals])
        text = String(scalars[scalars.index(after: equals)...])
    }
}

/// `--env NAME=VALUE`: a value that every processor can read.
struct EnvSetting: ExpressibleByArgument, Sendable {
    var name: String
    var text: String

    /// As the user wrote it, for messages.
    var option: String { "--env \(name)=\(text)" }

    init?(argument: String) {
        let scalars = argument.unicodeScalars
        guard let equals = scalars.firstIndex(of: "="), equals > scalars.startIndex else {
            return nil
        }
        name = String(scalars[..<equals])
        text = String(scalars[scalars.index(after: equals)...])
    }
}

/// A time such as `25s`, `500ms`, `1.5m` or `1h`.
struct TimeSpan: ExpressibleByArgument, Sendable {
    var duration: Duration
    let defaultValueDescription: String

    static func seconds(_ count: Int) -> TimeSpan {
        TimeSpan(duration: .seconds(count), defaultValueDescription: "\(count)s")
    }

    private init(duration: Duration, defaultValueDescription: String) {
        self.duration = duration
        self.defaultValueDescription = defaultValueDescription
    }

    init?(argument: String) {
        guard let duration = DurationText.parse(argument) else { return nil }
        self.init(duration: duration, defaultValueDescription: argument)
    }
}
