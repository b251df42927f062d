public import PipesCore
import PipesJSON

extension ProcessorDescription {
    /// All that a description says, as a MAP. A param without a default is `required`; `inputs`
    /// is null where any number of any kind is taken; `holds` is null, a number of rows, the name
    /// of a param or "all".
    public var report: Value {
        .map([
            .init("name", .string(name)), .init("summary", .string(summary)),
            .init("shape", .string(shape.word)), .init("rate", .string(rate.word)),
            .init("flags", .list(flags.words.map { .string($0) })),
            .init("params", .list(params.map(\.report))),
            .init("inputs", inputs.map { .list($0.map(\.report)) } ?? .null),
            .init("outputs", .list(outputs.map(\.report))),
            .init("holds", holds.report),
        ])
    }

    /// Reads what `report` gives.
    package init(report: Value) throws(ReportError) {
        let fields = try ReportFields(report)
        guard let shape = Shape.allWords[try fields.string("shape")] else {
            throw fields.wrong("shape")
        }
        guard let rate = Rate.allWords[try fields.string("rate")] else {
            throw fields.wrong("rate")
        }
        self.init(
            name: try fields.string("name"), summary: try fields.string("summary"), shape: shape,
            rate: rate, inputs: nil, outputs: [])
        for flag in try fields.list("flags") {
            guard case .string(let word) = flag, let flag = Flags.allWords[word] else {
                throw fields.wrong("flags")
            }
            flags.insert(flag)
        }
        for param in try fields.list("params") { params.append(try Param(report: param)) }
        for port in try fields.list("outputs") { outputs.append(try Port(report: port)) }
        if fields["inputs"] != .null {
            var ports: [Port] = []
            for port in try fields.list("inputs") { ports.append(try Port(report: port)) }
            inputs = ports
        }
        switch fields["holds"] {
        case .null: holds = .none
        case .int(let rows): holds = .rows(Int(clamping: rows))
        case .string("all"): holds = .all
        case .string(let param): holds = .param(param)
        default: throw fields.wrong("holds")
        }
    }
}

extension ProcessorDescription.Shape {
    fileprivate static let allWords: [String: Self] = [
        "produce": .produce, "map": .map, "process": .process,
    ]

    /// The name of the descriptor's field.
    public var word: String {
        switch self {
        case .produce: "produce"
        case .map: "map"
        case .process: "process"
        }
    }
}

extension ProcessorDescription.Rate {
    fileprivate static let allWords: [String: Self] = [
        "keeps": .keeps, "splits": .splits, "aggregates": .aggregates,
    ]

    public var word: String {
        switch self {
        case .keeps: "keeps"
        case .splits: "splits"
        case .aggregates: "aggregates"
        }
    }
}

extension ProcessorDescription.Holds {
    fileprivate var report: Value {
        switch self {
        case .none: .null
        case .rows(let rows): .int(Int64(rows))
        case .param(let name): .string(name)
        case .all: .string("all")
        }
    }
}

extension ProcessorDescription.Flags {
    private static let named: [(word: String, flag: Self)] = [
        ("concurrent", .concurrent), ("nonblocking", .nonblocking), ("defers", .defers),
        ("pure", .pure), ("sink", .sink),
    ]

    fileprivate static let allWords = Dictionary(
        uniqueKeysWithValues: named.map { ($0.word, $0.flag) })

    /// The set flags, by the names that pipes.h gives them, in lower case.
    public var words: [String] {
        Self.named.filter { contains($0.flag) }.map(\.word)
    }
}

extension Kind {
    fileprivate init(report fields: ReportFields) throws(ReportError) {
        let name = try fields.string("kind")
        guard let kind = Kind.allCases.first(where: { $0.name == name }) else {
            throw fields.wrong("kind")
        }
        self = kind
    }
}

extension ProcessorDescription.Port {
    fileprivate var report: Value {
        .map([
            .init("name", .string(name)), .init("kind", .string(kind.name)),
            .init("help", .string(help)),
        ])
    }

    fileprivate init(report: Value) throws(ReportError) {
        let fields = try ReportFields(report)
        self.init(
            name: try fields.string("name"), kind: try Kind(report: fields),
            help: try fields.string("help"))
    }
}

extension ProcessorDescription.Param {
    fileprivate var report: Value {
        var pairs: [Value.Pair] = [
            .init("name", .string(name)), .init("kind", .string(kind.name)),
            .init("help", .string(help)), .init("required", .bool(fallback == nil)),
        ]
        if let fallback { pairs.append(.init("default", fallback.asArg)) }
        if let choices { pairs.append(.init("choices", .list(choices.map(\.asArg)))) }
        if let minimum { pairs.append(.init("minimum", number(minimum))) }
        if let maximum { pairs.append(.init("maximum", number(maximum))) }
        return .map(pairs)
    }

    private func number(_ number: Double) -> Value {
        if kind == .int, let integer = Int64(exactly: number) { return .int(integer) }
        return .float(number)
    }

    fileprivate init(report: Value) throws(ReportError) {
        let fields = try ReportFields(report)
        self.init(
            name: try fields.string("name"), kind: try Kind(report: fields),
            help: try fields.string("help"))
        if !(try fields.bool("required")) { fallback = decoded(fields["default"]) }
        if fields["choices"] != .null {
            choices = try fields.list("choices").map { decoded($0) }
        }
        minimum = try fields.numberOrNull("minimum")
        maximum = try fields.numberOrNull("maximum")
    }

    /// BYTES travel as base64.
    private func decoded(_ value: Value) -> Value {
        guard kind == .bytes, case .string(let text) = value,
            let bytes = Base64.decode(text.utf8)
        else { return value }
        return .bytes(bytes)
    }
}
