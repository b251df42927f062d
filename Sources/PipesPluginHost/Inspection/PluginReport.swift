public import PipesCore

/// What can be said of one file in a plugins folder: the plugin inside, or why it can't be used.
public struct PluginReport: Sendable, Hashable {
    /// By which a coro names it.
    public var name: String
    public var version: String
    public var summary: String
    /// As it was found.
    public var file: String
    /// What it was made with; nil for C.
    public var toolchain: String?
    /// Empty for a broken one.
    public var processors: [ProcessorDescription]
    /// Why it can't be used, such as `signal 11 while loading`; nil where it can.
    public var broken: String?
    /// It crashed, hung or ended the process while it was loaded, or when the process ended with it
    /// loaded: it must not be loaded into one that is to live on, or to end well.
    public var isDangerous = false
    /// Files of the same plugin in later folders, which are never loaded.
    public var hides: [String] = []

    public init(
        name: String, version: String = "", summary: String = "", file: String,
        toolchain: String? = nil, processors: [ProcessorDescription] = [], broken: String? = nil
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.file = file
        self.toolchain = toolchain
        self.processors = processors
        self.broken = broken
    }

    init(_ plugin: LoadedPlugin) {
        self.init(
            name: plugin.name, version: plugin.version, summary: plugin.summary, file: plugin.file,
            toolchain: plugin.toolchain, processors: plugin.processors.map(\.description))
    }

    static func broken(
        _ file: String, _ reason: String, isDangerous: Bool = false
    ) -> PluginReport {
        var report = PluginReport(
            name: PluginFolders.pluginNames(of: file).first ?? file, file: file, broken: reason)
        report.isDangerous = isDangerous
        return report
    }

    /// The whole report, as a MAP: what `inspect --json` prints.
    public var value: Value {
        .map(
            [
                .init("name", .string(name)), .init("version", .string(version)),
                .init("summary", .string(summary)), .init("file", .string(file)),
                .init("toolchain", toolchain.map { .string($0) } ?? .null),
                .init("processors", .list(processors.map(\.report))),
                .init("broken", broken.map { .string($0) } ?? .null),
            ] + (isDangerous ? [.init("dangerous", .bool(true))] : []) + hidden)
    }

    /// A pair for `hides`, where there are any.
    package var hidden: [Value.Pair] {
        hides.isEmpty ? [] : [.init("hides", .list(hides.map { .string($0) }))]
    }

    /// Reads what `value` gives.
    ///
    /// - Throws: where a field is missing or of another kind.
    public init(_ value: Value) throws(ReportError) {
        let fields = try ReportFields(value)
        self.init(
            name: try fields.string("name"), version: try fields.string("version"),
            summary: try fields.string("summary"), file: try fields.string("file"),
            toolchain: try fields.stringOrNull("toolchain"),
            broken: try fields.stringOrNull("broken"))
        isDangerous = fields["dangerous"] == .bool(true)
        for processor in try fields.list("processors") {
            processors.append(try ProcessorDescription(report: processor))
        }
    }
}

/// A report that does not have the form of one.
public struct ReportError: Error, Sendable, Hashable {
    public var message: String
}

/// The fields of a MAP.
struct ReportFields {
    private let fields: [String: Value]

    init(_ value: Value) throws(ReportError) {
        guard case .map(let pairs) = value else {
            throw ReportError(message: "a \(value.kind.name) in place of a MAP")
        }
        fields = Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    subscript(_ name: String) -> Value { fields[name] ?? .null }

    func string(_ name: String) throws(ReportError) -> String {
        guard case .string(let text) = self[name] else { throw wrong(name) }
        return text
    }

    func stringOrNull(_ name: String) throws(ReportError) -> String? {
        self[name] == .null ? nil : try string(name)
    }

    func list(_ name: String) throws(ReportError) -> [Value] {
        guard case .list(let values) = self[name] else { throw wrong(name) }
        return values
    }

    func bool(_ name: String) throws(ReportError) -> Bool {
        guard case .bool(let truth) = self[name] else { throw wrong(name) }
        return truth
    }

    func numberOrNull(_ name: String) throws(ReportError) -> Double? {
        switch self[name] {
        case .null: return nil
        case .int(let integer): return Double(integer)
        case .float(let real): return real
        default: throw wrong(name)
        }
    }

    func wrong(_ name: String) -> ReportError {
        ReportError(message: "\"\(name)\" can't be \(self[name].kind.name)")
    }
}
