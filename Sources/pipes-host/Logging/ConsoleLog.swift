import Logging

/// Log messages on standard error, in the form of all other messages of the host: a level, then
/// the text, then what it is about.
struct ConsoleLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(level: Logger.Level) {
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var about = metadata
        if let provided = metadataProvider?.get() { about.merge(provided) { $1 } }
        if let own = event.metadata { about.merge(own) { $1 } }
        let details = about.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        var line = "\(event.level): \(event.message)"
        if !details.isEmpty { line += " (\(details.joined(separator: ", ")))" }
        // A plugin's text is not to move the cursor, or to look like lines of the host.
        Console.error.print(line.printable)
    }
}
