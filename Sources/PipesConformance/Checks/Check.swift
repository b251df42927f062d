import PipesCore

/// One thing that a plugin must keep to.
public struct Check: Sendable {
    /// What is looked at.
    public enum Scope: Sendable {
        /// The file as a whole, once.
        case plugin
        /// Each of its processors.
        case processor
    }

    /// By which `--only` names it, such as `life-cycle`.
    public let name: String
    /// What a plugin that passes has shown, in a sentence.
    public let proves: String
    /// Where the contract says so.
    public let source: String
    public let scope: Scope
    /// Its inputs depend on the seed.
    public let isRandom: Bool
    /// It is about what becomes of rows: one of which all fail has shown nothing.
    let isOfRows: Bool

    /// Which misuse of the host counts here; each kind has a check of its own, so that one mistake
    /// is not told by all of them.
    let rules: Set<Misuse.Rule>
    /// Its process ends as that of a graph does, with what the plugin left to run then.
    let endsNormally: Bool
    let applies: @Sendable (ProcessorDescription) -> Bool
    let run: @Sendable (CheckContext) throws -> Void

    init(
        _ name: String, proves: String, source: String, scope: Scope = .processor,
        isRandom: Bool = false, isOfRows: Bool = true, rules: Set<Misuse.Rule> = [],
        endsNormally: Bool = false,
        applies: @escaping @Sendable (ProcessorDescription) -> Bool = { _ in true },
        run: @escaping @Sendable (CheckContext) throws -> Void
    ) {
        self.name = name
        self.proves = proves
        self.source = source
        self.scope = scope
        self.isRandom = isRandom
        self.isOfRows = isOfRows && scope == .processor
        self.rules = rules
        self.endsNormally = endsNormally
        self.applies = applies
        self.run = run
    }

    /// All there are, in the order in which they are made and shown.
    public static let all: [Check] =
        FileChecks.all + LifeChecks.all + AnswerChecks.all + MemoryChecks.all + PromiseChecks.all

    static let everyRule: Set<Misuse.Rule> = [.status, .emit, .value, .call, .deferral]
}
